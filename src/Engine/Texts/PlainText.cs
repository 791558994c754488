using System.Text;

namespace LguestPS.Texts;

/// <summary>A line of a terminal as plain text.</summary>
internal static class PlainText
{
    private const char Escape = '\u001b';

    /// <summary>Without sequences for the terminal; other control characters are shown as their pictures, and what reorders text as its code.</summary>
    public static string Of(string line)
    {
        StringBuilder plain = new(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == Escape && i + 1 < line.Length && line[i + 1] == '[')
            {
                i += 2;
                while (i < line.Length && line[i] is < '@' or > '~') i++;
            }
            else if (c == '\r' && i == line.Length - 1)
            {
                // the end of a line
            }
            else if (c == '\t')
            {
                plain.Append("    ");
            }
            else if (c < ' ')
            {
                plain.Append((char)('\u2400' + c));
            }
            else if (c is '\u007f' or (>= '\u0080' and <= '\u009f') or (>= '\u200e' and <= '\u200f') or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\ufeff')
            {
                plain.Append($"\\u{(int)c:x4}");
            }
            else
            {
                plain.Append(c);
            }
        }
        return plain.ToString();
    }
}
