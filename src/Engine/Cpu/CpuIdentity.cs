namespace LguestPS.Cpu;

/// <summary>What <c>cpuid</c> shows on every vCPU: a Pentium Pro without what is not emulated, and FXSAVE (Intel SDM volume 2, CPUID).</summary>
internal static class CpuIdentity
{
    private const uint FloatingPointUnit = 1 << 0;
    private const uint TimeStampCounter = 1 << 4;
    private const uint CompareExchange8 = 1 << 8;
    private const uint ConditionalMove = 1 << 15;
    private const uint ExtendedStateSave = 1 << 24;

    /// <summary>The leaf for the given eax; all zero for those there are not.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) Leaf(uint number) => number switch
    {
        0 => (1u, 0x756E6547u, 0x6C65746Eu, 0x49656E69u), // "GenuineIntel", in ebx, edx, ecx
        1 => (0x619u, 0u, 0u, FloatingPointUnit | TimeStampCounter | CompareExchange8 | ConditionalMove | ExtendedStateSave),
        _ => default,
    };
}
