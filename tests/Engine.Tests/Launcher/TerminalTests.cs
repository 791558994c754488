using LguestPS.Launcher;
using Xunit;

namespace LguestPS.Tests.Launcher;

/// <summary>Guests at a real terminal: in lguest, and in PowerShell's Enter-LguestConsole.</summary>
public sealed class TerminalTests : IDisposable
{
    private const string Leave = "\u001D";
    private const string CtrlC = "\u0003";
    private const string Greeting = "\"quit\" ends.";

    private static readonly string Lguest = $"{Path.Combine(AppContext.BaseDirectory, "lguest")} {Launched.Example("echo")}";

    private static readonly Lazy<bool> HasPowerShell = new(() =>
        Shell.TryRun("pwsh -NoProfile -Command 'exit [int]($PSVersionTable.PSVersion -lt [version]\"7.6\")'").Status == 0);

    /// <summary>PowerShell itself: as a .NET tool, what is on the path only starts it, and a signal to one of them does not reach the other.</summary>
    private static readonly Lazy<string> PowerShellProgram = new(() =>
        Path.Combine(Shell.Run("pwsh -NoProfile -Command '$PSHOME'").Trim(), "pwsh") is var own && File.Exists(own) ? own : "pwsh");

    private readonly string folder = Directory.CreateTempSubdirectory("lguest-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SkippableFact]
    public void Keys_go_to_the_guest_at_once_and_unseen_and_the_chord_ends_it()
    {
        using TerminalSession terminal = new(Lguest, folder);
        terminal.See("Ctrl-] ends the guest");
        terminal.See(Greeting);
        terminal.Type("hello\r");
        string answer = terminal.See("HELLO");
        Assert.DoesNotContain("hello", answer);
        terminal.Type(Leave);
        terminal.See("guest 'echo' stopped by Ctrl-]");
        terminal.SeeTheEnd(ExitStatus.Stopped);
    }

    [SkippableFact]
    public void Another_chord_ends_it_and_gives_the_guest_its_first_key_when_pressed_twice()
    {
        using TerminalSession terminal = new($"{Lguest} '--leave=Ctrl-a x'", folder);
        terminal.See("Ctrl-a x ends the guest");
        terminal.See(Greeting);
        terminal.Type("\u0001\u0001one\u0001two\u001D\r");
        terminal.See("\u0001ONE\u0001TWO\u001D");
        terminal.Type("\u0001");
        terminal.Type("x");
        terminal.See("guest 'echo' stopped by Ctrl-a x");
        terminal.SeeTheEnd(ExitStatus.Stopped);
    }

    [SkippableFact]
    public void One_CtrlC_is_the_guests_and_three_end_it()
    {
        using TerminalSession terminal = new(Lguest, folder);
        terminal.See(Greeting);
        terminal.Type(CtrlC + "on\r");
        terminal.See("ON");
        terminal.Type(CtrlC + CtrlC + CtrlC);
        terminal.See("guest 'echo' stopped by Ctrl-C");
        terminal.SeeTheEnd(ExitStatus.Stopped);
    }

    [SkippableFact]
    public void Stop_and_flow_control_keys_are_the_guests_too()
    {
        using TerminalSession terminal = new(Lguest, folder);
        terminal.See(Greeting);
        terminal.Type("\u0013\u0011\u001A\u001C\u0016 still here\r");      // Ctrl-S, -Q, -Z, -\ and -V
        terminal.See("\u0013\u0011\u001A\u001C\u0016 STILL HERE");
        terminal.Type("quit\r");
        terminal.SeeTheEnd(ExitStatus.PowerDown);
    }

    [SkippableTheory]
    [InlineData("TERM", ExitStatus.Stopped)]
    [InlineData("HUP", ExitStatus.Stopped)]
    [InlineData("QUIT", ExitStatus.Stopped)]
    public void A_signal_gives_the_terminal_back(string signal, int status)
    {
        // A shell ignores SIGQUIT for what it runs in the background, and these tests may be that.
        using TerminalSession terminal = new($"sh -c 'echo $$ > pid; exec env --default-signal={signal} {Lguest}'", folder);
        terminal.See(Greeting);
        Shell.Run($"kill -{signal} {File.ReadAllText(Path.Combine(folder, "pid"))}");
        terminal.See($"stopped by SIG{signal}");
        terminal.SeeTheEnd(status);
    }

    [SkippableFact]
    public void A_stop_gives_the_terminal_to_the_shell_and_fg_makes_it_the_guests_again()
    {
        using TerminalSession terminal = new("PS1='> ' sh -i", folder);
        StopsAndGoesOn(terminal, $"sh -c 'echo $$ > pid; exec {Lguest}'");
        terminal.Type("quit\r");
        terminal.See("Good bye.");
        terminal.See("> ");
        terminal.Type("exit\n");
        terminal.SeeTheEnd(0);
    }

    [SkippableFact]
    public void PowerShell_in_a_guests_console_stops_and_goes_on_like_any_program()
    {
        using TerminalSession terminal = new("PS1='> ' sh -i", folder);
        StopsAndGoesOn(terminal, PowerShellCommand("$PID > pid; New-LguestGuest $echo | Enter-LguestConsole"));
        terminal.Type(Leave);
        terminal.See("[left: guest 'echo' is paused, ");
        terminal.See("> ");
        terminal.Type("exit\n");
        terminal.SeeTheEnd(0);
    }

    [SkippableFact]
    public void In_the_background_the_guest_runs_on_and_leaves_the_terminal_alone()
    {
        using TerminalSession terminal = new("PS1='> ' sh -i", folder);
        Stops(terminal, $"sh -c 'echo $$ > pid; exec {Lguest}'");
        terminal.Type("bg; wait; echo over=$?\n");
        terminal.See("[1] ");
        Shell.Run($"kill -TERM {Pid}");
        terminal.See("stopped by SIGTERM");
        terminal.See("over=");
        terminal.Type("exit\n");
        terminal.See("terminal is sane");
    }

    [SkippableFact]
    public void PowerShell_enters_a_guest_that_nobody_drives_and_leaves_it_paused()
    {
        using TerminalSession terminal = PowerShell("""
            $guest = New-LguestGuest $echo
            $guest | Enter-LguestConsole
            "first: $($guest.State)"
            $guest | Enter-LguestConsole
            "second: $($guest.State)"
            """);
        terminal.See("[console of guest 'echo': Ctrl-] leaves]");
        terminal.See(Greeting);
        terminal.Type(CtrlC + "one\r");
        Assert.DoesNotContain("one", terminal.See("ONE"));
        terminal.Type(Leave);
        terminal.See("[left: guest 'echo' is paused, ");
        terminal.See("first: Paused");
        terminal.See("[console of guest 'echo': Ctrl-] leaves]");
        terminal.See("ONE");                                                // the last screenful
        terminal.Type("quit\r");
        terminal.See("Good bye.");
        terminal.See("[left: guest 'echo' has ended: Power down]");
        terminal.See("second: Ended");
        terminal.SeeTheEnd(0);
    }

    [SkippableFact]
    public void PowerShell_leaves_a_console_with_the_chord_it_was_given()
    {
        using TerminalSession terminal = PowerShell("""
            $guest = New-LguestGuest $echo
            $guest | Enter-LguestConsole -LeaveChord '^a q'
            "first: $($guest.State)"
            """);
        terminal.See("[console of guest 'echo': Ctrl-a q leaves, Ctrl-a twice sends Ctrl-a]");
        terminal.See(Greeting);
        terminal.Type(Leave + "\r");
        terminal.See(Leave);
        terminal.Type("\u0001q");
        terminal.See("[left: guest 'echo' is paused, ");
        terminal.See("first: Paused");
        terminal.SeeTheEnd(0);
    }

    [SkippableFact]
    public void PowerShell_enters_a_guest_of_a_job_which_goes_on()
    {
        using TerminalSession terminal = PowerShell("""
            $job = Start-LguestGuest $echo -AsJob -Kind Ended
            $job | Send-LguestConsole -Expect 'ends' | Out-Null
            Enter-LguestConsole echo
            "job: $($job.State)"
            Send-LguestConsole echo quit -Expect 'bye'
            """);
        terminal.See("[console of guest 'echo'");
        terminal.See(Greeting);
        terminal.Type("two\r");
        terminal.See("TWO");
        terminal.Type(Leave);
        terminal.See("[left: guest 'echo' is run by job ");
        terminal.See("job: Running");
        terminal.See("Good bye");
        terminal.SeeTheEnd(0);
    }

    [SkippableFact]
    public void A_signal_to_PowerShell_gives_the_terminal_back()
    {
        using TerminalSession terminal = PowerShell("$PID > pid; New-LguestGuest $echo | Enter-LguestConsole");
        terminal.See(Greeting);
        Shell.Run($"kill -TERM {File.ReadAllText(Path.Combine(folder, "pid"))}");
        terminal.See("status=");
        terminal.See("terminal is sane");
    }

    private string Pid => File.ReadAllText(Path.Combine(folder, "pid")).Trim();

    private void StopsAndGoesOn(TerminalSession terminal, string command)
    {
        Stops(terminal, command);
        Assert.Contains(" icanon", Settings());
        terminal.Type("fg\n");
        Assert.True(SpinWait.SpinUntil(() => Settings().Contains("-icanon"), TerminalSession.Patience), Settings());
        terminal.Type(CtrlC + "on\r");
        terminal.See("ON");
    }

    private void Stops(TerminalSession terminal, string command)
    {
        terminal.See("> ");
        terminal.Type($"tty > tty; {command}\n");
        terminal.See(Greeting);
        Assert.Contains("-icanon", Settings());
        Shell.Run($"kill -TSTP {Pid}");
        terminal.See("Stopped");
        terminal.See("> ");
    }

    /// <summary>The modes of the terminal, as another process sees them.</summary>
    private string Settings() => Shell.Run($"stty -a -F {File.ReadAllText(Path.Combine(folder, "tty")).Trim()}");

    private TerminalSession PowerShell(string script) => new(PowerShellCommand(script), folder);

    private string PowerShellCommand(string script)
    {
        Skip.IfNot(HasPowerShell.Value, "PowerShell 7.6 is not on this machine");
        File.WriteAllText(Path.Combine(folder, "script.ps1"), $"Import-Module '{Path.Combine(Launched.Repository, "out", "LguestPS", "LguestPS.psd1")}'\n$echo = '{Launched.Example("echo")}'\n{script}\n");
        return $"env -u DOTNET_TieredCompilation {PowerShellProgram.Value} -NoProfile -File script.ps1";
    }
}
