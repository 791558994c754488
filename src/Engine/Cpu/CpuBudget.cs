namespace LguestPS.Cpu;

/// <summary>How far a vCPU may run before the host must look again. Each vCPU keeps the limit that it can measure.</summary>
/// <param name="Instructions">The most instructions to retire, at least 1; kept exactly by a vCPU that counts them. 1 is a single step on every vCPU.</param>
/// <param name="Until">The moment, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> tells it, at which a vCPU that cannot count instructions comes out.</param>
internal readonly record struct CpuBudget(long Instructions, long Until = long.MaxValue)
{
    public bool IsSingleStep => Instructions == 1;
}
