namespace LguestPS.Cpu;

/// <summary>What <c>cpuid</c> shows on every vCPU, in every ring: what the original left of the host's processor, on a Core 2 without its 64 bits (Intel SDM volume 2, CPUID).</summary>
/// <remarks>The emulated CPU has the instructions of the features shown here and no others; <c>InstructionSet</c> reads them here.</remarks>
internal static class CpuIdentity
{
    /// <summary>edx of leaf 1.</summary>
    public const CpuFeatures Features = CpuFeatures.FloatingPointUnit | CpuFeatures.TimeStampCounter | CpuFeatures.PhysicalAddressExtension
        | CpuFeatures.CompareExchange8 | CpuFeatures.GlobalPages | CpuFeatures.ConditionalMove
        | CpuFeatures.Mmx | CpuFeatures.ExtendedStateSave | CpuFeatures.Sse | CpuFeatures.Sse2;

    /// <summary>ecx of leaf 1.</summary>
    public const MoreCpuFeatures MoreFeatures = MoreCpuFeatures.Sse3 | MoreCpuFeatures.Ssse3;

    /// <summary>CR0 as far as a guest can see it, but for TS: paging, write protection, numeric errors, an 80387's type, an FPU that wait minds, protected mode.</summary>
    public const uint ControlRegister0 = 0x80010033;

    /// <summary>Family 6, model 15, stepping 6.</summary>
    private const uint Version = 0x6F6;

    /// <summary>The leaf for the given eax; all zero for those there are not.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) Leaf(uint number) => number switch
    {
        0 => (2u, 0x756E6547u, 0x6C65746Eu, 0x49656E69u), // "GenuineIntel", in ebx, edx, ecx
        1 => (Version, 0u, (uint)MoreFeatures, (uint)Features),
        2 => (0x02B3B001u, 0xF0u, 0u, 0x2C04307Du), // 32 KiB of L1 each for code and data, 2 MiB of L2: a C library sizes its copies by them
        _ => default,
    };
}

/// <summary>Features in edx of leaf 1, in the order of their bits; the original let no others through.</summary>
[Flags]
internal enum CpuFeatures : uint
{
    FloatingPointUnit = 1 << 0,
    TimeStampCounter = 1 << 4,
    PhysicalAddressExtension = 1 << 6,
    CompareExchange8 = 1 << 8,
    GlobalPages = 1 << 13,
    ConditionalMove = 1 << 15,
    Mmx = 1 << 23,
    ExtendedStateSave = 1 << 24,
    Sse = 1 << 25,
    Sse2 = 1 << 26,
}

/// <summary>Features in ecx of leaf 1.</summary>
[Flags]
internal enum MoreCpuFeatures : uint
{
    None = 0,
    Sse3 = 1 << 0,
    Ssse3 = 1 << 9,
}
