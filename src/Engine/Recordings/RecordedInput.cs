namespace LguestPS.Recordings;

/// <summary>What came into a guest from outside: that, and where in its run, makes the run what it was.</summary>
/// <param name="At">The place, which is one where input may enter.</param>
/// <param name="Device">Place of the device that handed it over, in the order of the slots.</param>
/// <param name="Bytes">What the guest got.</param>
internal sealed record RecordedInput(RunPosition At, int Device, byte[] Bytes)
{
    /// <summary>More bytes than any device hands over at once: the most are all that waits for a console.</summary>
    public const int Longest = Devices.ConsoleInput.MostWaiting;
}
