using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Terminals;

/// <summary>The console of this process.</summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe partial class WindowsConsole : IWindowsConsole
{
    private const int STD_INPUT_HANDLE = -10;
    private const int STD_OUTPUT_HANDLE = -11;
    private const ushort KEY_EVENT = 1;

    private readonly nint input = GetStdHandle(STD_INPUT_HANDLE);
    private readonly nint output = GetStdHandle(STD_OUTPUT_HANDLE);

    public ConsoleInputModes? InputMode => GetConsoleMode(input, out uint mode) ? (ConsoleInputModes)mode : null;

    public ConsoleOutputModes? OutputMode => GetConsoleMode(output, out uint mode) ? (ConsoleOutputModes)mode : null;

    public uint OutputCodePage
    {
        get => GetConsoleOutputCP();
        set => SetConsoleOutputCP(value);
    }

    public bool TrySetInputMode(ConsoleInputModes mode) => SetConsoleMode(input, (uint)mode);

    public bool TrySetOutputMode(ConsoleOutputModes mode) => SetConsoleMode(output, (uint)mode);

    public bool WaitForInput(WaitHandle other)
    {
        using AutoResetEvent ready = new(initialState: false);
        ready.SafeWaitHandle.Dispose();
        ready.SafeWaitHandle = new SafeWaitHandle(input, ownsHandle: false);
        return WaitHandle.WaitAny([other, ready]) == 1;
    }

    public int ReadKeys(Span<ConsoleKeyEvent> keys)
    {
        InputRecord* records = stackalloc InputRecord[keys.Length];
        if (!ReadConsoleInput(input, records, (uint)keys.Length, out uint count)) return -1;
        int taken = 0;
        for (uint i = 0; i < count; i++)
            if (records[i] is { EventType: KEY_EVENT } key)
                keys[taken++] = new ConsoleKeyEvent(key.IsDown != 0, key.Repeats, (ConsoleKey)key.VirtualKey, (char)key.Character, (KeyModifiers)key.Modifiers);
        return taken;
    }

    [LibraryImport("kernel32")]
    private static partial nint GetStdHandle(int which);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetConsoleMode(nint console, out uint mode);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetConsoleMode(nint console, uint mode);

    [LibraryImport("kernel32")]
    private static partial uint GetConsoleOutputCP();

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetConsoleOutputCP(uint codePage);

    [LibraryImport("kernel32", EntryPoint = "ReadConsoleInputW")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ReadConsoleInput(nint console, InputRecord* records, uint length, out uint count);

    /// <summary>INPUT_RECORD with a KEY_EVENT_RECORD in it, the longest kind.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 20)]
    private struct InputRecord
    {
        [FieldOffset(0)] public ushort EventType;
        [FieldOffset(4)] public int IsDown;
        [FieldOffset(8)] public ushort Repeats;
        [FieldOffset(10)] public ushort VirtualKey;
        [FieldOffset(14)] public ushort Character;
        [FieldOffset(16)] public uint Modifiers;
    }
}
