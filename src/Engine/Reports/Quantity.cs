using System.Globalization;

namespace LguestPS.Reports;

/// <summary>Numbers as a page shows them.</summary>
internal static class Quantity
{
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <param name="nanoseconds">A stretch of time.</param>
    public static string Time(double nanoseconds) => nanoseconds switch
    {
        >= 1e9 => Text(nanoseconds / 1e9, "0.000", "s"),
        >= 1e6 => Text(nanoseconds / 1e6, "0.00", "ms"),
        >= 1e3 => Text(nanoseconds / 1e3, "0.0", "µs"),
        _ => Text(nanoseconds, "0", "ns"),
    };

    public static string Bytes(double bytes) => bytes switch
    {
        >= 1 << 30 => Text(bytes / (1 << 30), "0.0", "GiB"),
        >= 1 << 20 => Text(bytes / (1 << 20), "0.0", "MiB"),
        >= 10 << 10 => Text(bytes / (1 << 10), "0.0", "KiB"),
        _ => Text(bytes, "0", "bytes"),
    };

    public static string Share(double share) => Text(100 * share, share >= 0.0995 ? "0" : "0.0", "%");

    public static string Large(long count) => count switch
    {
        >= 1_000_000_000 => Text(count / 1e9, "0.00", "billion"),
        >= 1_000_000 => Text(count / 1e6, "0.0", "million"),
        _ => Count(count),
    };

    private static string Text(double value, string format, string unit) => $"{value.ToString(format, CultureInfo.InvariantCulture)}\u00a0{unit}";
}
