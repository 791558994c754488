using System.Globalization;
using System.Text;

namespace LguestPS.Tests.Soak;

/// <summary>A line of the load in the guest: a kind, numbers or a text, and a checksum over both.</summary>
internal readonly record struct LoadLine(char Kind, string Text)
{
    /// <summary>Reads a line without its end.</summary>
    /// <returns>Null if the checksum does not fit.</returns>
    public static LoadLine? Parse(string line)
    {
        int mark = line.LastIndexOf('#');
        if (mark < 1 || line.Length - mark != 9) return null;
        if (!uint.TryParse(line.AsSpan(mark + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint sum)) return null;
        string text = line[..mark];
        return sum == Checksum(Encoding.Latin1.GetBytes(text)) ? new LoadLine(text[0], text) : null;
    }

    /// <summary>The numbers behind the kind; empty if it has none.</summary>
    public uint[] Numbers => [.. Text.Split(' ').Skip(1).Select(word => uint.TryParse(word, out uint number) ? number : 0)];

    /// <summary>FNV-1a of 32 bits, which the load computes too.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 2166136261;
        foreach (byte one in bytes) sum = (sum ^ one) * 16777619;
        return sum;
    }
}
