using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Fleets;

public class MatrixReaderTests
{
    private const string Everything = """
        name: all
        definitions:
          - EXAMPLES/hello/hello.yaml
          - { name: own, kernel: EXAMPLES/ring/ring.elf, clock: virtual }
        parameters:
          memory: [32MiB, 64MiB]
          commandLine: { none: "", quick: test=1 }
        repeat: 2
        timeLimit: 60s
        record: always
        checks:
          powers down: { ending: powerDown, reason: 'Power down' }
          says: { console: 'a.*b', consoleNot: Oops, eventHash: 5f, instructionsAtMost: 7, guestTimeAtMost: 2s }
          by script: { script: $_.EventCount -gt 5 }
        """;

    [Fact]
    public void Every_key_is_read()
    {
        GuestMatrix matrix = MatrixFile.Read(Everything);
        Assert.Equal("all", matrix.Name);
        Assert.Equal(["hello", "own"], matrix.Definitions.Select(definition => definition.Name));
        Assert.Equal(["memory: 32MiB, 64MiB", "commandLine: none, quick"], matrix.Parameters.Select(parameter => $"{parameter}"));
        Assert.Equal((2, TimeSpan.FromMinutes(1), RecordChoice.Always), (matrix.Repeat, matrix.TimeLimit, matrix.Record));
        Assert.Equal(["powers down", "says", "by script"], matrix.Checks.Select(check => check.Name));
        Assert.Equal(new MatrixCheck("powers down") { Ending = EndingKind.PowerDown, Reason = "Power down" }, matrix.Checks[0]);
        Assert.Equal(new MatrixCheck("says") { Console = "a.*b", ConsoleNot = "Oops", EventHash = "5f", InstructionsAtMost = 7, GuestTimeAtMost = TimeSpan.FromSeconds(2) }, matrix.Checks[1]);
        Assert.Equal("$_.EventCount -gt 5", Assert.Single(matrix.ScriptChecks).Script);
        Assert.True(matrix.NeedsPowerShell);
    }

    [Fact]
    public void Cells_have_the_order_of_what_is_written()
    {
        GuestMatrix matrix = MatrixFile.Read(Everything);
        Assert.Equal(16, matrix.Cells.Count);
        Assert.Equal(Enumerable.Range(0, 16), matrix.Cells.Select(cell => cell.Index));
        Assert.Equal("hello memory=32MiB commandLine=none run=1", matrix.Cells[0].Name);
        Assert.Equal("hello memory=32MiB commandLine=none run=2", matrix.Cells[1].Name);
        Assert.Equal("hello memory=32MiB commandLine=quick run=1", matrix.Cells[2].Name);
        Assert.Equal("hello memory=64MiB commandLine=none run=1", matrix.Cells[4].Name);
        Assert.Equal("own memory=64MiB commandLine=quick run=2", matrix.Cells[15].Name);
        Assert.Equal(("test=1", 64L << 20, TimeSpan.FromMinutes(1)), (matrix.Cells[15].Definition.CommandLine, matrix.Cells[15].Definition.Memory, matrix.Cells[15].Definition.Limits.Time));
        Assert.Equal("test=1", matrix.Cells[15].Parameters["CommandLine"]);
        Assert.Equal("15-own-memory=64MiB-commandLine=quick-run=2", matrix.Cells[15].FileStem);
    }

    [Fact]
    public void Without_checks_a_guest_must_power_down()
    {
        GuestMatrix matrix = MatrixFile.Read("definitions: [ EXAMPLES/hello/hello.yaml ]");
        Assert.Equal("nightly", matrix.Name);
        Assert.Equal(EndingKind.PowerDown, Assert.Single(matrix.Checks).Ending);
        Assert.False(matrix.NeedsPowerShell);
        Assert.Equal("hello", Assert.Single(matrix.Cells).Name);
    }

    [Fact]
    public void A_mapping_gives_definitions_other_names() =>
        Assert.Equal(["old", "new"], MatrixFile.Read("definitions: { old: EXAMPLES/hello/hello.yaml, new: { kernel: k } }").Cells.Select(cell => cell.Name));

    [Fact]
    public void The_same_matrix_has_the_same_id_wherever_it_lies()
    {
        const string Yaml = "definitions: [ { kernel: k, initrd: i } ]\nparameters: { memory: [ 32MiB ] }";
        Assert.Equal(MatrixFile.Read(Yaml).Id, MatrixFile.Read(Yaml).Id);
        Assert.NotEqual(MatrixFile.Read(Yaml).Id, MatrixFile.Read(Yaml.Replace("32", "64", StringComparison.Ordinal)).Id);
        Assert.NotEqual(MatrixFile.Read(Yaml).Id, MatrixFile.Read(Yaml + "\nchecks: { a: { console: b } }").Id);
    }

    [Theory]
    [InlineData("definition: [ a ]", "(1,1): unknown key 'definition'; did you mean 'definitions'?")]
    [InlineData("name: x", "'definitions' is missing")]
    [InlineData("definitions: []", "has no definition")]
    [InlineData("definitions: [ { kernel: k } ]\nparameters: { memry: [ 1 ] }", "(2,15): there is no parameter 'memry'; did you mean 'memory'?")]
    [InlineData("definitions: [ { kernel: k } ]\nparameters: { memory: [ 32MB ] }", "'32MB' is not a size; did you mean '32MiB'?")]
    [InlineData("definitions: [ { kernel: k } ]\nparameters: { memory: [ 33 ] }", "cell 'k memory=33' of matrix 'nightly'")]
    [InlineData("definitions: [ { kernel: k } ]\nparameters: { memory: [] }", "has no values")]
    [InlineData("definitions: [ { kernel: k } ]\nparameters: { memory: [ 32MiB, 32MiB ] }", "has '32MiB' twice")]
    [InlineData("definitions: [ { kernel: k }, { kernel: k } ]", "two definitions named 'k'")]
    [InlineData("definitions: [ { kernel: k, devices: [ block: { path: d, mode: readWrite } ] } ]", "has mode 'readWrite', and guests of a matrix run side by side")]
    [InlineData("definitions: [ { kernel: k, devices: [ net: { shared: ./lan } ] } ]", "would join guests that are to be apart")]
    [InlineData("definitions: [ { kernel: k } ]\nrepeat: 0", "(2,9): 'repeat' is a number from 1 to 100,000")]
    [InlineData("definitions: [ { kernel: k } ]\nrepeat: 60000\nparameters: { tsc: [ auto, off ] }", "has 120,000 cells")]
    [InlineData("definitions: [ { kernel: k } ]\nchecks: { a: {} }", "(2,11): check 'a' has no condition")]
    [InlineData("definitions: [ { kernel: k } ]\nchecks: { a: { console: '(' } }", "is not a regular expression")]
    [InlineData("definitions: [ { kernel: k } ]\nchecks: { a: { ending: dead } }", "unknown ending 'dead'; known are powerDown, crashed, killed, stopped, restart")]
    [InlineData("definitions: [ missing.yaml ]", "(1,16): guest definition '")]
    [InlineData("", "the matrix is empty")]
    public void Mistakes_are_said_with_their_place(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<LguestException>(() => MatrixFile.Read(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_missing_is_a_matrix_that_is_missing() =>
        Assert.Equal("matrix '/no/such.yaml' does not exist", Assert.Throws<LguestException>(() => new GuestDefinitionReader().ReadMatrix("/no/such.yaml")).Message);
}
