using LguestPS.Events;

namespace LguestPS.Tests.Virtio;

/// <summary>A tape that remembers what came in and gives it again, whatever the place.</summary>
internal sealed class FakeTape : ITape
{
    private readonly List<(int Device, byte[] Bytes)> inputs = [];
    private int next;

    public bool KeepsEvents => false;

    public bool IsInPast { get; private set; }

    public IReadOnlyList<(int Device, byte[] Bytes)> Inputs => inputs;

    /// <summary>From here on everything comes again.</summary>
    public void Rewind() => (IsInPast, next) = (true, 0);

    public byte[]? InputAgain(int device, bool isTyped)
    {
        if (!IsInPast || next == inputs.Count || inputs[next].Device != device) return null;
        return inputs[next++].Bytes;
    }

    public void NoteInput(int device, byte[] bytes)
    {
        Xunit.Assert.False(IsInPast);
        inputs.Add((device, bytes));
    }

    public void NoteCall(uint number)
    {
    }

    public void NoteEvent(LguestEvent happened)
    {
    }

    public void AtInput()
    {
    }

    public LguestException Diverged(string how) => new(LguestError.ReplayDiverged, how);
}
