namespace LguestPS.Cpu.Emulated;

/// <summary>How the lanes of one instruction round, and what came of them: MXCSR before and after (Intel SDM volume 1, 11.5).</summary>
internal unsafe struct FloatLanes
{
    /// <summary>Found before anything is computed. If one of them is unmasked, nothing is.</summary>
    private const FpuExceptions OfOperands = FpuExceptions.Invalid | FpuExceptions.Denormal | FpuExceptions.ZeroDivide;

    private readonly uint mxcsr;
    private FpuExceptions raised;

    public FloatLanes(uint mxcsr) => this.mxcsr = mxcsr;

    public readonly RoundingMode Rounding => (RoundingMode)(mxcsr >> MxcsrBits.RoundingShift & 3);

    public readonly bool DenormalsAreZero => (mxcsr & MxcsrBits.DenormalsAreZero) != 0;

    public readonly bool FlushesToZero => (mxcsr & MxcsrBits.FlushToZero) != 0;

    private readonly FpuExceptions Unmasked => (FpuExceptions)(~mxcsr >> MxcsrBits.MaskShift) & FpuExceptions.All;

    public readonly bool IsUnmasked(FpuExceptions exception) => (Unmasked & exception) != 0;

    public void Raise(FpuExceptions exceptions) => raised |= exceptions;

    /// <summary>Puts the exceptions in MXCSR; one that is not masked is raised as a fault.</summary>
    public readonly void Finish(CpuState* cpu)
    {
        FpuExceptions seen = (raised & OfOperands & Unmasked) != 0 ? raised & OfOperands : raised;
        cpu->Vectors.SetMxcsr(mxcsr | (uint)seen);
        if ((seen & Unmasked) != 0) CpuState.Raise(cpu, Vector.SimdFloatingPoint);
    }
}
