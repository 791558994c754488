using LguestPS.Checkpoints;
using Xunit;

namespace LguestPS.Tests.Checkpoints;

/// <summary>Files whose checksums are right and whose contents are not: refused before anything runs, and before they fill memory.</summary>
public sealed class PackedFileTests : IDisposable
{
    private const int Megabyte = 1 << 20;

    private static readonly byte[] Filling = [.. Enumerable.Repeat((byte)'a', Megabyte)];

    private readonly TempFolder folder = new();

    private string Path => folder.Path("file.lguest");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(StateFile.CheckpointKind)]
    [InlineData(StateFile.RecordingKind)]
    public void A_text_without_an_end_is_not_unpacked(string kind) => Refused(kind, file =>
    {
        file.Write7BitEncodedInt(2000 * Megabyte);
        for (int i = 0; i < 2000; i++) file.Write(Filling);
    });

    [Fact]
    public void Input_that_packs_far_better_than_any_guests_is_not_unpacked()
    {
        const int inputs = 500;
        using Guest guest = Guest.Create(Ring);
        Checkpoint start = guest.TakeCheckpoint();
        Refused(StateFile.RecordingKind, file =>
        {
            CheckpointFile.Write(file, start);
            WritePosition(file, 0);
            WritePosition(file, inputs);
            file.Write(inputs);
            for (int i = 0; i < inputs; i++)
            {
                WritePosition(file, i);
                file.Write(0);
                file.Write(Filling.Length / 2);
                file.Write(Filling.AsSpan(0, Filling.Length / 2));
            }
        });
        Assert.Contains("it unpacks to more than a file of its size can hold", Assert.Throws<LguestException>(() => RecordedRun.Load(Path)).Message);
    }

    [Fact]
    public void A_number_of_sectors_is_not_believed() => Refused(StateFile.CheckpointKind, file =>
    {
        WriteHead(file, parts: 2);
        file.Write((byte)1);
        file.Write(int.MaxValue);
    });

    [Theory]
    [InlineData("\"Name\":null")]
    [InlineData("\"Kernel\":null")]
    [InlineData("\"Devices\":null")]
    [InlineData("\"Devices\":[null]")]
    [InlineData("\"Devices\":[{\"kind\":\"BlockDefinition\"}]")]
    [InlineData("\"Devices\":[{\"kind\":\"BlockDefinition\",\"Path\":null}]")]
    [InlineData("\"Devices\":[{\"kind\":\"BlockDefinition\",\"Path\":\"/x\",\"Mode\":9}]")]
    [InlineData("\"Devices\":[{\"kind\":\"UserNetDefinition\",\"Reach\":[null]}]")]
    [InlineData("\"Devices\":[{\"kind\":\"UserNetDefinition\",\"Forward\":null}]")]
    [InlineData("\"Devices\":[{\"kind\":\"UserNetDefinition\",\"Network\":\"x\"}]")]
    [InlineData("\"Devices\":[{\"kind\":\"TapNetDefinition\",\"Interface\":null}]")]
    [InlineData("\"Limits\":null")]
    [InlineData("\"Cpu\":77")]
    [InlineData("\"Memory\":-4096")]
    [InlineData("\"Memory\":9223372036854775807")]
    [InlineData("\"CommandLine\":null")]
    public void A_definition_with_what_cannot_be_is_refused(string wrong)
    {
        // The last of two properties of one name counts.
        string definition = DefinitionJson.Write(Ring)[..^1] + "," + wrong + "}";
        Refused(StateFile.CheckpointKind, file => file.Write(definition));
        Assert.Contains("is not valid", Assert.Throws<LguestException>(() => Checkpoint.Load(Path)).Message);
    }

    private static GuestDefinition Ring => GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual);

    private static void WritePosition(BinaryWriter file, int inputs)
    {
        file.Write(0L);
        file.Write(0L);
        file.Write(0L);
        file.Write(inputs);
    }

    private static void WriteHead(BinaryWriter file, int parts)
    {
        file.Write(DefinitionJson.Write(Ring));
        file.Write(0u);
        file.Write("");
        file.Write(0L);
        file.Write(0L);
        file.Write(-1L);
        file.Write(0L);
        file.Write((int)Standstill.NotStarted);
        file.Write("");
        file.Write(0);
        file.Write(parts);
    }

    private void Refused(string kind, Action<BinaryWriter> contents)
    {
        StateFile.Write(Path, kind, contents);
        long before = GC.GetAllocatedBytesForCurrentThread();
        LguestException refused = Assert.Throws<LguestException>(() => kind == StateFile.RecordingKind ? (object)RecordedRun.Load(Path) : Checkpoint.Load(Path));
        Assert.Equal((LguestError.InvalidCheckpoint, Path), (refused.Error, refused.Path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200L * Megabyte);
    }
}
