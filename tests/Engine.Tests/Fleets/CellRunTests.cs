using LguestPS.Tests.Launcher;
using Xunit;

namespace LguestPS.Tests.Fleets;

public class CellRunTests
{
    private const string Virtual = "\nparameters: { clock: virtual, cpu: emulated }";

    [Fact]
    public void A_guest_that_passes_leaves_a_result_and_no_file()
    {
        using MatrixFile file = new("definitions: [ EXAMPLES/timer/timer.yaml ]" + Virtual);
        MatrixCell cell = file.Read().Cells[0];
        MatrixResult result = CellRun.Run(cell, new CellRunOptions { OutputFolder = file.Output });
        Assert.Equal((CellOutcome.Passed, EndingKind.PowerDown, Standstill.Ended, 0, "timer clock=virtual cpu=emulated"), (result.Outcome, result.Ending, result.Standstill, result.Index, result.Cell));
        Assert.Equal((Environment.MachineName, Environment.ProcessId, 1), (result.HostName, result.ProcessId, result.Attempt));
        Assert.True(result.Instructions > 0 && result.EventCount > 0 && result.GuestTime > TimeSpan.Zero && result.Duration > TimeSpan.Zero);
        Assert.Contains("tick 5", result.ConsoleTail, StringComparison.Ordinal);
        Assert.Equal(new CellFilePaths(), result.Files);
        Assert.False(Directory.Exists(file.Output));
    }

    [Fact]
    public void The_hash_is_that_of_the_launchers_JSON_lines()
    {
        MatrixCell cell = MatrixFile.Read("definitions: [ EXAMPLES/ring/ring.yaml ]" + Virtual).Cells[0];
        string lines = Launched.Run("--events=jsonl", "--clock=virtual", "--cpu=emulated", Launched.Example("ring")).Output;
        string expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(lines)));
        Assert.Equal(expected, CellRun.Run(cell, new CellRunOptions()).EventHash);
    }

    [Fact]
    public void A_guest_that_fails_leaves_its_recording_and_its_console()
    {
        using MatrixFile file = new("definitions: [ EXAMPLES/hello/hello.yaml ]\nchecks: { says bye: { console: bye } }" + Virtual);
        MatrixCell cell = file.Read().Cells[0];
        MatrixResult result = CellRun.Run(cell, new CellRunOptions { OutputFolder = file.Output });
        Assert.Equal(CellOutcome.Failed, result.Outcome);
        Assert.Equal(new CheckResult("says bye", CheckOutcome.Failed, "the console has no 'bye'"), Assert.Single(result.Checks));
        Assert.Contains("Hello", File.ReadAllText(result.Files.Console!), StringComparison.Ordinal);
        using Guest again = Guest.Replay(RecordedRun.Load(result.Files.Recording!));
        Assert.Equal(EndingKind.PowerDown, Assert.IsType<GuestEndedEvent>(again.Run(new RunOptions { Driver = "test" }).Last()).Ending);

        MatrixResult second = CellRun.Run(cell, new CellRunOptions { OutputFolder = file.Output, Attempt = 2 });
        Assert.Equal(2, second.Attempt);
        Assert.NotEqual(result.Files, second.Files);
    }

    [Fact]
    public void By_real_time_there_is_no_recording_but_a_reason()
    {
        using MatrixFile file = new("definitions: [ EXAMPLES/hello/hello.yaml ]\nparameters: { clock: host }\nrecord: always");
        MatrixResult result = CellRun.Run(file.Read().Cells[0], new CellRunOptions { OutputFolder = file.Output });
        Assert.Null(result.Files.Recording);
        Assert.NotNull(result.Files.Console);
        Assert.Contains("was not recorded", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ending: crashed", "the guest has not ended as crashed: powerDown, Power down")]
    [InlineData("reason: Up", "the reason is 'Power down', which does not fit 'Up'")]
    [InlineData("consoleNot: ick", "the console has '")]
    [InlineData("eventHash: 00", "the events have the hash ")]
    [InlineData("instructionsAtMost: 1", " instructions, more than 1")]
    [InlineData("guestTimeAtMost: 0.0001ms", " s of guest time, more than ")]
    public void A_condition_that_does_not_hold_says_so(string condition, string expected)
    {
        MatrixCell cell = MatrixFile.Read($"definitions: [ EXAMPLES/timer/timer.yaml ]\nchecks: {{ it: {{ {condition} }} }}" + Virtual).Cells[0];
        Assert.Contains(expected, Assert.Single(CellRun.Run(cell, new CellRunOptions()).Checks).Message!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_reaches_its_limit_has_not_ended()
    {
        MatrixResult result = CellRun.Run(MatrixFile.Read("definitions: [ EXAMPLES/ring/ring.yaml ]\nparameters: { instructionLimit: 100, clock: virtual, cpu: emulated }").Cells[0], new CellRunOptions());
        Assert.Equal((CellOutcome.Failed, (EndingKind?)null, Standstill.InstructionLimit), (result.Outcome, result.Ending, result.Standstill));
    }

    [Fact]
    public void A_kernel_that_is_missing_is_a_result()
    {
        MatrixResult result = CellRun.Run(MatrixFile.Read("definitions: [ { kernel: /no/kernel } ]").Cells[0], new CellRunOptions());
        Assert.Equal(CellOutcome.Error, result.Outcome);
        Assert.Contains("/no/kernel", result.Error!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_needs_somebody_who_runs_it()
    {
        MatrixCell cell = MatrixFile.Read("definitions: [ EXAMPLES/hello/hello.yaml ]\nchecks: { by script: { script: $Events.Count -gt 2 } }").Cells[0];
        Assert.Equal(CellOutcome.Error, CellRun.Run(cell, new CellRunOptions()).Outcome);
        int seen = 0;
        CellRunOptions options = new()
        {
            RunScript = (check, evidence) =>
            {
                seen = evidence.Events.Count;
                return new CheckResult(check.Name, CheckOutcome.Passed);
            },
        };
        MatrixResult result = CellRun.Run(cell, options);
        Assert.Equal((CellOutcome.Passed, result.EventCount), (result.Outcome, seen));
    }

    [Fact]
    public void What_is_stopped_is_no_result()
    {
        MatrixCell cell = MatrixFile.Read("definitions: [ EXAMPLES/hello/hello.yaml ]").Cells[0];
        Assert.ThrowsAny<OperationCanceledException>(() => CellRun.Run(cell, new CellRunOptions(), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_result_survives_its_line()
    {
        using MatrixFile file = new("definitions: [ EXAMPLES/hello/hello.yaml ]\nrecord: always\nchecks: { a: { console: Hello }, b: { console: \"x\\\"\\n\" } }" + Virtual);
        MatrixResult result = CellRun.Run(file.Read().Cells[0], new CellRunOptions { OutputFolder = file.Output });
        string line = result.ToJson();
        Assert.DoesNotContain('\n', line);
        Assert.StartsWith("""{"format":1,"matrix":"nightly","matrixId":""", line, StringComparison.Ordinal);
        MatrixResult again = MatrixResult.FromJson(line);
        Assert.Equal(line, again.ToJson());
        Assert.Equal((result.Duration, result.Started, result.Ending, result.EventHash, result.Files), (again.Duration, again.Started, again.Ending, again.EventHash, again.Files));
        Assert.Equal(result.Checks, again.Checks);
        Assert.Equal("virtual", again.Parameters["Clock"]);
        Assert.Equal(line, MatrixResult.FromJson(line[..^1] + ""","later":[1]}""").ToJson());
    }

    [Theory]
    [InlineData("")]
    [InlineData(""","started":"2026-11-29T01:02:03" """)]
    public void A_time_that_names_no_zone_is_UTC_wherever_it_is_read(string started)
    {
        MatrixResult result = MatrixResult.FromJson($$"""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d"{{started}}}""");
        Assert.EndsWith("Z", System.Text.Json.JsonDocument.Parse(result.ToJson()).RootElement.GetProperty("started").GetString(), StringComparison.Ordinal);
        Assert.Equal(result.ToJson(), MatrixResult.FromJson(result.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"format":1}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":1,"cell":"c","definition":"d"}""")]
    [InlineData("""{"format":2,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d"}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d","outcome":7}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d","duration":1e300}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d","parameters":null}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d","parameters":{"memory":null}}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d","checks":[{"outcome":"Passed"}]}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d","checks":[null]}""")]
    [InlineData("""{"format":1,"matrix":"m","matrixId":"0","cellCount":1,"index":0,"cell":"c","definition":"d","warnings":[null]}""")]
    public void What_is_no_result_is_refused(string line) =>
        Assert.Equal(LguestError.InvalidValue, Assert.Throws<LguestException>(() => MatrixResult.FromJson(line)).Error);
}
