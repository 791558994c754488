using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>Which encodings exist: those of an i686 with the features that <see cref="CpuIdentity"/> shows, and the hints that every i686 takes for nothing.</summary>
internal static class InstructionSet
{
    /// <summary>Where a newer processor reads more into an encoding: a hint is a no-op, and a prefix without a meaning is ignored.</summary>
    public const DecoderOptions Decoding =
        DecoderOptions.ForceReservedNop | DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD | DecoderOptions.NoWbnoinvd;

    /// <summary>False for an encoding that belongs to a feature this processor does not show, and for one that belongs to none.</summary>
    public static bool Has(Code code)
    {
        if (code == Code.INVALID) return false;
        foreach (CpuidFeature feature in code.CpuidFeatures())
            if (!Has(feature)) return false;
        return true;
    }

    /// <summary>True for vmcall and vmmcall without prefixes. This processor has neither, but guests of some eras make their hypercalls with them.</summary>
    public static bool IsVmcall(in Instruction instruction) => instruction is { Code: Code.Vmcall or Code.Vmmcall, Length: 3 };

    private static bool Has(CpuidFeature feature) => feature switch
    {
        CpuidFeature.INTEL8086 or CpuidFeature.INTEL8086_ONLY or CpuidFeature.INTEL186 or CpuidFeature.INTEL286 or CpuidFeature.INTEL386
            or CpuidFeature.INTEL486 or CpuidFeature.CPUID or CpuidFeature.MSR or CpuidFeature.RDPMC
            or CpuidFeature.MULTIBYTENOP or CpuidFeature.PAUSE or CpuidFeature.PREFETCHW => true,
        CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387 => Shows(CpuFeatures.FloatingPointUnit),
        CpuidFeature.TSC => Shows(CpuFeatures.TimeStampCounter),
        CpuidFeature.CX8 => Shows(CpuFeatures.CompareExchange8),
        CpuidFeature.CMOV => Shows(CpuFeatures.ConditionalMove),
        CpuidFeature.FXSR => Shows(CpuFeatures.ExtendedStateSave),
        CpuidFeature.MMX => Shows(CpuFeatures.Mmx),
        CpuidFeature.SSE => Shows(CpuFeatures.Sse),
        CpuidFeature.SSE2 or CpuidFeature.CLFSH => Shows(CpuFeatures.Sse2),
        CpuidFeature.SSE3 => Shows(MoreCpuFeatures.Sse3),
        CpuidFeature.SSSE3 => Shows(MoreCpuFeatures.Ssse3),
        _ => false,
    };

    private static bool Shows(CpuFeatures feature) => (CpuIdentity.Features & feature) == feature;

    private static bool Shows(MoreCpuFeatures feature) => (CpuIdentity.MoreFeatures & feature) == feature;
}
