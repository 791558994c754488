namespace LguestPS.Cpu.Emulated;

/// <summary>What an arithmetic instruction computes from st(0) and its other operand.</summary>
internal interface IFloatOperation
{
    static abstract Float80 Compute(Float80 top, Float80 other, ref FloatContext context);
}

internal readonly struct FloatAdd : IFloatOperation
{
    public static Float80 Compute(Float80 top, Float80 other, ref FloatContext context) => FloatMath.Add(top, other, ref context);
}

internal readonly struct FloatMultiply : IFloatOperation
{
    public static Float80 Compute(Float80 top, Float80 other, ref FloatContext context) => FloatMath.Multiply(top, other, ref context);
}

internal readonly struct FloatSubtract : IFloatOperation
{
    public static Float80 Compute(Float80 top, Float80 other, ref FloatContext context) => FloatMath.Subtract(top, other, ref context);
}

internal readonly struct FloatSubtractFrom : IFloatOperation
{
    public static Float80 Compute(Float80 top, Float80 other, ref FloatContext context) => FloatMath.Subtract(other, top, ref context);
}

internal readonly struct FloatDivide : IFloatOperation
{
    public static Float80 Compute(Float80 top, Float80 other, ref FloatContext context) => FloatMath.Divide(top, other, ref context);
}

internal readonly struct FloatDivideInto : IFloatOperation
{
    public static Float80 Compute(Float80 top, Float80 other, ref FloatContext context) => FloatMath.Divide(other, top, ref context);
}

/// <summary>fadd st(0), st(i) and the like.</summary>
internal readonly unsafe struct IntoTop<TOperation> : IFpuAction where TOperation : IFloatOperation
{
    public static void Run(CpuState* cpu, int i) => Arithmetic.Run<TOperation>(&cpu->Fpu, i, destination: 0);
}

/// <summary>fadd st(i), st(0), faddp st(i), st(0) and the like.</summary>
internal readonly unsafe struct IntoOther<TOperation, TPops> : IFpuAction where TOperation : IFloatOperation where TPops : IPops
{
    public static void Run(CpuState* cpu, int i)
    {
        if (Arithmetic.Run<TOperation>(&cpu->Fpu, i, destination: i) && TPops.Pops) cpu->Fpu.Pop();
    }
}

/// <summary>fadd m32 and the like.</summary>
internal readonly unsafe struct WithMemory<TOperation> : IFpuReads where TOperation : IFloatOperation
{
    public static void Run(FpuState* fpu, Float80 value, bool denormal)
    {
        if (fpu->IsEmpty(0))
        {
            if (fpu->ReportUnderflow()) FpuState.Set(fpu, 0, Float80.Indefinite);
            return;
        }

        Float80* top = FpuState.St(fpu, 0);
        FloatContext context = fpu->Context;
        if (denormal && !top->IsNaN) context.Raise(FpuExceptions.Denormal);
        Float80 result = TOperation.Compute(*top, value, ref context);
        if (fpu->Report(context)) *top = result;
    }
}

internal static unsafe class Arithmetic
{
    /// <returns>False if an unmasked exception stopped it.</returns>
    public static bool Run<TOperation>(FpuState* fpu, int i, int destination) where TOperation : IFloatOperation
    {
        if (fpu->IsEmpty(0) || fpu->IsEmpty(i))
        {
            if (!fpu->ReportUnderflow()) return false;
            FpuState.Set(fpu, destination, Float80.Indefinite);
            return true;
        }

        FloatContext context = fpu->Context;
        Float80 result = TOperation.Compute(*FpuState.St(fpu, 0), *FpuState.St(fpu, i), ref context);
        if (!fpu->Report(context)) return false;
        *FpuState.St(fpu, destination) = result;
        return true;
    }
}

/// <summary>A function of st(0) that replaces it.</summary>
internal interface IFloatFunction
{
    static abstract Float80 Compute(Float80 top, ref FloatContext context);
}

/// <summary>A function of st(0) and st(1).</summary>
internal interface IFloatFunction2
{
    static abstract Float80 Compute(Float80 top, Float80 next, ref FloatContext context);
}

internal readonly unsafe struct Unary<TFunction> : IFpuAction where TFunction : IFloatFunction
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        if (fpu->IsEmpty(0))
        {
            if (fpu->ReportUnderflow()) FpuState.Set(fpu, 0, Float80.Indefinite);
            return;
        }

        FloatContext context = fpu->Context;
        Float80 result = TFunction.Compute(*FpuState.St(fpu, 0), ref context);
        if (fpu->Report(context)) *FpuState.St(fpu, 0) = result;
    }
}

/// <summary>fsin and its kin: a function of st(0) that is not computed for large arguments.</summary>
internal readonly unsafe struct UnaryInRange<TFunction, TSecond> : IFpuAction where TFunction : IFloatFunction where TSecond : ISecondResult
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        bool overflow = TSecond.Exists && !fpu->IsEmpty(7);
        if (fpu->IsEmpty(0) || overflow)
        {
            fpu->Status &= 0xFFFF & ~StatusWord.C2;
            if (!(fpu->IsEmpty(0) ? fpu->ReportUnderflow() : fpu->ReportOverflow())) return;
            FpuState.Set(fpu, 0, Float80.Indefinite);
            if (TSecond.Exists) FpuState.Push(fpu, Float80.Indefinite);
            return;
        }

        Float80 top = *FpuState.St(fpu, 0);
        if (FloatMath.IsOutOfTrigonometricRange(top))
        {
            fpu->Status = (ushort)(fpu->Status & StatusWord.NotC1 | StatusWord.C2);
            return;
        }

        fpu->Status &= 0xFFFF & ~StatusWord.C2;
        FloatContext context = fpu->WholeContext;
        Float80 result = TFunction.Compute(top, ref context);
        Float80 second = result.IsNaN || !TSecond.Exists ? result : TSecond.Compute(top, ref context);
        if (!fpu->Report(context)) return;
        *FpuState.St(fpu, 0) = result;
        if (TSecond.Exists) FpuState.Push(fpu, second);
    }
}

/// <summary>What fsincos and fptan push beside their first result; after a NaN that is the NaN.</summary>
internal interface ISecondResult
{
    static abstract bool Exists { get; }
    static abstract Float80 Compute(Float80 argument, ref FloatContext context);
}

internal readonly struct NoSecond : ISecondResult
{
    public static bool Exists => false;
    public static Float80 Compute(Float80 argument, ref FloatContext context) => default;
}

internal readonly struct SecondIsOne : ISecondResult
{
    public static bool Exists => true;
    public static Float80 Compute(Float80 argument, ref FloatContext context) => Float80.One;
}

internal readonly struct SecondIsCosine : ISecondResult
{
    public static bool Exists => true;
    public static Float80 Compute(Float80 argument, ref FloatContext context) => FloatMath.Cosine(argument, ref context);
}

/// <summary>A function of st(0) and st(1) whose result replaces st(1) as the stack is popped, or st(0).</summary>
internal readonly unsafe struct Binary<TFunction, TPops> : IFpuAction where TFunction : IFloatFunction2 where TPops : IPops
{
    public static void Run(CpuState* cpu, int i)
    {
        FpuState* fpu = &cpu->Fpu;
        Float80 result = Float80.Indefinite;
        if (fpu->IsEmpty(0) || fpu->IsEmpty(1))
        {
            if (!fpu->ReportUnderflow()) return;
        }
        else
        {
            FloatContext context = fpu->WholeContext;
            result = TFunction.Compute(*FpuState.St(fpu, 0), *FpuState.St(fpu, 1), ref context);
            if (!fpu->Report(context)) return;
        }

        if (TPops.Pops) fpu->Pop();
        FpuState.Set(fpu, 0, result);
    }
}

internal readonly struct SquareRoot : IFloatFunction
{
    public static Float80 Compute(Float80 top, ref FloatContext context) => FloatMath.SquareRoot(top, ref context);
}

internal readonly struct RoundToIntegral : IFloatFunction
{
    public static Float80 Compute(Float80 top, ref FloatContext context) => FloatMath.RoundToIntegral(top, ref context);
}

internal readonly struct PowerOfTwoMinusOne : IFloatFunction
{
    public static Float80 Compute(Float80 top, ref FloatContext context)
    {
        context.IgnorePrecision();
        return FloatMath.PowerOfTwoMinusOne(top, ref context);
    }
}

internal readonly struct Sine : IFloatFunction
{
    public static Float80 Compute(Float80 top, ref FloatContext context) => FloatMath.Sine(top, ref context);
}

internal readonly struct Cosine : IFloatFunction
{
    public static Float80 Compute(Float80 top, ref FloatContext context) => FloatMath.Cosine(top, ref context);
}

internal readonly struct Tangent : IFloatFunction
{
    public static Float80 Compute(Float80 top, ref FloatContext context) => FloatMath.Tangent(top, ref context);
}

internal readonly struct ArcTangent : IFloatFunction2
{
    public static Float80 Compute(Float80 top, Float80 next, ref FloatContext context) => FloatMath.ArcTangent(next, top, ref context);
}

internal readonly struct TimesLogarithm : IFloatFunction2
{
    public static Float80 Compute(Float80 top, Float80 next, ref FloatContext context) => FloatMath.TimesLogarithm(top, next, ref context);
}

internal readonly struct TimesLogarithmOfNext : IFloatFunction2
{
    public static Float80 Compute(Float80 top, Float80 next, ref FloatContext context) => FloatMath.TimesLogarithmOfNext(top, next, ref context);
}

internal readonly struct Scale : IFloatFunction2
{
    public static Float80 Compute(Float80 top, Float80 next, ref FloatContext context) => FloatMath.Scale(top, next, ref context);
}
