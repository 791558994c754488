namespace LguestPS.Cpu.Emulated;

/// <summary>fld m32, m64 and fild: the number goes on the stack.</summary>
internal readonly unsafe struct PushNumber : IFpuReads
{
    public static void Run(FpuState* fpu, Float80 value, bool denormal)
    {
        if (!fpu->IsEmpty(7))
        {
            if (fpu->ReportOverflow()) FpuState.Push(fpu, Float80.Indefinite);
            return;
        }

        FloatContext context = fpu->WholeContext;
        if (denormal) context.Raise(FpuExceptions.Denormal);
        if (value.IsSignaling)
        {
            context.Raise(FpuExceptions.Invalid);
            value = value.Quiet;
        }

        // A denormal operand is loaded even if that traps; it is normal by then.
        if (fpu->Report(context) || (context.Raised & FpuExceptions.Invalid) == 0) FpuState.Push(fpu, value);
    }
}

/// <summary>fcom and ficom with an operand in memory.</summary>
internal readonly unsafe struct CompareWithMemory<TPops> : IFpuReads where TPops : IPops
{
    public static void Run(FpuState* fpu, Float80 value, bool denormal)
    {
        bool done;
        if (fpu->IsEmpty(0))
        {
            Comparison.SetConditions(fpu, null);
            done = fpu->ReportUnderflow();
        }
        else
        {
            Float80 top = *FpuState.St(fpu, 0);
            FloatContext context = fpu->Context;
            if (denormal && !top.IsNaN) context.Raise(FpuExceptions.Denormal);
            int? order = FloatMath.Compare(top, value, quiet: false, ref context);
            Comparison.SetConditions(fpu, order);
            done = fpu->Report(context);
        }

        if (done && TPops.Pops) fpu->Pop();
    }
}

/// <summary>Whether quiet NaNs are an invalid operation: fcom or fucom.</summary>
internal interface IStrictness
{
    static abstract bool IsQuiet { get; }
}

internal readonly struct Strict : IStrictness
{
    public static bool IsQuiet => false;
}

internal readonly struct Lenient : IStrictness
{
    public static bool IsQuiet => true;
}

/// <summary>fcom and fucom, with their popping forms.</summary>
internal readonly unsafe struct CompareRegisters<TStrictness, TPops> : IFpuAction where TStrictness : IStrictness where TPops : IPops
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        bool done = Comparison.Run(fpu, i, TStrictness.IsQuiet, out int? order);
        Comparison.SetConditions(fpu, order);
        if (done && TPops.Pops) fpu->Pop();
    }
}

/// <summary>fcompp and fucompp.</summary>
internal readonly unsafe struct CompareAndPopBoth<TStrictness> : IFpuAction where TStrictness : IStrictness
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        bool done = Comparison.Run(fpu, 1, TStrictness.IsQuiet, out int? order);
        Comparison.SetConditions(fpu, order);
        if (!done) return;
        fpu->Pop();
        fpu->Pop();
    }
}

/// <summary>fcomi, fucomi: the result goes to eflags, the others of the six are cleared.</summary>
internal readonly unsafe struct CompareToFlags<TStrictness, TPops> : IFpuAction where TStrictness : IStrictness where TPops : IPops
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        bool done = Comparison.Run(fpu, i, TStrictness.IsQuiet, out int? order);
        uint flags = order switch
        {
            null => Eflags.Zero | Eflags.Parity | Eflags.Carry,
            0 => Eflags.Zero,
            < 0 => Eflags.Carry,
            _ => 0,
        };
        LazyFlags.Write(cpu, cpu->Registers.Eflags & ~LazyFlags.Status | flags);
        if (done && TPops.Pops) fpu->Pop();
    }
}

/// <summary>ftst.</summary>
internal readonly unsafe struct CompareWithZero : IFpuAction
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        if (fpu->IsEmpty(0))
        {
            fpu->ReportUnderflow();
            Comparison.SetConditions(fpu, null);
            return;
        }

        FloatContext context = fpu->Context;
        int? order = FloatMath.Compare(*FpuState.St(fpu, 0), default, quiet: false, ref context);
        fpu->Report(context);
        Comparison.SetConditions(fpu, order);
    }
}

internal static unsafe class Comparison
{
    /// <summary>Compares st(0) with st(i).</summary>
    /// <returns>False if an unmasked exception forbids to pop.</returns>
    public static bool Run(FpuState* fpu, int i, bool quiet, out int? order)
    {
        order = null;
        if (fpu->IsEmpty(0) || fpu->IsEmpty(i)) return fpu->ReportUnderflow();
        FloatContext context = fpu->Context;
        order = FloatMath.Compare(*FpuState.St(fpu, 0), *FpuState.St(fpu, i), quiet, ref context);
        return fpu->Report(context);
    }

    public static void SetConditions(FpuState* fpu, int? order)
    {
        int conditions = order switch
        {
            null => StatusWord.C3 | StatusWord.C2 | StatusWord.C0,
            0 => StatusWord.C3,
            < 0 => StatusWord.C0,
            _ => 0,
        };
        fpu->Status = (ushort)(fpu->Status & StatusWord.NotConditions | conditions);
    }
}

/// <summary>fxam: the class of st(0), even if it is empty.</summary>
internal readonly unsafe struct Examine : IFpuAction
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        Float80 top = *FpuState.St(fpu, 0);
        int conditions = fpu->IsEmpty(0) ? StatusWord.C3 | StatusWord.C0
            : top.IsUnsupported ? 0
            : top.IsNaN ? StatusWord.C0
            : top.IsInfinity ? StatusWord.C2 | StatusWord.C0
            : top.IsZero ? StatusWord.C3
            : top.IsDenormal ? StatusWord.C3 | StatusWord.C2
            : StatusWord.C2;
        if (top.IsNegative) conditions |= StatusWord.C1;
        fpu->Status = (ushort)(fpu->Status & StatusWord.NotConditions | conditions);
    }
}

/// <summary>fld st(i).</summary>
internal readonly unsafe struct PushRegister : IFpuAction
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        if (!fpu->IsEmpty(7) || fpu->IsEmpty(i))
        {
            if (fpu->IsEmpty(i) ? fpu->ReportUnderflow() : fpu->ReportOverflow()) FpuState.Push(fpu, Float80.Indefinite);
            return;
        }

        fpu->Status &= StatusWord.NotC1;
        FpuState.Push(fpu, *FpuState.St(fpu, i));
    }
}

/// <summary>fst st(i) and fstp st(i).</summary>
internal readonly unsafe struct CopyTop<TPops> : IFpuAction where TPops : IPops
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        Float80 value = *FpuState.St(fpu, 0);
        if (fpu->IsEmpty(0))
        {
            if (!fpu->ReportUnderflow()) return;
            value = Float80.Indefinite;
        }

        fpu->Status &= StatusWord.NotC1;
        FpuState.Set(fpu, i, value);
        if (TPops.Pops) fpu->Pop();
    }
}

/// <summary>The other encoding of fstp st(i) (D9 D8): from an empty register it copies nothing, and no harm done.</summary>
internal readonly unsafe struct CopyTopQuietly : IFpuAction
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        fpu->Status &= StatusWord.NotC1;
        if (!fpu->IsEmpty(0)) FpuState.Set(fpu, i, *FpuState.St(fpu, 0));
        fpu->Pop();
    }
}

/// <summary>fxch.</summary>
internal readonly unsafe struct ExchangeWithTop : IFpuAction
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        if (fpu->IsEmpty(0) || fpu->IsEmpty(i))
        {
            if (!fpu->ReportUnderflow()) return;
            if (fpu->IsEmpty(0)) FpuState.Set(fpu, 0, Float80.Indefinite);
            if (fpu->IsEmpty(i)) FpuState.Set(fpu, i, Float80.Indefinite);
        }

        fpu->Status &= StatusWord.NotC1;
        Float80 value = *FpuState.St(fpu, 0);
        *FpuState.St(fpu, 0) = *FpuState.St(fpu, i);
        *FpuState.St(fpu, i) = value;
    }
}

/// <summary>fcmovcc; an empty register is a fault whatever the condition.</summary>
internal readonly unsafe struct CopyIf<TCondition> : IFpuAction where TCondition : ICondition
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        if (fpu->IsEmpty(0) || fpu->IsEmpty(i))
        {
            if (fpu->ReportUnderflow()) FpuState.Set(fpu, 0, Float80.Indefinite);
            return;
        }

        fpu->Status &= StatusWord.NotC1;
        if (TCondition.Holds(cpu)) *FpuState.St(fpu, 0) = *FpuState.St(fpu, i);
    }
}

internal readonly unsafe struct ChangeSign : IFpuAction
{
    public static void Run(CpuState* cpu, int i) => Signs.Set(&cpu->Fpu, FpuState.St(&cpu->Fpu, 0)->Negated);
}

internal readonly unsafe struct AbsoluteValue : IFpuAction
{
    public static void Run(CpuState* cpu, int i) => Signs.Set(&cpu->Fpu, FpuState.St(&cpu->Fpu, 0)->Magnitude);
}

internal static unsafe class Signs
{
    public static void Set(FpuState* fpu, Float80 value)
    {
        if (fpu->IsEmpty(0))
        {
            if (!fpu->ReportUnderflow()) return;
            value = Float80.Indefinite;
        }

        fpu->Status &= StatusWord.NotC1;
        FpuState.Set(fpu, 0, value);
    }
}

/// <summary>fprem and fprem1.</summary>
internal readonly unsafe struct PartialRemainder<TNearest> : IFpuAction where TNearest : INearest
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        fpu->Status &= 0xFFFF & ~StatusWord.C2;
        if (fpu->IsEmpty(0) || fpu->IsEmpty(1))
        {
            if (fpu->ReportUnderflow()) FpuState.Set(fpu, 0, Float80.Indefinite);
            return;
        }

        FloatContext context = fpu->WholeContext;
        Float80 result = FloatMath.Remainder(
            *FpuState.St(fpu, 0), *FpuState.St(fpu, 1), TNearest.IsNearest, ref context, out ulong? quotient);
        if (!fpu->Report(context)) return;
        *FpuState.St(fpu, 0) = result;
        if (result.IsNaN) return;
        fpu->Status &= StatusWord.NotConditions;
        if (quotient is not { } bits) fpu->Status |= StatusWord.C2;
        else fpu->Status |= (ushort)(((bits & 4) != 0 ? StatusWord.C0 : 0) | ((bits & 2) != 0 ? StatusWord.C3 : 0) | ((bits & 1) != 0 ? StatusWord.C1 : 0));
    }
}

internal interface INearest
{
    static abstract bool IsNearest { get; }
}

internal readonly struct Truncating : INearest
{
    public static bool IsNearest => false;
}

internal readonly struct ToNearest : INearest
{
    public static bool IsNearest => true;
}

/// <summary>fxtract: the exponent replaces st(0), and the significand is pushed.</summary>
internal readonly unsafe struct ExtractParts : IFpuAction
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        if (fpu->IsEmpty(0) || !fpu->IsEmpty(7))
        {
            if (!(fpu->IsEmpty(0) ? fpu->ReportUnderflow() : fpu->ReportOverflow())) return;
            FpuState.Set(fpu, 0, Float80.Indefinite);
            FpuState.Push(fpu, Float80.Indefinite);
            return;
        }

        FloatContext context = fpu->WholeContext;
        (Float80 exponent, Float80 significand) = FloatMath.Extract(*FpuState.St(fpu, 0), ref context);
        if (!fpu->Report(context)) return;
        *FpuState.St(fpu, 0) = exponent;
        FpuState.Push(fpu, significand);
    }
}

/// <summary>fincstp and fdecstp.</summary>
internal readonly unsafe struct TurnStack<TDirection> : IFpuAction where TDirection : IDirection
{
    public static void Run(CpuState* cpu, int i)
    {
        cpu->Fpu.Top = (byte)(cpu->Fpu.Top + TDirection.Step & 7);
        cpu->Fpu.Status &= StatusWord.NotC1;
    }
}

internal interface IDirection
{
    static abstract int Step { get; }
}

internal readonly struct Upwards : IDirection
{
    public static int Step => 1;
}

internal readonly struct Downwards : IDirection
{
    public static int Step => -1;
}

/// <summary>ffree, and the undocumented ffreep.</summary>
internal readonly unsafe struct FreeRegister<TPops> : IFpuAction where TPops : IPops
{
    public static void Run(CpuState* cpu, int i)
    {
        cpu->Fpu.Status &= StatusWord.NotC1;
        cpu->Fpu.Free(i);
        if (TPops.Pops) cpu->Fpu.Pop();
    }
}

/// <summary>fnop.</summary>
internal readonly unsafe struct NoFloatOperation : IFpuAction
{
    public static void Run(CpuState* cpu, int i)
    {
    }
}
