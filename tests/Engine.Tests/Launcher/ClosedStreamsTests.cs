using System.Diagnostics;
using System.IO.Pipes;
using LguestPS.Launcher;
using Xunit;

namespace LguestPS.Tests.Launcher;

/// <summary>Standard streams that were left closed, are full, or go the wrong way: the exit status still says how it ended.</summary>
public sealed class ClosedStreamsTests : IDisposable
{
    private const int PipeCapacity = 65536;
    private const string Greeting = "Hello from ring 1!\n";
    private const string BadDescriptor = "its output cannot be written: Bad file descriptor\n";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("0<&-")]
    [InlineData("2>&-")]
    [InlineData("0<&- 2>&-")]
    [InlineData("-v 2>&-")]
    [InlineData("-v --summary 2>/dev/full")]
    [InlineData("-v 2</dev/null")]
    public void A_guest_whose_output_is_read_runs_to_its_end(string how)
    {
        (int status, string output, _) = Run($"{Example("hello")} {how}");
        Assert.Equal((ExitStatus.PowerDown, Greeting), (status, output));
    }

    [Theory]
    [InlineData(">&-", BadDescriptor)]
    [InlineData("--events=jsonl >&-", BadDescriptor)]
    [InlineData("--events=table >&- <&-", BadDescriptor)]
    [InlineData("1</dev/null", BadDescriptor)]
    [InlineData(">/dev/full", "its output cannot be written: No space left on device\n")]
    [InlineData(">&- 2>&-", "")]
    [InlineData("0<&- 1>&- 2>&-", "")]
    [InlineData(">/dev/full 2>/dev/full", "")]
    public void Output_that_goes_nowhere_stops_the_guest(string how, string said)
    {
        (int status, string output, string error) = Run($"{Example("hello")} {how}");
        Assert.Equal((ExitStatus.Stopped, ""), (status, output));
        Assert.Equal(said.Length == 0 ? "" : $"lguest: guest 'hello' stopped: {said}", error);
    }

    [Fact] // poll never calls it writable, and never calls it broken either
    public void The_reading_end_of_a_pipe_is_no_output()
    {
        (int status, _, string error) = Run($"{Example("hello")} >&4", $"mkfifo '{folder.Path("pipe")}'; exec 3<>'{folder.Path("pipe")}' 4<'{folder.Path("pipe")}';");
        Assert.Equal((ExitStatus.Stopped, $"lguest: guest 'hello' stopped: {BadDescriptor}"), (status, error));
    }

    [Theory]
    [InlineData("<&-")]
    [InlineData("</")]
    [InlineData("0>/dev/null")]
    public void Input_that_does_not_exist_has_ended(string how)
    {
        (int status, string output, string error) = Run($"{Example("echo")} {how}");
        Assert.Equal((ExitStatus.Stopped, "lguest: guest 'echo' stopped: it waits for input, and there is no more\n"), (status, error));
        Assert.NotEmpty(output);
    }

    [Theory]
    [InlineData("/nowhere.yaml 2>&-", ExitStatus.BadRequest)]
    [InlineData("/nowhere.yaml 2>/dev/full", ExitStatus.BadRequest)]
    [InlineData("/nowhere.yaml 0<&- 1>&- 2>&-", ExitStatus.BadRequest)]
    [InlineData("--help >&-", ExitStatus.Stopped)]
    [InlineData("--help >/dev/full", ExitStatus.Stopped)]
    [InlineData("--help >/dev/full 2>/dev/full", ExitStatus.Stopped)]
    [InlineData("--version 1</dev/null", ExitStatus.Stopped)]
    [InlineData("--version 2>&-", ExitStatus.PowerDown)]
    public void What_runs_no_guest_has_its_status_too(string how, int status) => Assert.Equal(status, Run(how).Status);

    [Fact]
    public void After_a_stop_nothing_waits_for_a_reader_of_either_stream()
    {
        using AnonymousPipeServerStream pipe = new(PipeDirection.Out);
        pipe.Write(new byte[PipeCapacity]);
        DescriptorStream full = new((int)pipe.SafePipeHandle.DangerousGetHandle());
        LauncherStreams streams = new(Stream.Null, full, new ErrorWriter(full));
        streams.GiveUpAfter(new CancellationToken(canceled: true));
        streams.Error.WriteLine("unheard");
        Assert.Throws<IOException>(() => streams.Output.Write("unseen"u8));
    }

    private static string Lguest => $"'{Path.Combine(AppContext.BaseDirectory, "lguest")}'";

    private static string Example(string name) => $"'{Launched.Example(name)}'";

    private static Process Start(string command, string prepare) =>
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{prepare} {command}"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static (int Status, string Output, string Error) Run(string arguments, string prepare = "")
    {
        using Process launcher = Start($"exec {Lguest} {arguments}", prepare);
        Task<string> output = launcher.StandardOutput.ReadToEndAsync(), error = launcher.StandardError.ReadToEndAsync();
        if (!launcher.WaitForExit(300_000)) launcher.Kill();
        return (launcher.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }
}
