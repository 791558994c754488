using System.Globalization;

namespace LguestPS.Tests.Soak;

/// <summary>A clock of the day that can be set for one process alone, by libfaketime. Its other clocks go on.</summary>
internal sealed class FaultyClock
{
    private const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

    private readonly string file;

    private FaultyClock(string file)
    {
        this.file = file;
        Set(0);
    }

    /// <summary>What the process must have in its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Library,
        ["FAKETIME_TIMESTAMP_FILE"] = file,
        ["FAKETIME_NO_CACHE"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["FAKETIME_DISABLE_SHM"] = "1",
        ["NO_FAKE_STAT"] = "1",
    };

    /// <returns>Null where the library is not installed.</returns>
    public static FaultyClock? TryMake(string file) => File.Exists(Library) ? new FaultyClock(file) : null;

    /// <summary>Sets the clock so many seconds beside the true time.</summary>
    public void Set(int seconds)
    {
        string next = file + ".next";
        File.WriteAllText(next, seconds.ToString("+0;-0;+0", CultureInfo.InvariantCulture));
        File.Move(next, file, overwrite: true);
    }
}
