namespace LguestPS.Terminals;

/// <summary>The keys of a Unix's terminal.</summary>
internal sealed class UnixKeys : TerminalKeys
{
    private readonly UnixCalls calls;
    private readonly int descriptor;
    private readonly int wakeRead, wakeWrite;

    /// <param name="calls">The system's.</param>
    /// <param name="descriptor">The terminal; stays open.</param>
    public UnixKeys(UnixCalls calls, int descriptor)
    {
        this.calls = calls;
        this.descriptor = descriptor;
        (wakeRead, wakeWrite) = calls.Pipe();
    }

    public override void End() => calls.WriteByte(wakeWrite);

    public override int Read(Span<byte> buffer) => calls.WaitFor(descriptor, wakeRead) ? calls.Read(descriptor, buffer) : 0;

    protected override void Dispose(bool disposing)
    {
        calls.Close(wakeRead);
        calls.Close(wakeWrite);
        base.Dispose(disposing);
    }
}
