using System.Diagnostics;
using LguestPS.Launcher;
using Xunit;

namespace LguestPS.Tests.Launcher;

public class LauncherTests
{
    [Theory]
    [InlineData("hello", "Hello from ring 1!\n")]
    [InlineData("timer", "tick 1 after 10 ms\ntick 2 after 20 ms\ntick 3 after 30 ms\ntick 4 after 40 ms\ntick 5 after 50 ms\n")]
    public void A_guest_that_powers_down_is_a_success_without_a_word_of_ours(string example, string console) =>
        Assert.Equal(new Launched(ExitStatus.PowerDown, console, ""), Launched.Run(Launched.Example(example)));

    [Theory]
    [InlineData("ring")]
    [InlineData("paging")]
    [InlineData("disk")]
    public void Every_example_powers_down(string example)
    {
        Launched launched = Launched.Run(Launched.Example(example));
        Assert.Equal((ExitStatus.PowerDown, ""), (launched.Status, launched.Error));
        Assert.NotEmpty(launched.Output);
    }

    [Fact]
    public void The_command_line_of_2007_runs_a_guest()
    {
        string disk = Path.GetTempFileName();
        File.Copy(Path.Combine(Launched.Repository, "examples", "disk", "disk.img"), disk, overwrite: true);
        Launched launched = Launched.Run($"--block={disk}", "4", Path.ChangeExtension(Launched.Example("disk"), ".elf"));
        Assert.Equal((ExitStatus.PowerDown, ""), (launched.Status, launched.Error));
        Assert.Contains("written by the guest", File.ReadAllText(disk));     // as the original: writes go to the file
        File.Delete(disk);
    }

    [Fact]
    public void What_is_typed_reaches_the_guest() =>
        Assert.Equal(
            new Launched(ExitStatus.PowerDown, "Type a line and get it back in capitals; \"quit\" ends.\nHELLO\nGood bye.\n", ""),
            Launched.RunWith("hello\nquit\n", Launched.Example("echo")));

    [Fact]
    public void A_guest_that_waits_when_input_has_ended_is_stopped()
    {
        Launched launched = Launched.RunWith("hello\n", Launched.Example("echo"));
        Assert.Equal(ExitStatus.Stopped, launched.Status);
        Assert.EndsWith("HELLO\n", launched.Output);
        Assert.Equal("lguest: guest 'echo' stopped: it waits for input, and there is no more\n", launched.Error);
    }

    [Fact]
    public void Input_that_never_ends_is_read_only_as_fast_as_the_guest_takes_it()
    {
        EndlessInput input = new();
        Launched launched = Launched.RunWith(input, "--cpu=emulated", "--limit-instructions=20000000", Launched.Example("echo"));
        Assert.Equal(ExitStatus.Stopped, launched.Status);
        long taken = (launched.Output.Count(c => c == '\n') - 1) * EndlessInput.LineLength;
        Assert.InRange(input.BytesRead, 1, taken + 64 * 1024 + 2 * EndlessInput.LineLength);
    }

    [Theory]
    [InlineData("unknown-call", "Bad hypercall 99")]
    [InlineData("crash", "CRASH: as it was asked to")]
    public void A_guest_that_dies_is_a_failure_with_the_reason(string how, string reason)
    {
        Launched launched = Launched.Run("4", Launched.TestGuest("kill"), how);
        Assert.Equal((ExitStatus.Died, ""), (launched.Status, launched.Output));
        Assert.StartsWith($"lguest: guest 'kill.elf' ended: {reason}", launched.Error);
    }

    [Theory]
    [InlineData("--limit-reboots=2", ExitStatus.PowerDown, "guest 'reboot.elf' ended: Power down", "2 reboots, ")]
    [InlineData("--limit-reboots=1", ExitStatus.Restart, "guest 'reboot.elf' ended: it asks to be started again, and it has reached its limit of 1 reboot", "1 reboot, ")]
    [InlineData("--no-reboot", ExitStatus.Restart, "guest 'reboot.elf' ended: it asks to be started again", "")]
    public void A_guest_that_asks_to_be_started_again_is_rebooted_or_ends(string option, int status, string how, string reboots)
    {
        string disk = Path.GetTempFileName();
        File.Copy(Path.Combine(Launched.Repository, "examples", "disk", "disk.img"), disk, overwrite: true);
        Launched launched = Launched.Run("--verbose", "--abi=virtio-3.1", option, $"--block={disk}", "4", Launched.TestGuest("reboot"), "2");
        File.Delete(disk);
        Assert.Equal(status, launched.Status);
        Assert.Contains($"lguest: {how} (guest time ", launched.Error);
        Assert.Equal(reboots, System.Text.RegularExpressions.Regex.Match(launched.Error, "[0-9]+ reboots?, ").Value);
    }

    [Fact]
    public void A_time_limit_stops_a_guest()
    {
        Launched launched = Launched.RunWith(new SilentInput(), "--limit-time=200ms", Launched.Example("echo"));
        Assert.Equal(ExitStatus.Stopped, launched.Status);
        Assert.Equal("lguest: guest 'echo' stopped: it reached its time limit of 0:00:00.2\n", launched.Error);
    }

    [Fact]
    public void An_instruction_limit_stops_a_guest()
    {
        Launched launched = Launched.Run("--limit-instructions=10", Launched.Example("hello"));
        Assert.Equal(ExitStatus.Stopped, launched.Status);
        Assert.Equal("lguest: guest 'hello' stopped: it reached its limit of 10 instructions\n", launched.Error);
    }

    [Fact]
    public void A_guest_that_makes_no_progress_is_said_once_and_with_its_instruction()
    {
        Launched launched = Launched.Run("--limit-instructions=1000000", "--summary", "16", Launched.TestGuest("busy"), "traps");
        string said = Assert.Single(launched.Error.Split('\n'), line => line.Contains("makes no progress", StringComparison.Ordinal) && line.StartsWith("lguest:", StringComparison.Ordinal));
        Assert.StartsWith("lguest: guest 'busy.elf': makes no progress: 10,000 times in a row #PF for 0xffc00000 (error code 0) at 0xffc00000 in ring 1", said);
    }

    [Fact]
    public void Verbose_says_what_starts_and_how_it_ended()
    {
        Launched launched = Launched.Run("-v", Launched.Example("hello"));
        string[] lines = launched.Error.TrimEnd().Split('\n');
        Assert.Equal("Hello from ring 1!\n", launched.Output);
        Assert.Equal(2, lines.Length);
        Assert.Matches("^lguest: guest 'hello': .*hello.elf, 4096 KiB, dma-2007-10, cpu emulated .*, clock host, devices console$", lines[0]);
        Assert.Matches(@"^lguest: guest 'hello' ended: Power down \(guest time [0-9.]+ s, [0-9]+ instructions, [0-9]+ events, [0-9.]+ s here\)$", lines[1]);
    }

    [Fact]
    public void The_port_that_a_forward_from_0_got_is_said()
    {
        string kernel = Path.ChangeExtension(Launched.Example("hello"), ".elf");
        Launched launched = Launched.Run("--usernet", "--forward=0:80", "--forward=udp:0:53", "4", kernel);
        Assert.Matches(
            @"^lguest: guest 'hello\.elf': TCP port [1-9][0-9]* of 127\.0\.0\.1 leads to its port 80\n"
            + @"lguest: guest 'hello\.elf': UDP port [1-9][0-9]* of 127\.0\.0\.1 leads to its port 53\n$", launched.Error);
    }

    [Theory]
    [InlineData("lguest: which guest?")]
    [InlineData("lguest: guest definition '/nowhere.yaml' does not exist", "/nowhere.yaml")]
    [InlineData("lguest: kernel '/nowhere' does not exist", "4", "/nowhere")]
    [InlineData("lguest: unknown option '--fast'", "--fast", "4", "/nowhere")]
    public void A_bad_request_runs_nothing(string message, params string[] arguments)
    {
        Launched launched = Launched.Run(arguments);
        Assert.Equal((ExitStatus.BadRequest, ""), (launched.Status, launched.Output));
        Assert.StartsWith(message, launched.Error);
    }

    [Fact]
    public void A_mistake_in_a_definition_starts_the_line_with_its_place()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("lguest-").FullName, "hello.yaml");
        File.WriteAllText(file, "kernel: k\ncomandLine: x\n");
        Assert.Equal(
            new Launched(ExitStatus.BadRequest, "", "hello.yaml(2,1): unknown key 'comandLine'; did you mean 'commandLine'?\n"),
            Launched.Run(file));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public void A_command_line_becomes_a_definition()
    {
        Launched launched = Launched.Run("--export", "--block=/images/my.img", "--clock=virtual", "64", "/boot/vmlinux", "root=/dev/lgba");
        Assert.Equal((0, ""), (launched.Status, launched.Error));
        Assert.Equal(
            "name: vmlinux\nkernel: /boot/vmlinux\nmemory: 64MiB\ncommandLine: root=/dev/lgba\nclock: virtual\ndevices:\n- block:\n    path: /images/my.img\n    mode: readWrite\n- console\n",
            launched.Output);
    }

    [Fact]
    public void Help_names_both_forms_and_the_exit_statuses()
    {
        Launched launched = Launched.Run("--help");
        Assert.Equal((0, ""), (launched.Status, launched.Error));
        Assert.Contains("lguest [options] DEFINITION.yaml", launched.Output);
        Assert.Contains("lguest [options] MiB KERNEL [kernel arguments...]", launched.Output);
        Assert.Contains("--limit-instructions", launched.Output);
        Assert.Contains("Exit status: 0", launched.Output);
    }

    [Fact]
    public void A_reader_that_goes_away_stops_the_guest_without_a_word()
    {
        StringWriter error = new();
        int status = Program.Run([Launched.Example("echo"), "--events=jsonl"], new LauncherStreams(new SilentInput(), new ClosedOutput(), error));
        Assert.Equal((ExitStatus.Stopped, ""), (status, error.ToString()));
    }

    [Fact]
    public void Output_that_cannot_be_written_is_said()
    {
        using Process launcher = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"'{Launcher}' '{Launched.Example("hello")}' > /dev/full"]) { RedirectStandardError = true })!;
        Assert.Equal("lguest: guest 'hello' stopped: its output cannot be written: No space left on device\n", launcher.StandardError.ReadToEnd());
        Assert.True(launcher.WaitForExit(Patience));
        Assert.Equal(ExitStatus.Stopped, launcher.ExitCode);
    }

    [Fact]
    public void A_flood_waits_for_its_reader_takes_no_more_memory_and_can_be_stopped()
    {
        using Process launcher = Start("4", Launched.TestGuest("flood"));
        byte[] piece = new byte[1 << 20];
        for (int read = 0; read < 32 << 20;) read += launcher.StandardOutput.BaseStream.Read(piece);
        Assert.InRange(launcher.PeakWorkingSet64, 1, 300L << 20);

        // From here on nobody reads: the pipe fills, the guest waits, and a signal still ends it.
        Process.Start("kill", ["-TERM", $"{launcher.Id}"]).WaitForExit();
        Assert.True(launcher.WaitForExit(Patience));
        Assert.Equal("lguest: guest 'flood.elf' stopped by SIGTERM\n", launcher.StandardError.ReadToEnd());
        Assert.Equal(ExitStatus.Stopped, launcher.ExitCode);
    }

    [Fact]
    public void Megabytes_that_are_piped_in_all_arrive()
    {
        string[] lines = [.. Enumerable.Range(1, 40_000).Select(number => $"LINE {number:d6} ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 ABCDEFGHIJKL")];
        Launched launched = Launched.RunWith(string.Join('\n', lines) + "\nquit\n", Launched.Example("echo"));
        Assert.Equal((ExitStatus.PowerDown, ""), (launched.Status, launched.Error));
        Assert.Equal([.. lines, "Good bye."], launched.Output.TrimEnd('\n').Split('\n')[1..]);
    }

    [Fact]
    public void A_signal_stops_the_guest()
    {
        using Process launcher = Start("--events=jsonl", Launched.Example("echo"));
        Assert.Contains("LGUEST_INIT", launcher.StandardOutput.ReadLine());       // events come while it runs
        Process.Start("kill", ["-TERM", $"{launcher.Id}"]).WaitForExit();
        Assert.True(launcher.WaitForExit(Patience));
        Assert.Equal("lguest: guest 'echo' stopped by SIGTERM\n", launcher.StandardError.ReadToEnd());
        Assert.Equal(ExitStatus.Stopped, launcher.ExitCode);
    }

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static string Launcher => Path.Combine(AppContext.BaseDirectory, "lguest");

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Launcher, arguments)
    {
        RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;

    /// <summary>A keyboard that is not touched.</summary>
    private sealed class SilentInput : MemoryStream
    {
        public override int Read(Span<byte> buffer)
        {
            Thread.CurrentThread.Join(Timeout.Infinite);
            return 0;
        }
    }

    private sealed class EndlessInput : MemoryStream
    {
        public const int LineLength = 4096;

        public long BytesRead { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            buffer = buffer[..LineLength];
            buffer.Fill((byte)'x');
            buffer[^1] = (byte)'\n';
            BytesRead += buffer.Length;
            return buffer.Length;
        }
    }

    private sealed class ClosedOutput : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new ReaderGoneException();
    }
}
