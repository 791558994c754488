using LguestPS.Errors;

namespace LguestPS.Hypercalls;

/// <summary>Acts on the pending hypercall, one call at a time: the ring's entries first, then the call itself, which it clears.</summary>
internal class HypercallExecutor(Guest guest)
{
    public const uint LguestInit = 1;

    private readonly HypercallHandlers handlers = new(guest);

    /// <summary>Does one call of what is pending.</summary>
    /// <exception cref="GuestKilledException">The call broke a rule.</exception>
    public virtual void RunNext()
    {
        Hypercall direct = guest.PendingHypercall!;
        guest.Recording?.NoteCall(direct.Number);
        if (!guest.Data.IsInitialised)
        {
            if (direct.Number != LguestInit) throw new GuestKilledException($"hypercall {direct.Number} before LGUEST_INIT");
        }
        else if (guest.Ring.Next(guest.Abi, direct) is { } entry)
        {
            guest.Recording?.NoteCall(entry.Number);
            guest.Ring.Advance();
            uint? discarded = Do(entry);
            if (!guest.HasEnded) guest.Ring.MarkDone(entry.Slot!.Value);
            // The launcher must serve it first; what is left of the ring waits for the drain that follows.
            if (guest.PendingDma is not null) guest.Ring.Interrupt();
            guest.Events.Done(entry, discarded);
            return;
        }

        uint? result = Do(direct);
        if (result is { } value) guest.Cpu.Registers.Eax = value;
        guest.PendingHypercall = null;
        guest.Ring.EndDrain();
        guest.Events.Done(direct, result);
    }

    /// <summary>Moves past the next call of what is pending as if it had been done.</summary>
    /// <param name="result">What a direct call leaves in eax; null to leave that alone.</param>
    public void SkipNext(uint? result)
    {
        if (guest.Ring.Next(guest.Abi, guest.PendingHypercall!) is { } entry)
        {
            guest.Ring.Advance();
            guest.Ring.MarkDone(entry.Slot!.Value);
            return;
        }

        if (result is { } value) guest.Cpu.Registers.Eax = value;
        guest.PendingHypercall = null;
        guest.Ring.EndDrain();
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
            guest.End(EndingKind.Killed, killed.Message);
            return null;
        }
    }

    protected uint? Do(Hypercall call)
    {
        if (call.Definition?.Handler is not { } handler) throw new GuestKilledException($"Bad hypercall {call.Number}");
        return handler(handlers, call);
    }
}
