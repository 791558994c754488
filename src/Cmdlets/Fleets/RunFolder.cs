namespace LguestPS.Cmdlets;

/// <summary>A folder for the files of one fleet's guests on a machine. It goes when the fleet is over; if the process is killed, the next one here removes it.</summary>
internal sealed class RunFolder : IDisposable
{
    private const string Beginning = "lguest-fleet-";
    private const string LockName = "lock";

    private readonly FileStream held;

    public RunFolder()
    {
        Path = Directory.CreateTempSubdirectory(Beginning).FullName;
        held = new FileStream(System.IO.Path.Combine(Path, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    public string Path { get; }

    /// <summary>Removes the folders whose processes are gone.</summary>
    public static void Sweep()
    {
        foreach (string folder in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Beginning + "*"))
        {
            try
            {
                // Whoever holds the lock lives; where there is none yet, somebody has just begun.
                using (new FileStream(System.IO.Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None)) { }
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    /// <summary>A path, if it is inside.</summary>
    /// <exception cref="IOException">It is not.</exception>
    public string Checked(string path) => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) == Path
        ? path
        : throw new IOException($"'{path}' is no file of this run");

    public void Dispose()
    {
        held.Dispose();
        Directory.Delete(Path, recursive: true);
    }
}
