using LguestPS.Files;
using Xunit;

namespace LguestPS.Tests.Exports;

public sealed class UnfinishedFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("lguest-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Until_it_is_finished_what_was_there_stays()
    {
        string path = Path.Combine(folder, "file");
        File.WriteAllText(path, "before");
        using (UnfinishedFile file = new(path, isPrivate: true))
        {
            file.Stream.Write("after"u8);
            Assert.Equal("before", File.ReadAllText(path));
            file.Finish();
        }
        Assert.Equal("after", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder));
    }

    [Fact]
    public void If_it_never_is_nothing_is_left_of_it()
    {
        string path = Path.Combine(folder, "file");
        using (UnfinishedFile file = new(path, isPrivate: true)) file.Stream.Write("after"u8);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [SkippableFact]
    public void What_is_in_a_guest_is_its_owners_alone()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no modes of files.");
        string path = Path.Combine(folder, "file");
        using (UnfinishedFile file = new(path, isPrivate: true)) file.Finish();
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error() =>
        Assert.Throws<DirectoryNotFoundException>(() => new UnfinishedFile(Path.Combine(folder, "no", "file"), isPrivate: false));
}
