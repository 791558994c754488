using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace LguestPS.Fuzzing;

/// <summary>What a kernel writes to its console when something is wrong with it, and how two such texts are told to be of the same fault.</summary>
internal static partial class FaultText
{
    private const int MostLines = 4;

    private static readonly SearchValues<string> signs = SearchValues.Create(
        [
            "BUG:", "kernel BUG at", "Oops:", "Kernel panic", "general protection fault", "divide error", "invalid opcode", "double fault", "stack segment:",
            "WARNING: at", "WARNING: CPU", "Unable to handle kernel", "unable to handle kernel", "Bad page state", "soft lockup", "segfault at", "Out of memory",
        ],
        StringComparison.Ordinal);

    /// <summary>The lines that tell of a fault, in order, without what differs from run to run; null if there are none.</summary>
    /// <param name="output">What a guest has written.</param>
    public static string? Signature(ReadOnlySpan<byte> output)
    {
        if (output.IsEmpty) return null;
        string text = Encoding.Latin1.GetString(output);
        if (!text.AsSpan().ContainsAny(signs)) return null;
        List<string> lines = [];
        string? place = null;
        foreach (string line in text.Split('\n'))
        {
            if (lines.Count < MostLines && line.AsSpan().ContainsAny(signs) && Normalise(line) is var normal && !lines.Contains(normal)) lines.Add(normal);
            if (place is null && Place().Match(line) is { Success: true } found) place = found.Groups[1].Value;
        }
        return string.Join("; ", lines) + (place is null ? "" : $" in {place}");
    }

    /// <summary>A line without times, addresses, numbers of processes and places within functions.</summary>
    public static string Normalise(string line)
    {
        string text = Time().Replace(line, "");
        text = Offset().Replace(text, "");
        text = Address().Replace(text, "…");
        text = Process().Replace(text, "$1…");
        return Blanks().Replace(text, " ").Trim();
    }

    // EIP is at sys_read+0x12/0x80, IP: [<c0101234>] sys_read+0x12/0x80, EIP: [<c0101234>] sys_read+0x12/0x80 SS:ESP 0069:c7…
    [GeneratedRegex(@"(?:EIP is at|EIP: \[<[0-9a-f]+>\]|IP: \[<[0-9a-f]+>\])\s+([A-Za-z_][\w.]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Place();

    [GeneratedRegex(@"^\s*(?:<\d>)?\[\s*\d+\.\d+\]", RegexOptions.CultureInvariant)]
    private static partial Regex Time();

    [GeneratedRegex(@"\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?", RegexOptions.CultureInvariant)]
    private static partial Regex Offset();

    [GeneratedRegex(@"\b(?:0x[0-9a-fA-F]+|[0-9a-f]{8})\b", RegexOptions.CultureInvariant)]
    private static partial Regex Address();

    [GeneratedRegex(@"((?:pid|PID|CPU|process|comm)[:= #]*)\d+|(?<=\[)\s*#?\d+(?=\])", RegexOptions.CultureInvariant)]
    private static partial Regex Process();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}
