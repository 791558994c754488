using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>add, sub, mul, div and sqrt: by the host's processor where that is right, else by <see cref="SoftFloat"/>.</summary>
internal interface IFloatArithmetic
{
    /// <summary>Only the second operand counts.</summary>
    static abstract bool IsUnary { get; }

    /// <summary>A zero makes the result exact: addition, subtraction and multiplication.</summary>
    static abstract bool IsExactWithZero { get; }

    static abstract Vector128<float> Run(Vector128<float> x, Vector128<float> y);
    static abstract Vector128<double> Run(Vector128<double> x, Vector128<double> y);
    static abstract float Run(float x, float y);
    static abstract double Run(double x, double y);

    /// <summary>Whether a normal result of normal numbers is exact; false if that cannot be told.</summary>
    static abstract bool IsExact(float x, float y, float result);
    static abstract bool IsExact(double x, double y, double result);

    static abstract ulong RunSoftly<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat;
}

internal readonly struct VectorAdd : IFloatArithmetic
{
    public static bool IsUnary => false;
    public static bool IsExactWithZero => true;
    public static Vector128<float> Run(Vector128<float> x, Vector128<float> y) => x + y;
    public static Vector128<double> Run(Vector128<double> x, Vector128<double> y) => x + y;
    public static float Run(float x, float y) => x + y;
    public static double Run(double x, double y) => x + y;
    public static bool IsExact(float x, float y, float result) => Exactness.OfSum(x, y, result);
    public static bool IsExact(double x, double y, double result) => Exactness.OfSum(x, y, result);

    public static ulong RunSoftly<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat =>
        SoftFloat.Add<TFormat>(x, y, ref lanes);
}

internal readonly struct VectorSubtract : IFloatArithmetic
{
    public static bool IsUnary => false;
    public static bool IsExactWithZero => true;
    public static Vector128<float> Run(Vector128<float> x, Vector128<float> y) => x - y;
    public static Vector128<double> Run(Vector128<double> x, Vector128<double> y) => x - y;
    public static float Run(float x, float y) => x - y;
    public static double Run(double x, double y) => x - y;
    public static bool IsExact(float x, float y, float result) => Exactness.OfSum(x, -y, result);
    public static bool IsExact(double x, double y, double result) => Exactness.OfSum(x, -y, result);

    public static ulong RunSoftly<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat =>
        SoftFloat.Subtract<TFormat>(x, y, ref lanes);
}

internal readonly struct VectorMultiply : IFloatArithmetic
{
    public static bool IsUnary => false;
    public static bool IsExactWithZero => true;
    public static Vector128<float> Run(Vector128<float> x, Vector128<float> y) => x * y;
    public static Vector128<double> Run(Vector128<double> x, Vector128<double> y) => x * y;
    public static float Run(float x, float y) => x * y;
    public static double Run(double x, double y) => x * y;
    public static bool IsExact(float x, float y, float result) => (double)x * y == result;
    public static bool IsExact(double x, double y, double result) => Exactness.OfProduct(x, y, result);

    public static ulong RunSoftly<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat =>
        SoftFloat.Multiply<TFormat>(x, y, ref lanes);
}

internal readonly struct VectorDivide : IFloatArithmetic
{
    public static bool IsUnary => false;
    public static bool IsExactWithZero => false;
    public static Vector128<float> Run(Vector128<float> x, Vector128<float> y) => x / y;
    public static Vector128<double> Run(Vector128<double> x, Vector128<double> y) => x / y;
    public static float Run(float x, float y) => x / y;
    public static double Run(double x, double y) => x / y;
    public static bool IsExact(float x, float y, float result) => (double)result * y == x;
    public static bool IsExact(double x, double y, double result) => Exactness.OfProduct(result, y, x);

    public static ulong RunSoftly<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat =>
        SoftFloat.Divide<TFormat>(x, y, ref lanes);
}

internal readonly struct VectorSquareRoot : IFloatArithmetic
{
    public static bool IsUnary => true;
    public static bool IsExactWithZero => false;
    public static Vector128<float> Run(Vector128<float> x, Vector128<float> y) => Vector128.Sqrt(y);
    public static Vector128<double> Run(Vector128<double> x, Vector128<double> y) => Vector128.Sqrt(y);
    public static float Run(float x, float y) => MathF.Sqrt(y);
    public static double Run(double x, double y) => Math.Sqrt(y);
    public static bool IsExact(float x, float y, float result) => (double)result * result == y;
    public static bool IsExact(double x, double y, double result) => Exactness.OfProduct(result, result, y);

    public static ulong RunSoftly<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat =>
        SoftFloat.SquareRoot<TFormat>(y, ref lanes);
}

/// <summary>Whether anything was lost in an operation that was rounded to nearest.</summary>
internal static class Exactness
{
    /// <summary>Above this, what rounding takes off a product is a number of its own.</summary>
    private const double Small = 1e-280;

    /// <summary>Knuth's two-sum: what was lost is found by subtractions that lose nothing.</summary>
    public static bool OfSum(float x, float y, float sum)
    {
        float part = sum - x;
        return x - (sum - part) + (y - part) == 0;
    }

    public static bool OfSum(double x, double y, double sum)
    {
        double part = sum - x;
        return x - (sum - part) + (y - part) == 0;
    }

    public static bool OfProduct(double x, double y, double product) =>
        Math.Abs(product) > Small && Math.FusedMultiplyAdd(x, y, -product) == 0;
}
