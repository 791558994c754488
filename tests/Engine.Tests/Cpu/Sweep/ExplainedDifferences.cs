using System.Globalization;

namespace LguestPS.Tests.Cpu.Sweep;

/// <summary>The rows of differences.txt and short-code.txt: encodings that differ from the machine's own processor, each with a reason.</summary>
internal sealed class ExplainedDifferences
{
    private readonly List<Row> rows = [];

    public ExplainedDifferences(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            if (line.Length == 0 || line[0] == '#') continue;
            string[] columns = [.. line.Split('|').Select(column => column.Trim())];
            if (columns.Length != 3 || columns[2].Length == 0) throw new InvalidDataException($"not a row of three columns: {line}");
            rows.Add(Row.Parse(columns[0], columns[1], columns[2]));
        }
    }

    /// <returns>Why it differs, or null if no row says so.</returns>
    public string? Reason(in Encoding encoding, Outcome mine, Outcome truth)
    {
        foreach (Row row in rows)
            if (row.Fits(encoding, mine, truth)) return row.Reason;
        return null;
    }

    private sealed record Row(byte[] Map, byte First, byte Last, int? Digit, bool? Memory, byte? Prefix, byte? OperandFirst, byte? OperandLast, string Kind, string Reason)
    {
        /// <param name="pattern">Opcode bytes, of which the last may be a range, then any of /digit, mem, reg, +prefix and =operand or a range of operands.</param>
        public static Row Parse(string pattern, string kind, string reason)
        {
            string[] words = pattern.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            List<string> opcode = [.. words.TakeWhile(word => char.IsAsciiHexDigit(word[0]))];
            byte[] map = [.. opcode[..^1].Select(Hex)];
            (byte first, byte last) = Range(opcode[^1]);
            string[] rest = words[opcode.Count..];
            string? digit = rest.FirstOrDefault(word => word[0] == '/'), prefix = rest.FirstOrDefault(word => word[0] == '+'), operand = rest.FirstOrDefault(word => word[0] == '=');
            bool? memory = rest.Contains("mem") ? true : rest.Contains("reg") ? false : null;
            (byte, byte)? operands = operand is null ? null : Range(operand[1..]);
            if (kind is not ("#UD" or "result" or "other")) throw new InvalidDataException($"no kind of difference: {kind}");
            return new Row(
                map, first, last, digit is null ? null : digit[1] - '0', memory, prefix is null ? null : Hex(prefix[1..]),
                operands?.Item1, operands?.Item2, kind, reason);
        }

        public bool Fits(in Encoding encoding, Outcome mine, Outcome truth)
        {
            bool isThis = encoding.Opcode.AsSpan()[..^1].SequenceEqual(Map) && encoding.Opcode[^1] >= First && encoding.Opcode[^1] <= Last
                && (Digit is null || Digit == encoding.Digit)
                && (Memory is null || Memory == encoding.Mod < 3)
                && (Prefix is not { } prefix || encoding.Prefixes.Contains(prefix))
                && (OperandFirst is null || (encoding.Operand >= OperandFirst && encoding.Operand <= OperandLast));
            return isThis && Kind switch
            {
                "#UD" => mine.Head.Trap == 6,
                "result" => (mine.Head.Trap, mine.Head.Eip) == (truth.Head.Trap, truth.Head.Eip),
                _ => mine.Head.Trap != 6,
            };
        }

        private static (byte, byte) Range(string word) => word.Split('-') is [var from, var to] ? (Hex(from), Hex(to)) : (Hex(word), Hex(word));

        private static byte Hex(string word) => byte.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
