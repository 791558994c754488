using LguestPS.Checkpoints;
using LguestPS.Files;
using Xunit;

namespace LguestPS.Tests.Files;

/// <summary>What a killed process was writing is taken away by the next one that writes there, and nothing else is.</summary>
public sealed class AbandonedFilesTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string Target => folder.Path("run.lguest");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("run.lguest.999999.tmp", true)]
    [InlineData("run.lguest.mine.tmp", false)]
    [InlineData("run.lguest.tmp", false)]
    [InlineData("other.lguest.999999.tmp", false)]
    [InlineData("run.lguest.999999.tmp.gz", false)]
    public void Only_what_was_written_for_the_same_file_goes(string name, bool goes)
    {
        Old(name);
        HostFile.Replace(Target, file => file.Write("whole"u8));
        AbandonedFiles.Delete(Target);
        Assert.Equal(!goes, File.Exists(folder.Path(name)));
        Assert.Equal("whole", File.ReadAllText(Target));
    }

    [Fact]
    public void What_somebody_still_writes_stays_however_long_they_take()
    {
        string name = folder.Path("run.lguest.999999.tmp");
        using (FileStream writer = new(name, FileMode.Create, FileAccess.Write))
        {
            writer.Write("half"u8);
            writer.Flush();
            File.SetLastWriteTimeUtc(name, DateTime.UtcNow.AddHours(-1));
            AbandonedFiles.Delete(Target);
            Assert.True(File.Exists(name));
        }
        AbandonedFiles.Delete(Target);
        Assert.False(File.Exists(name));
    }

    [Fact]
    public void What_was_touched_a_moment_ago_stays()
    {
        string name = folder.Write("run.lguest.999999.tmp", "half");
        AbandonedFiles.Delete(Target);
        Assert.True(File.Exists(name));
    }

    [Fact]
    public void A_checkpoint_takes_away_what_a_killed_process_left_of_it()
    {
        Old("run.lguest.999999.tmp");
        StateFile.Write(Target, StateFile.CheckpointKind, file => file.Write(1));
        Assert.Equal([Target], Directory.GetFiles(folder.Path("")));
    }

    private void Old(string name) => File.SetLastWriteTimeUtc(folder.Write(name, "half"), DateTime.UtcNow.AddHours(-1));
}
