using System.Diagnostics;

namespace LguestPS.Bench;

/// <summary>Memory of this process that is really there.</summary>
internal static class ResidentMemory
{
    /// <summary>Bytes, after everything that can be collected was.</summary>
    public static long Measure()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using Process self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }
}
