using System.Globalization;

namespace LguestPS.Tests.Soak;

/// <summary>A control group in which memory can be made short for a process.</summary>
internal sealed class MemoryPressure : IDisposable
{
    private readonly string folder;
    private readonly bool isSecond;
    private long kills;

    private MemoryPressure(string folder, bool isSecond) => (this.folder, this.isSecond) = (folder, isSecond);

    /// <returns>Null where this user may make none.</returns>
    public static MemoryPressure? TryMake(string name)
    {
        foreach ((string root, bool second) in new[] { ("/sys/fs/cgroup/memory", false), ("/sys/fs/cgroup", true) })
        {
            if (!File.Exists(Path.Combine(root, second ? "cgroup.controllers" : "memory.limit_in_bytes"))) continue;
            try
            {
                string folder = Directory.CreateDirectory(Path.Combine(root, name)).FullName;
                if (File.Exists(Path.Combine(folder, second ? "memory.max" : "memory.limit_in_bytes"))) return new MemoryPressure(folder, second);
                Directory.Delete(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not here.
            }
        }
        return null;
    }

    public void Add(int process) => Write("cgroup.procs", process);

    /// <summary>Leaves the process no more than it has, so that the kernel must take back whatever it can.</summary>
    public void Squeeze(int process, long kib)
    {
        kills = Kills();
        Write(isSecond ? "memory.high" : "memory.limit_in_bytes", kib * 1024);
    }

    public void Release()
    {
        if (isSecond) WriteText("memory.high", "max");
        else Write("memory.limit_in_bytes", -1);
    }

    /// <summary>Whether the kernel has killed a process of the group since it was squeezed.</summary>
    public bool HasKilled() => Kills() > kills;

    public void Dispose()
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Somebody is still in it; it goes with this machine.
        }
    }

    private long Kills() => File.ReadLines(Path.Combine(folder, isSecond ? "memory.events" : "memory.oom_control"))
        .Where(line => line.StartsWith("oom_kill ", StringComparison.Ordinal)).Select(line => long.Parse(line["oom_kill ".Length..], CultureInfo.InvariantCulture)).FirstOrDefault();

    private void Write(string file, long value) => WriteText(file, value.ToString(CultureInfo.InvariantCulture));

    private void WriteText(string file, string text)
    {
        try
        {
            File.WriteAllText(Path.Combine(folder, file), text);
        }
        catch (IOException)
        {
            // A limit below what cannot be taken back (EBUSY), or a process that has gone: there is pressure enough.
        }
    }
}
