using System.Runtime.InteropServices;

namespace LguestPS.Terminals;

/// <summary>A console of Windows, set to be a terminal like those that guests know.</summary>
internal sealed class WindowsTerminal : RawTerminal
{
    private const uint Utf8 = 65001;

    private readonly IWindowsConsole console;
    private readonly ConsoleInputModes inputBefore;
    private readonly ConsoleOutputModes? outputBefore;
    private readonly uint codePageBefore;
    private readonly PosixSignalRegistration[] signals;

    private WindowsTerminal(IWindowsConsole console, ConsoleInputModes input)
    {
        this.console = console;
        inputBefore = input;
        outputBefore = console.OutputMode;
        codePageBefore = console.OutputCodePage;
        // Ctrl-Break, and the window that is closed.
        signals = [.. new[] { PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, _ => GiveBack()))];
        Take();
        Keys = new WindowsKeys(console);
    }

    public override TerminalKeys Keys { get; }

    /// <summary>Takes over the console; null if the input is none.</summary>
    public static RawTerminal? Open(IWindowsConsole console) => console.InputMode is { } mode ? new WindowsTerminal(console, mode) : null;

    /// <remarks>Windows before 10 knows no virtual terminals: there, keys are translated here, and a guest's escape sequences are seen.</remarks>
    protected override void SetRaw()
    {
        ConsoleInputModes raw = inputBefore & ~(ConsoleInputModes.ProcessedInput | ConsoleInputModes.LineInput | ConsoleInputModes.EchoInput | ConsoleInputModes.WindowInput | ConsoleInputModes.MouseInput);
        if (!console.TrySetInputMode(raw | ConsoleInputModes.VirtualTerminalInput)) console.TrySetInputMode(raw);
        if (outputBefore is not { } output) return;
        console.TrySetOutputMode(output | ConsoleOutputModes.ProcessedOutput | ConsoleOutputModes.VirtualTerminalProcessing);
        console.OutputCodePage = Utf8;
    }

    protected override void SetBack()
    {
        console.TrySetInputMode(inputBefore);
        if (outputBefore is not { } output) return;
        console.TrySetOutputMode(output);
        console.OutputCodePage = codePageBefore;
    }

    protected override void Release()
    {
        foreach (PosixSignalRegistration signal in signals) signal.Dispose();
    }
}
