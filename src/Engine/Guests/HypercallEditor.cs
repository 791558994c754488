using LguestPS.Hypercalls;

namespace LguestPS;

/// <summary>Changes what a standing guest asks of its host: the arguments of the next call, whether it is done at all, and one more call in between.</summary>
/// <remarks>Each change is an <see cref="InterventionEvent"/> of its own, so that a trace never lies. That is possible while the guest is not being driven, and in the action of a breakpoint.</remarks>
public sealed class HypercallEditor
{
    private readonly Guest guest;

    internal HypercallEditor(Guest guest) => this.guest = guest;

    /// <summary>Replaces arguments of the next call (<see cref="Guest.NextCall"/>).</summary>
    /// <param name="by">Who does it, for the event.</param>
    /// <param name="arguments">Which of its arguments (index 0 to 3) get which words; the others stay.</param>
    /// <returns>The call as it will be done.</returns>
    /// <remarks>The guest's registers are left alone: its kernel counts on finding them unchanged after the call.</remarks>
    /// <exception cref="LguestException">GuestBusy, GuestEnded, NoPendingHypercall; HypercallRefused: the call has no such argument.</exception>
    public Hypercall Set(string by, IReadOnlyList<ArgumentMatch> arguments)
    {
        Hypercall changed = null!;
        guest.Intervene(InterventionOperation.SetHypercall, by, () =>
        {
            Hypercall call = Next();
            foreach (ArgumentMatch argument in arguments)
            {
                if (argument.Index >= call.Arguments.Length)
                    throw Refused($"{call.Name} has {call.Arguments.Length} arguments, so none with number {argument.Index}");
            }
            changed = call.With(arguments);
            if (call.Slot is { } slot) guest.Ring.Replace(guest.Abi, slot, changed);
            else guest.Machine.Pending.Call = changed;
            return new Intervention($"{call}", Result: null,
                [.. arguments.Select(argument => new InterventionChange($"{call.Name}.{argument.Name}", null, Bytes(call[argument.Index]), Bytes(argument.Value)))]);
        });
        return changed;
    }

    /// <summary>Lets the guest believe that the next call was done.</summary>
    /// <param name="by">Who does it, for the event.</param>
    /// <param name="result">What the guest finds in eax; null to leave eax alone. That of a ring entry is not returned.</param>
    /// <exception cref="LguestException">GuestBusy, GuestEnded, NoPendingHypercall; HypercallRefused: it is LGUEST_INIT, without which no other call is possible.</exception>
    public void Skip(string by, uint? result) => guest.Intervene(InterventionOperation.SkipHypercall, by, () =>
    {
        Hypercall call = Next();
        if (!guest.Data.IsInitialised) throw Refused($"{call.Name} cannot be skipped: without LGUEST_INIT the host knows nothing of the guest, and every other call ends it");
        guest.Executor.SkipNext(result);
        guest.Interceptor.PassedCall();
        guest.StandsElsewhere();
        return new Intervention($"{call}", call.Slot is null ? result : null, []);
    });

    /// <summary>Does one more call, here and now, in the guest's name.</summary>
    /// <param name="by">Who does it, for the event.</param>
    /// <param name="number">Its number in the guest's ABI profile.</param>
    /// <param name="arguments">Its arguments, in ABI order; missing ones are 0.</param>
    /// <returns>Its result; null if it has none. The guest's registers stay as they are.</returns>
    /// <remarks>A call that breaks the ABI's rules ends the guest, as it would if the guest had made it.</remarks>
    /// <exception cref="LguestException">GuestBusy, GuestEnded; HypercallRefused: before LGUEST_INIT, LGUEST_INIT itself, an unknown number, too many arguments, or a second DMA while one is pending.</exception>
    public uint? Invoke(string by, uint number, params ReadOnlySpan<uint> arguments)
    {
        uint[] words = new uint[Hypercall.MostArguments];
        if (arguments.Length > words.Length) throw Refused($"a hypercall has at most {words.Length} arguments");
        arguments.CopyTo(words);
        int given = arguments.Length;
        uint? result = null;
        guest.Intervene(InterventionOperation.InvokeHypercall, by, () =>
        {
            HypercallDefinition? definition = guest.Abi.FindCall(number);
            if (definition?.Handler is null) throw Refused($"ABI profile '{guest.Abi.Name}' has no hypercall {number}");
            if (!guest.Data.IsInitialised) throw Refused($"{definition.Name} is not possible before the guest's own LGUEST_INIT");
            if (number == HypercallExecutor.LguestInit) throw Refused("a second LGUEST_INIT would end the guest");
            if (given > definition.ArgumentCount) throw Refused($"{definition.Name} has {definition.ArgumentCount} arguments, not {given}");
            if (guest.Machine.Pending.Transfer is { } transfer) throw Refused($"{transfer.Words} is pending; let it be served first");

            Hypercall call = new(definition, number, (words[0], words[1], words[2], words[3]), slot: null, guest.Cpu.Registers.Eip, guest.Machine.Symbols);
            result = guest.Executor.Invoke(call);
            guest.StandsElsewhere();
            return new Intervention($"{call}", result, []);
        }, guest.Rebooter.Answer);
        return result;
    }

    private Hypercall Next()
    {
        if (guest.Machine.Pending.Transfer is not null || guest.PendingTrap is not null || guest.NextCall is not { } call)
            throw new LguestException(LguestError.NoPendingHypercall, $"Guest '{guest.Name}' is not stopped at a hypercall. It stands here: {guest.StateReason}.");
        return call;
    }

    private LguestException Refused(string why) => new(LguestError.HypercallRefused, $"Guest '{guest.Name}': {why}.");

    private static byte[] Bytes(uint value) => BitConverter.GetBytes(value);
}
