using System.Text;
using LguestPS.Terminals;
using Xunit;

namespace LguestPS.Tests.Terminals;

/// <summary>The console of Windows as a guest's terminal, on one that is played: no real one has been tried.</summary>
public sealed class WindowsTerminalTests
{
    private readonly PlayedConsole console = new();

    [Fact]
    public void Its_modes_are_raw_while_it_is_the_guests_and_then_as_before()
    {
        ConsoleInputModes? input = console.InputMode;
        ConsoleOutputModes? output = console.OutputMode;
        RawTerminal terminal = WindowsTerminal.Open(console)!;
        Assert.Equal(ConsoleInputModes.InsertMode | ConsoleInputModes.QuickEditMode | ConsoleInputModes.ExtendedFlags | ConsoleInputModes.VirtualTerminalInput, console.InputMode);
        Assert.Equal(ConsoleOutputModes.ProcessedOutput | ConsoleOutputModes.WrapAtEndOfLine | ConsoleOutputModes.VirtualTerminalProcessing, console.OutputMode);
        Assert.Equal(65001u, console.OutputCodePage);
        terminal.Dispose();
        Assert.Equal(input, console.InputMode);
        Assert.Equal(output, console.OutputMode);
        Assert.Equal(437u, console.OutputCodePage);
    }

    [Fact]
    public void A_Windows_without_virtual_terminals_is_raw_all_the_same()
    {
        PlayedConsole old = new() { KnowsVirtualTerminals = false };
        using RawTerminal terminal = WindowsTerminal.Open(old)!;
        Assert.Equal(ConsoleInputModes.InsertMode | ConsoleInputModes.QuickEditMode | ConsoleInputModes.ExtendedFlags, old.InputMode);
    }

    [Fact]
    public void What_is_no_console_is_no_terminal() => Assert.Null(WindowsTerminal.Open(new PlayedConsole { IsConsole = false }));

    [Fact]
    public void Keys_are_read_as_they_come_and_a_resize_is_none()
    {
        using RawTerminal terminal = WindowsTerminal.Open(console)!;
        console.Resize();
        console.Press("hi\r");
        console.Resize();
        Assert.Equal("hi\r", Read(terminal.Keys, 3));
    }

    [Fact]
    public void A_small_buffer_loses_nothing()
    {
        using RawTerminal terminal = WindowsTerminal.Open(console)!;
        console.Press(ConsoleKey.F5);
        byte[] one = new byte[1];
        Assert.Equal("\x1B[15~", string.Concat(Enumerable.Range(0, 5).Select(_ => terminal.Keys.Read(one) == 1 ? $"{(char)one[0]}" : "")));
    }

    [Fact]
    public async Task Reading_ends_when_it_is_called_off_and_stays_ended()
    {
        using RawTerminal terminal = WindowsTerminal.Open(console)!;
        Task<int> reading = Task.Run(() => terminal.Keys.Read(new byte[8]));
        terminal.Keys.End();
        Assert.Equal(0, await reading);
        console.Press("x");
        Assert.Equal(0, terminal.Keys.Read(new byte[8]));
    }

    [Fact]
    public void Reading_ends_when_the_window_is_closed()
    {
        using RawTerminal terminal = WindowsTerminal.Open(console)!;
        console.Go();
        Assert.Equal(0, terminal.Keys.Read(new byte[8]));
    }

    [Fact]
    public void CtrlC_is_the_guests_and_the_chord_leaves()
    {
        using Guest guest = Guest.Create(ScriptedGuest.Definition with { Kernel = Repository.Path("examples", "echo", "echo.elf"), Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual, Devices = [new ConsoleDefinition()] });
        using RawTerminal terminal = WindowsTerminal.Open(console)!;
        using CancellationTokenSource left = new();
        string by = "";
        using Keyboard keyboard = new(terminal.Keys, guest, LeaveChord.Usual, keys =>
        {
            by = keys;
            left.Cancel();
        });
        console.Press("\u0003on\r");
        console.Press("\u001D");
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "test", WaitForInput = true, Filter = EventFilter.Nothing }, keyboard.Closed))
        {
        }
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "test", Filter = EventFilter.Nothing }))
        {
        }
        Assert.Equal("Ctrl-]", by);
        Assert.True(left.IsCancellationRequested);
        Assert.Contains("\u0003ON", guest.ConsoleText);
    }

    private static string Read(TerminalKeys keys, int bytes)
    {
        byte[] all = new byte[bytes];
        int done = 0;
        while (done < bytes) done += keys.Read(all.AsSpan(done));
        return Encoding.UTF8.GetString(all);
    }
}
