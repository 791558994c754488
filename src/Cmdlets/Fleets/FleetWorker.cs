using System.ComponentModel;
using LguestPS.Fleets;

namespace LguestPS.Cmdlets;

/// <summary>The end of a fleet that runs cells on another machine, or in another process: what Invoke-LguestMatrix calls there.</summary>
/// <remarks>It takes and gives texts and bytes, since nothing else arrives as what it was. One fleet at a time uses it in a process.</remarks>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class FleetWorker
{
    private static readonly Lock Gate = new();
    private static readonly CancellationToken Never = CancellationToken.None;
    private static Session? session;

    /// <summary>Prepares for the cells of a matrix; what was left of another fleet is given up.</summary>
    /// <param name="matrix">What is to be known of it.</param>
    /// <param name="slots">How many guests run at a time; 0 for one for each processor.</param>
    /// <param name="cacheLimit">The most bytes of the cache of files.</param>
    /// <returns>What this machine says of itself.</returns>
    public static string Begin(string matrix, int slots, long cacheLimit)
    {
        lock (Gate)
        {
            session?.Dispose();
            session = null;
            RunFolder.Sweep();
            session = new Session(MatrixWire.Read(matrix), slots > 0 ? slots : Environment.ProcessorCount, cacheLimit);
            return new FleetHello(Environment.MachineName, Environment.ProcessId, Environment.ProcessorCount, session.Cache.Folder).Write();
        }
    }

    /// <summary>Of some files, by their hashes, those that are not here. The others are kept until the end.</summary>
    public static string[] Missing(string[] hashes)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        return [.. hashes.Where(hash => !Now.Cache.TryUse(hash))];
    }

    /// <summary>Takes a piece of a file.</summary>
    public static void Put(string hash, long offset, byte[] piece, long length) => Now.Cache.Add(hash, offset, piece, length);

    /// <summary>What the cache holds, in words.</summary>
    public static string CacheSize()
    {
        (int count, long bytes) = Now.Cache.Size;
        return $"{count} {(count == 1 ? "file" : "files")}, {bytes / 1048576.0:N1} MiB in {Now.Cache.Folder}";
    }

    /// <summary>Begins cells, and gives the results there are after waiting for the first.</summary>
    /// <returns>Lines of JSON.</returns>
    public static string[] Exchange(string cells, int milliseconds)
    {
        Session now = Now;
        foreach (CellWire wire in CellWire.Read(cells)) now.Pool.Start(wire.ToCell(now.Matrix), wire.Attempt);
        return [.. now.Pool.Take(TimeSpan.FromMilliseconds(milliseconds), Never).Select(result => result.ToJson())];
    }

    /// <summary>A piece of a file that was kept of a guest; empty at its end.</summary>
    public static byte[] Get(string path, long offset, int most)
    {
        using FileStream file = File.OpenRead(Now.Folder.Checked(path));
        file.Position = offset;
        byte[] piece = new byte[Math.Min(most, Math.Max(0, file.Length - offset))];
        file.ReadExactly(piece);
        return piece;
    }

    /// <summary>Removes a file that has been fetched.</summary>
    public static void Delete(string path) => File.Delete(Now.Folder.Checked(path));

    /// <summary>Stops all guests and leaves nothing but the cache.</summary>
    public static void End()
    {
        lock (Gate)
        {
            session?.Dispose();
            session = null;
        }
    }

    private static Session Now => session ?? throw new InvalidOperationException("No matrix is being run here.");

    private sealed class Session : IDisposable
    {
        private readonly ScriptChecks? scripts;

        public Session(GuestMatrix matrix, int slots, long cacheLimit)
        {
            Matrix = matrix;
            Folder = new RunFolder();
            Cache = new FileCache(FileCache.UsualFolder, cacheLimit);
            Pool = new CellPool(new CellRunOptions { OutputFolder = Folder.Path, RunScript = (check, evidence) => scripts!.Run(check, evidence) });
            scripts = matrix.NeedsPowerShell ? new ScriptChecks(slots, Pool.Stopping) : null;
        }

        public GuestMatrix Matrix { get; }

        public RunFolder Folder { get; }

        public FileCache Cache { get; }

        public CellPool Pool { get; }

        public void Dispose()
        {
            Pool.Dispose();
            scripts?.Dispose();
            Cache.Dispose();
            Folder.Dispose();
        }
    }
}
