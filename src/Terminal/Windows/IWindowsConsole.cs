namespace LguestPS.Terminals;

/// <summary>What a terminal needs of Windows: the console functions of kernel32, which a test can play.</summary>
internal interface IWindowsConsole
{
    /// <summary>How the input is set; null if it is no console.</summary>
    ConsoleInputModes? InputMode { get; }

    /// <summary>How the output is set; null if it is no console.</summary>
    ConsoleOutputModes? OutputMode { get; }

    /// <summary>The code page in which what is written is understood.</summary>
    uint OutputCodePage { get; set; }

    /// <returns>False if this Windows does not know one of the modes.</returns>
    bool TrySetInputMode(ConsoleInputModes mode);

    /// <returns>False if this Windows does not know one of the modes.</returns>
    bool TrySetOutputMode(ConsoleOutputModes mode);

    /// <summary>Waits until there is something to read.</summary>
    /// <returns>False if the other event came first, or waiting is not possible.</returns>
    bool WaitForInput(WaitHandle other);

    /// <summary>Takes what happened: keys, and also resizes, mouse moves and the like, which have none.</summary>
    /// <param name="keys">Takes the keys among it.</param>
    /// <returns>How many of them were keys; -1 if the console has gone.</returns>
    int ReadKeys(Span<ConsoleKeyEvent> keys);
}

/// <summary>ENABLE_… of a console's input.</summary>
[Flags]
internal enum ConsoleInputModes : uint
{
    None = 0,
    ProcessedInput = 0x0001,
    LineInput = 0x0002,
    EchoInput = 0x0004,
    WindowInput = 0x0008,
    MouseInput = 0x0010,
    InsertMode = 0x0020,
    QuickEditMode = 0x0040,
    ExtendedFlags = 0x0080,
    VirtualTerminalInput = 0x0200,
}

/// <summary>ENABLE_… of a console's output.</summary>
[Flags]
internal enum ConsoleOutputModes : uint
{
    None = 0,
    ProcessedOutput = 0x0001,
    WrapAtEndOfLine = 0x0002,
    VirtualTerminalProcessing = 0x0004,
}

/// <summary>KEY_EVENT_RECORD: a key that was pressed or let go.</summary>
/// <param name="IsDown">Pressed.</param>
/// <param name="Repeats">How often, while it was held down.</param>
/// <param name="Key">Its virtual-key code.</param>
/// <param name="Character">A UTF-16 code unit; 0 if it has none.</param>
/// <param name="Modifiers">What was held down with it.</param>
internal readonly record struct ConsoleKeyEvent(bool IsDown, int Repeats, ConsoleKey Key, char Character, KeyModifiers Modifiers);

/// <summary>dwControlKeyState.</summary>
[Flags]
internal enum KeyModifiers : uint
{
    None = 0,
    RightAlt = 0x0001,
    LeftAlt = 0x0002,
    RightControl = 0x0004,
    LeftControl = 0x0008,
    Shift = 0x0010,
}
