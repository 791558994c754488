using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Machines;

namespace LguestPS.Hypercalls;

/// <summary>Acts on the pending hypercall, one call at a time: the ring's entries first, then the call itself, which it clears.</summary>
/// <param name="machine">Whose calls they are.</param>
/// <param name="ring">The asynchronous calls.</param>
/// <param name="devices">Does those that reach devices.</param>
/// <param name="events">Told of each call that is done.</param>
internal class HypercallExecutor(Machine machine, HypercallRing ring, IDeviceOperations devices, EventRecorder events)
{
    public const uint LguestInit = 1;

    private readonly HypercallHandlers handlers = new(machine, devices);

    /// <summary>What <see cref="RunNext"/> does next: a ring entry, or the pending call itself; null if none is pending.</summary>
    public Hypercall? Next =>
        machine.Pending.Call is { } direct ? (machine.Data.IsInitialised && ring.Peek(machine.Abi, direct) is { } entry ? entry : direct) : null;

    /// <summary>Does one call of what is pending.</summary>
    /// <exception cref="GuestKilledException">The call broke a rule.</exception>
    public virtual void RunNext()
    {
        Hypercall direct = machine.Pending.Call!;
        events.Tape?.NoteCall(direct.Number);
        if (!machine.Data.IsInitialised)
        {
            if (direct.Number != LguestInit) throw new GuestKilledException($"hypercall {direct.Number} before LGUEST_INIT");
        }
        else if (ring.Next(machine.Abi, direct) is { } entry)
        {
            events.Tape?.NoteCall(entry.Number);
            events.Resume(entry.Number);
            ring.Advance();
            uint? discarded = Do(entry);
            if (machine.Ending is null) ring.MarkDone(entry.Slot!.Value);
            // The launcher must serve it first; what is left of the ring waits for the drain that follows.
            if (machine.Pending.Transfer is not null) ring.Interrupt();
            events.Done(entry, discarded);
            return;
        }

        events.Resume(direct.Number);
        uint? result = Do(direct);
        if (result is { } value) machine.Cpu.Registers.Eax = value;
        machine.Pending.Call = null;
        ring.EndDrain();
        events.Done(direct, result);
    }

    /// <summary>Moves past the next call of what is pending as if it had been done.</summary>
    /// <param name="result">What a direct call leaves in eax; null to leave that alone.</param>
    public void SkipNext(uint? result)
    {
        if (ring.Next(machine.Abi, machine.Pending.Call!) is { } entry)
        {
            ring.Advance();
            ring.MarkDone(entry.Slot!.Value);
            return;
        }

        if (result is { } value) machine.Cpu.Registers.Eax = value;
        machine.Pending.Call = null;
        ring.EndDrain();
    }

    /// <summary>Does a call that the guest did not make. If it breaks a rule, the guest ends.</summary>
    /// <returns>Its result, or null if it has none.</returns>
    public uint? Invoke(Hypercall call)
    {
        try
        {
            return Do(call);
        }
        catch (GuestKilledException killed)
        {
            machine.End(EndingKind.Killed, killed.Message);
            return null;
        }
    }

    protected uint? Do(Hypercall call)
    {
        if (call.Definition?.Handler is not { } handler) throw new GuestKilledException($"Bad hypercall {call.Number}");
        return handler(handlers, call);
    }
}
