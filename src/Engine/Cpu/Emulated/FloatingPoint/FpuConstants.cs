namespace LguestPS.Cpu.Emulated;

/// <summary>fld1, fldpi and their kin: a constant, rounded as the control word says.</summary>
internal readonly unsafe struct PushConstant<TConstant> : IFpuAction where TConstant : IConstant
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        if (!fpu->IsEmpty(7))
        {
            if (fpu->ReportOverflow()) FpuState.Push(fpu, Float80.Indefinite);
            return;
        }

        fpu->Status &= StatusWord.NotC1;
        FloatContext context = fpu->WholeContext;
        Wide value = TConstant.Value;
        FpuState.Push(fpu, value.IsZero ? default
            : context.Round(false, value.Exponent + Float80.Bias, (ulong)(value.Significand >> 64), (ulong)value.Significand));
    }
}

internal interface IConstant
{
    static abstract Wide Value { get; }
}

internal readonly struct ConstantOne : IConstant
{
    public static Wide Value => Wide.One;
}

internal readonly struct ConstantZero : IConstant
{
    public static Wide Value => default;
}

internal readonly struct ConstantPi : IConstant
{
    public static Wide Value => Wide.Pi;
}

internal readonly struct ConstantLog2Of10 : IConstant
{
    public static Wide Value => Wide.Log2Of10;
}

internal readonly struct ConstantLog2OfE : IConstant
{
    public static Wide Value => Wide.Log2OfE;
}

internal readonly struct ConstantLog10Of2 : IConstant
{
    public static Wide Value => Wide.Log10Of2;
}

internal readonly struct ConstantLn2 : IConstant
{
    public static Wide Value => Wide.Ln2;
}
