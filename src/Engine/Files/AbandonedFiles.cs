namespace LguestPS.Files;

/// <summary>What processes that were killed left of files they were writing beside the ones to be replaced ("run.lguest.1234.tmp").</summary>
internal static class AbandonedFiles
{
    private const string Ending = ".tmp";
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(1);

    /// <summary>The name under which this process writes a file until it is whole.</summary>
    public static string UnfinishedName(string path) => $"{path}.{Environment.ProcessId}{Ending}";

    /// <summary>Deletes what others began to write for this path and never finished: nobody has it open, or has touched it for a minute.</summary>
    /// <param name="path">An absolute path.</param>
    public static void Delete(string path)
    {
        if (Path.GetDirectoryName(path) is not { } folder) return;
        string name = Path.GetFileName(path) + '.';
        try
        {
            foreach (string other in Directory.EnumerateFiles(folder, $"*{Ending}"))
            {
                ReadOnlySpan<char> rest = Path.GetFileName(other.AsSpan());
                if (rest.Length <= name.Length + Ending.Length || !rest.StartsWith(name, StringComparison.Ordinal)) continue;
                if (!int.TryParse(rest[name.Length..^Ending.Length], out int process) || process == Environment.ProcessId) continue;
                if (DateTime.UtcNow - File.GetLastWriteTimeUtc(other) < Age) continue;
                // Whoever still writes it has it locked.
                using (new FileStream(other, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) File.Delete(other);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is somebody else's, or still being written.
        }
    }
}
