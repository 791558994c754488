using LguestPS.Devices;

namespace LguestPS.Guests;

/// <summary>Types into a guest's console, whoever drives the guest.</summary>
internal sealed class ConsoleTyping(Guest guest)
{
    /// <returns>False if too much waits already; then nothing was typed.</returns>
    /// <exception cref="LguestException">GuestEnded; NotSupported if the guest has no console.</exception>
    public bool TryType(ReadOnlySpan<byte> bytes)
    {
        if (!Console().Input.TryEnter(bytes)) return false;
        guest.Wake();
        return true;
    }

    /// <summary>No faster than the guest takes it.</summary>
    /// <returns>Bytes typed: all of them unless <paramref name="stop"/> came first.</returns>
    /// <exception cref="LguestException">GuestEnded, perhaps in the middle; NotSupported if the guest has no console.</exception>
    public int Type(ReadOnlySpan<byte> bytes, CancellationToken stop)
    {
        int typed = 0;
        while (typed < bytes.Length && !stop.IsCancellationRequested)
        {
            typed += Console().Input.EnterSome(bytes[typed..], stop);
            guest.Wake();
        }
        return typed;
    }

    /// <exception cref="LguestException">ConsoleFull, and then nothing was typed; and as for <see cref="TryType"/>.</exception>
    public void TypeAll(ReadOnlySpan<byte> bytes)
    {
        if (!TryType(bytes))
            throw new LguestException(LguestError.ConsoleFull, $"Guest '{guest.Name}' has too much unread console input; at most {ConsoleInput.MostWaiting} bytes can wait. Nothing of this was typed; let the guest run until it has read them.");
    }

    /// <summary>Follows the output from here on, or from the start.</summary>
    /// <exception cref="LguestException">NotSupported: the guest has no console.</exception>
    public ConsoleReader Read(bool fromStart)
    {
        ConsoleTranscript output = (guest.Devices.Console ?? throw NoConsole()).Output;
        return new ConsoleReader(output, fromStart ? 0 : output.Written);
    }

    private ConsoleFunction Console()
    {
        guest.Seat.CheckHasNotEnded("");
        return guest.Devices.Console ?? throw NoConsole();
    }

    private LguestException NoConsole() => new(LguestError.NotSupported, $"Guest '{guest.Name}' has no console; add 'console' to its devices.");
}
