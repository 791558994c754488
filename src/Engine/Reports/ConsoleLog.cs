using System.Text;
using LguestPS.Texts;

namespace LguestPS.Reports;

/// <summary>What a guest wrote to its console, by lines and with the time at which each began.</summary>
internal sealed class ConsoleLog
{
    private const int MostLines = 20_000;
    private const int MostCharacters = 1 << 20;
    private const int LongestLine = 2_000;

    private readonly List<(long Time, string Text)> lines = [];
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder line = new();
    private long begun;
    private int characters;

    /// <summary>Lines of which no more is kept.</summary>
    public long LeftOut { get; private set; }

    public IReadOnlyList<(long Time, string Text)> Lines
    {
        get
        {
            if (line.Length > 0) EndLine();
            return lines;
        }
    }

    /// <param name="time">Guest time in nanoseconds.</param>
    /// <param name="bytes">What was written, which may end within a character.</param>
    public void Write(long time, ReadOnlySpan<byte> bytes)
    {
        char[] text = new char[decoder.GetCharCount(bytes, flush: false)];
        decoder.GetChars(bytes, text, flush: false);
        foreach (char c in text)
        {
            if (line.Length == 0) begun = time;
            if (c == '\n') EndLine();
            else if (line.Length < LongestLine) line.Append(c);
        }
    }

    private void EndLine()
    {
        if (lines.Count < MostLines && characters < MostCharacters)
        {
            lines.Add((begun, PlainText.Of(line.ToString())));
            characters += line.Length;
        }
        else
        {
            LeftOut++;
        }
        line.Clear();
    }
}
