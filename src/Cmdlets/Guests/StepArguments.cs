using System.Globalization;

namespace LguestPS.Cmdlets;

/// <summary>What a user may write for a trap vector or a virtual interrupt: a number, a trap's name such as #PF, or * for any.</summary>
internal static class StepArguments
{
    private const int Vectors = 256;
    private const int Irqs = 32;

    /// <summary>The names of all traps.</summary>
    public static IEnumerable<string> TrapNames => Enumerable.Range(0, Vectors).Select(vector => TrapName((byte)vector));

    /// <exception cref="LguestException">InvalidDefinition: there is no such vector.</exception>
    public static byte? Vector(string text)
    {
        if (text == "*") return null;
        if (Number(text) is { } number) return number < Vectors ? (byte)number : throw Errors.UnknownTrap(text);
        for (int vector = 0; vector < Vectors; vector++)
        {
            string name = TrapName((byte)vector);
            if (string.Equals(name, text, StringComparison.OrdinalIgnoreCase) || string.Equals(name.TrimStart('#'), text, StringComparison.OrdinalIgnoreCase)) return (byte)vector;
        }
        throw Errors.UnknownTrap(text);
    }

    /// <exception cref="LguestException">InvalidDefinition: there is no such interrupt.</exception>
    public static int? Irq(string text)
    {
        if (text == "*") return null;
        return Number(text) is { } number && number < Irqs ? (int)number : throw Errors.UnknownInterrupt(text);
    }

    public static string TrapName(byte vector) => TrapTarget.NameOf(vector);

    private static uint? Number(string text)
    {
        bool hex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return uint.TryParse(hex ? text.AsSpan(2) : text, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;
    }
}
