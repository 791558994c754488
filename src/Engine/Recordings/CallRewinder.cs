using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Inspection;
using LguestPS.Run;

namespace LguestPS.Recordings;

/// <summary>Takes a guest back by instructions of the function it is in, over what that has called, or to the call that led into it.</summary>
internal sealed class CallRewinder(Guest guest, RunLoop loop, Recording recording, StepBackOptions options, CancellationToken stop)
{
    private const int ShortestCall = 2;
    private const int LongestCall = 7;
    private const int MostCallers = 16;
    private const int UserRing = 3;

    private readonly Mover mover = new(guest, loop, recording, options.Pulse, stop);

    /// <summary>Goes as far back as the options say.</summary>
    /// <returns>False if the recording does not go back that far: the guest stands where it begins.</returns>
    /// <exception cref="OperationCanceledException">The guest stands somewhere on the way.</exception>
    public bool Go()
    {
        for (int left = options.Count; left > 0; left--)
            if (!(options.Unit == StepUnit.Over ? GoOver() : GoOut())) return false;
        return true;
    }

    private bool GoOver()
    {
        while (true)
        {
            GuestRegisters here = guest.Cpu.Registers;
            if (!GoBackOne()) return false;
            Instruction last = NextInstruction.Of(guest);
            if (last.FlowControl != FlowControl.Return) return true;

            // Something came back here: from a call, or from a handler.
            RunPosition before = GuestPosition.Of(guest);
            if (last.Mnemonic is Mnemonic.Iret or Mnemonic.Iretd)
            {
                if (Rewind(StepUnit.Any, condition: IsEntry(here.Eip, here.Esp, here.PrivilegeLevel))) continue;
            }
            else
            {
                uint popped = last.OpCount > 0 ? last.Immediate16 : 0u;
                if (Rewind(StepUnit.Address, CallsBefore(here.Eip), IsCall([(here.Eip, here.Esp - popped)]))) return true;
            }
            // It did not begin with either, as where the kernel switches tasks.
            mover.Reach(before);
            return true;
        }
    }

    private bool GoOut()
    {
        IReadOnlyList<CallStackFrame> callers = [.. new CallStack(guest, MostCallers).Frames().Skip(1)];
        if (callers.FirstOrDefault() is not { } caller) return GoToStart();
        if (caller.Origin == FrameOrigin.TrapFrame)
            return Rewind(StepUnit.Any, condition: IsEntry(caller.Eip, caller.StackAddress + 12, caller.PrivilegeLevel)) || GoToStart();
        // Where frames were found by their looks, the newest call of those is the one.
        CallStackFrame[] likely = [.. callers.TakeWhile(frame => frame.Origin == caller.Origin || frame.Origin == FrameOrigin.Scan).Where(frame => frame.Origin != FrameOrigin.TrapFrame)];
        if (caller.Origin == FrameOrigin.FramePointer) likely = [caller];
        return Rewind(StepUnit.Address, [.. likely.SelectMany(frame => CallsBefore(frame.Eip))], IsCall([.. likely.Select(frame => (frame.Eip, frame.StackAddress!.Value + 4))])) || GoToStart();
    }

    /// <summary>To before the last instruction, with nothing pending.</summary>
    private bool GoBackOne() => Rewind(StepUnit.Instruction, condition: here => Pending.First(here) is null);

    private bool Rewind(StepUnit unit, IReadOnlyList<WatchRange>? addresses = null, Func<Guest, bool>? condition = null) =>
        new Rewinder(guest, loop, recording, options with { Unit = unit, Count = 1, Addresses = addresses, Condition = condition }, stop).Go();

    private bool GoToStart()
    {
        mover.Reach(recording.Shelf.Start.At);
        return false;
    }

    /// <summary>Whether a trap or interrupt is about to be taken that comes back to a place.</summary>
    private static Func<Guest, bool> IsEntry(uint eip, uint? esp, int ring) => guest =>
        (guest.PendingTrap is not null || guest.PendingInterrupt is not null)
        && guest.Cpu.Registers is var registers && registers.Eip == eip && registers.PrivilegeLevel == ring && (ring == UserRing || registers.Esp == esp);

    /// <summary>Whether a call is next that comes back to one of these places, with that stack pointer before it.</summary>
    private static Func<Guest, bool> IsCall((uint Eip, uint Esp)[] places) => guest =>
    {
        if (Pending.First(guest) is not null) return false;
        Instruction next = NextInstruction.Of(guest);
        return next.FlowControl is FlowControl.Call or FlowControl.IndirectCall && places.Contains((next.NextIP32, guest.Cpu.Registers.Esp));
    };

    /// <summary>Where a call can be that comes back to an address.</summary>
    private static WatchRange[] CallsBefore(uint eip) => [new WatchRange(eip - LongestCall, LongestCall - ShortestCall + 1, MemoryAccess.Execute)];
}
