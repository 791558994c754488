namespace LguestPS.Terminals;

/// <summary>The keys of a console of Windows, as bytes of a terminal.</summary>
internal sealed class WindowsKeys(IWindowsConsole console) : TerminalKeys
{
    private const int MostAtOnce = 64;

    private readonly ManualResetEvent ended = new(initialState: false);
    private readonly KeyTranslator translator = new();
    private readonly Queue<byte> waiting = new();

    public override void End() => ended.Set();

    public override int Read(Span<byte> buffer)
    {
        ConsoleKeyEvent[] keys = new ConsoleKeyEvent[MostAtOnce];
        while (waiting.Count == 0)
        {
            if (ended.WaitOne(0) || !console.WaitForInput(ended)) return 0;
            int count = console.ReadKeys(keys);
            if (count < 0) return 0;
            foreach (ConsoleKeyEvent key in keys.AsSpan(0, count))
                foreach (byte value in translator.Translate(key)) waiting.Enqueue(value);
        }
        int taken = 0;
        while (taken < buffer.Length && waiting.TryDequeue(out byte next)) buffer[taken++] = next;
        return taken;
    }

    protected override void Dispose(bool disposing)
    {
        ended.Dispose();
        base.Dispose(disposing);
    }
}
