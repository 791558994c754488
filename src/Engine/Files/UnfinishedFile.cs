namespace LguestPS.Files;

/// <summary>A file that is written beside the one it will replace: until it is finished, what was there before stays; if it never is, nothing is left of it.</summary>
internal sealed class UnfinishedFile : IDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly string path, unfinished;
    private readonly WrittenFile file;
    private bool isFinished;

    /// <param name="path">An absolute path.</param>
    /// <param name="isPrivate">Whether it is its owner's alone, because it holds what is in a guest.</param>
    /// <exception cref="IOException">There is no such folder, or its name cannot be a file's.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or there is no permission.</exception>
    public UnfinishedFile(string path, bool isPrivate)
    {
        HostFile.CheckCanBeWritten(path);
        this.path = path;
        unfinished = AbandonedFiles.UnfinishedName(path);
        AbandonedFiles.Delete(path);
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = BufferSize };
        if (isPrivate && !OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        file = new WrittenFile(unfinished, options);
    }

    public Stream Stream => file;

    /// <summary>Puts it in its place.</summary>
    /// <exception cref="IOException">What was there before is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Finish()
    {
        file.Dispose();
        File.Move(unfinished, path, overwrite: true);
        isFinished = true;
    }

    /// <summary>What went wrong, in words that do not name the other file.</summary>
    public string Describe(Exception problem) => problem.Message.Replace(unfinished, path, StringComparison.Ordinal);

    public void Dispose()
    {
        if (isFinished) return;
        isFinished = true;
        try
        {
            file.Dispose();
        }
        catch (IOException)
        {
            // What could not be written is not wanted.
        }
        File.Delete(unfinished);
    }
}
