using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

internal enum FloatRelation
{
    Less,
    Equal,
    Greater,
    Unordered,
}

/// <summary>One of the conditions of cmpps and its like. The others are their complements (see <see cref="Opposite{TPredicate}"/>).</summary>
internal interface IFloatPredicate
{
    /// <summary>A quiet NaN is invalid, too.</summary>
    static abstract bool IsSignaling { get; }

    static abstract bool Holds(FloatRelation relation);
    static abstract Vector128<float> Compare(Vector128<float> first, Vector128<float> second);
    static abstract Vector128<double> Compare(Vector128<double> first, Vector128<double> second);
}

internal readonly struct FloatEqual : IFloatPredicate
{
    public static bool IsSignaling => false;
    public static bool Holds(FloatRelation relation) => relation == FloatRelation.Equal;
    public static Vector128<float> Compare(Vector128<float> first, Vector128<float> second) => Vector128.Equals(first, second);
    public static Vector128<double> Compare(Vector128<double> first, Vector128<double> second) => Vector128.Equals(first, second);
}

internal readonly struct FloatLess : IFloatPredicate
{
    public static bool IsSignaling => true;
    public static bool Holds(FloatRelation relation) => relation == FloatRelation.Less;
    public static Vector128<float> Compare(Vector128<float> first, Vector128<float> second) => Vector128.LessThan(first, second);
    public static Vector128<double> Compare(Vector128<double> first, Vector128<double> second) => Vector128.LessThan(first, second);
}

internal readonly struct FloatLessOrEqual : IFloatPredicate
{
    public static bool IsSignaling => true;
    public static bool Holds(FloatRelation relation) => relation is FloatRelation.Less or FloatRelation.Equal;
    public static Vector128<float> Compare(Vector128<float> first, Vector128<float> second) => Vector128.LessThanOrEqual(first, second);
    public static Vector128<double> Compare(Vector128<double> first, Vector128<double> second) => Vector128.LessThanOrEqual(first, second);
}

internal readonly struct FloatUnordered : IFloatPredicate
{
    public static bool IsSignaling => false;
    public static bool Holds(FloatRelation relation) => relation == FloatRelation.Unordered;
    public static Vector128<float> Compare(Vector128<float> first, Vector128<float> second) => ~(Vector128.Equals(first, first) & Vector128.Equals(second, second));
    public static Vector128<double> Compare(Vector128<double> first, Vector128<double> second) => ~(Vector128.Equals(first, first) & Vector128.Equals(second, second));
}

internal readonly struct Opposite<TPredicate> : IFloatPredicate where TPredicate : IFloatPredicate
{
    public static bool IsSignaling => TPredicate.IsSignaling;
    public static bool Holds(FloatRelation relation) => !TPredicate.Holds(relation);
    public static Vector128<float> Compare(Vector128<float> first, Vector128<float> second) => ~TPredicate.Compare(first, second);
    public static Vector128<double> Compare(Vector128<double> first, Vector128<double> second) => ~TPredicate.Compare(first, second);
}

/// <summary>cmpps and cmppd.</summary>
internal readonly unsafe struct PackedCompare<TPredicate, TFormat> : IVectorAction where TPredicate : IFloatPredicate where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = TFormat.Compare<TPredicate>(first, second);
        return TFormat.AreComparable(first, second);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        CarefulComparison.Run<TPredicate, TFormat>(cpu, first, second, 128 / TFormat.Bits);
}

/// <summary>cmpss and cmpsd.</summary>
internal readonly unsafe struct ScalarCompare<TPredicate, TFormat> : IVectorAction where TPredicate : IFloatPredicate where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = TFormat.With(first, 0, TPredicate.Holds(TFormat.Relate(first, second)) ? ulong.MaxValue : 0);
        return TFormat.AreComparableScalars(first, second);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        CarefulComparison.Run<TPredicate, TFormat>(cpu, first, second, 1);
}

/// <summary>comiss, ucomisd and their like; see <see cref="FlagsPlace"/>. Only <typeparamref name="TPredicate"/>'s way with NaNs counts.</summary>
internal readonly unsafe struct CompareToStatus<TPredicate, TFormat> : IVectorAction where TPredicate : IFloatPredicate where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = Flags(TFormat.Relate(first, second));
        return TFormat.AreComparableScalars(first, second);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        var lanes = new FloatLanes(cpu->Vectors.Mxcsr);
        FloatRelation relation = CarefulComparison.Relate<TFormat>(TFormat.Get(first, 0), TFormat.Get(second, 0), TPredicate.IsSignaling, ref lanes);
        lanes.Finish(cpu);
        return Flags(relation);
    }

    /// <summary>ZF, PF and CF (Intel SDM volume 2, COMISD); in a result, bit 32 makes the parity odd.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Flags(FloatRelation relation)
    {
        bool carry = relation is FloatRelation.Less or FloatRelation.Unordered, zero = relation is FloatRelation.Equal or FloatRelation.Unordered;
        ulong result = (relation == FloatRelation.Unordered ? 0 : 1UL << 32) | (zero ? 0UL : 0x100);
        return Vector128.Create(LazyFlags.Carries(carry ? 1u : 0, 0), result).AsByte();
    }
}

/// <summary>minps, maxsd and their like: the second operand unless the first is certainly smaller, or larger.</summary>
internal readonly unsafe struct PackedSelection<TPredicate, TFormat> : IVectorAction where TPredicate : IFloatPredicate where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = Vector128.ConditionalSelect(TFormat.Compare<TPredicate>(first, second), first, second);
        return TFormat.AreComparable(first, second);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        CarefulComparison.Select<TPredicate, TFormat>(cpu, first, second, 128 / TFormat.Bits);
}

internal readonly unsafe struct ScalarSelection<TPredicate, TFormat> : IVectorAction where TPredicate : IFloatPredicate where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = TPredicate.Holds(TFormat.Relate(first, second)) ? first : TFormat.With(first, 0, TFormat.Get(second, 0));
        return TFormat.AreComparableScalars(first, second);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        CarefulComparison.Select<TPredicate, TFormat>(cpu, first, second, 1);
}

/// <summary>What max selects by; no predicate of cmpps.</summary>
internal readonly struct FloatGreater : IFloatPredicate
{
    public static bool IsSignaling => true;
    public static bool Holds(FloatRelation relation) => relation == FloatRelation.Greater;
    public static Vector128<float> Compare(Vector128<float> first, Vector128<float> second) => Vector128.GreaterThan(first, second);
    public static Vector128<double> Compare(Vector128<double> first, Vector128<double> second) => Vector128.GreaterThan(first, second);
}

/// <summary>Comparisons of every operand and under every MXCSR.</summary>
internal static unsafe class CarefulComparison
{
    public static FloatRelation Relate<TFormat>(ulong x, ulong y, bool signaling, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (SoftFloat.IsNaN<TFormat>(x) || SoftFloat.IsNaN<TFormat>(y))
        {
            if (signaling || SoftFloat.IsSignaling<TFormat>(x) || SoftFloat.IsSignaling<TFormat>(y)) lanes.Raise(FpuExceptions.Invalid);
            return FloatRelation.Unordered;
        }

        (x, y) = (SoftFloat.Operand<TFormat>(x, lanes), SoftFloat.Operand<TFormat>(y, lanes));
        SoftFloat.NoteDenormals<TFormat>(x, y, ref lanes);
        if (x == y || SoftFloat.IsZero<TFormat>(x) && SoftFloat.IsZero<TFormat>(y)) return FloatRelation.Equal;
        bool negative = SoftFloat.IsNegative<TFormat>(x);
        if (negative != SoftFloat.IsNegative<TFormat>(y)) return negative ? FloatRelation.Less : FloatRelation.Greater;
        return x < y != negative ? FloatRelation.Less : FloatRelation.Greater;
    }

    public static Vector128<byte> Run<TPredicate, TFormat>(CpuState* cpu, Vector128<byte> first, Vector128<byte> second, int count)
        where TPredicate : IFloatPredicate where TFormat : IFloatFormat
    {
        var lanes = new FloatLanes(cpu->Vectors.Mxcsr);
        Vector128<byte> result = first;
        for (int i = 0; i < count; i++)
        {
            FloatRelation relation = Relate<TFormat>(TFormat.Get(first, i), TFormat.Get(second, i), TPredicate.IsSignaling, ref lanes);
            result = TFormat.With(result, i, TPredicate.Holds(relation) ? ulong.MaxValue : 0);
        }

        lanes.Finish(cpu);
        return result;
    }

    public static Vector128<byte> Select<TPredicate, TFormat>(CpuState* cpu, Vector128<byte> first, Vector128<byte> second, int count)
        where TPredicate : IFloatPredicate where TFormat : IFloatFormat
    {
        var lanes = new FloatLanes(cpu->Vectors.Mxcsr);
        Vector128<byte> result = first;
        for (int i = 0; i < count; i++)
        {
            ulong x = TFormat.Get(first, i), y = TFormat.Get(second, i);
            ulong chosen = TPredicate.Holds(Relate<TFormat>(x, y, signaling: true, ref lanes)) ? x : y;

            // A NaN goes through as it is; a denormal as what it counts as.
            result = TFormat.With(result, i, SoftFloat.Operand<TFormat>(chosen, lanes));
        }

        lanes.Finish(cpu);
        return result;
    }
}
