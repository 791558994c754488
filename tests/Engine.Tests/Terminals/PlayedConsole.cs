using LguestPS.Terminals;

namespace LguestPS.Tests.Terminals;

/// <summary>A console of Windows whose keys a test presses.</summary>
internal sealed class PlayedConsole : IWindowsConsole
{
    private readonly Queue<ConsoleKeyEvent?> events = new();
    private readonly ManualResetEvent ready = new(initialState: false);
    private ConsoleInputModes input = ConsoleInputModes.ProcessedInput | ConsoleInputModes.LineInput | ConsoleInputModes.EchoInput | ConsoleInputModes.InsertMode | ConsoleInputModes.QuickEditMode | ConsoleInputModes.ExtendedFlags;
    private ConsoleOutputModes output = ConsoleOutputModes.ProcessedOutput | ConsoleOutputModes.WrapAtEndOfLine;
    private bool hasGone;

    /// <summary>Whether it is a console at all.</summary>
    public bool IsConsole { get; init; } = true;

    /// <summary>Whether this Windows knows virtual terminals.</summary>
    public bool KnowsVirtualTerminals { get; init; } = true;

    public ConsoleInputModes? InputMode => IsConsole ? input : null;

    public ConsoleOutputModes? OutputMode => IsConsole ? output : null;

    public uint OutputCodePage { get; set; } = 437;

    public bool TrySetInputMode(ConsoleInputModes mode)
    {
        if (mode.HasFlag(ConsoleInputModes.VirtualTerminalInput) && !KnowsVirtualTerminals) return false;
        input = mode;
        return true;
    }

    public bool TrySetOutputMode(ConsoleOutputModes mode)
    {
        if (mode.HasFlag(ConsoleOutputModes.VirtualTerminalProcessing) && !KnowsVirtualTerminals) return false;
        output = mode;
        return true;
    }

    public bool WaitForInput(WaitHandle other) => WaitHandle.WaitAny([other, ready]) == 1;

    public int ReadKeys(Span<ConsoleKeyEvent> keys)
    {
        lock (events)
        {
            if (hasGone) return -1;
            int taken = 0;
            while (taken < keys.Length && events.TryDequeue(out ConsoleKeyEvent? next))
                if (next is { } key) keys[taken++] = key;
            if (events.Count == 0) ready.Reset();
            return taken;
        }
    }

    public void Press(string characters)
    {
        foreach (char character in characters)
        {
            Press(new ConsoleKeyEvent(IsDown: true, 1, default, character, KeyModifiers.None));
            Press(new ConsoleKeyEvent(IsDown: false, 1, default, character, KeyModifiers.None));
        }
    }

    public void Press(ConsoleKey key, KeyModifiers modifiers = KeyModifiers.None) => Press(new ConsoleKeyEvent(IsDown: true, 1, key, '\0', modifiers));

    public void Press(ConsoleKeyEvent key) => Happen(key);

    /// <summary>The window gets another size.</summary>
    public void Resize() => Happen(null);

    /// <summary>The window is closed.</summary>
    public void Go()
    {
        lock (events)
        {
            hasGone = true;
            ready.Set();
        }
    }

    private void Happen(ConsoleKeyEvent? what)
    {
        lock (events)
        {
            events.Enqueue(what);
            ready.Set();
        }
    }
}
