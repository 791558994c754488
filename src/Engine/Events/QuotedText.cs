using System.Text;

namespace LguestPS;

/// <summary>Text of a guest as a line can show it.</summary>
public static class QuotedText
{
    /// <summary>The text in quotes, on one line, whatever is in it: control characters, quotes and backslashes are written out.</summary>
    /// <param name="text">What to show.</param>
    /// <param name="longest">How many characters of it at most; <c>…</c> after the quotes stands for the rest.</param>
    public static string Of(string text, int longest)
    {
        StringBuilder quoted = new("\"");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, longest)))
        {
            quoted.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '"' => "\\\"",
                '\\' => "\\\\",
                _ when char.IsControl(c) => $"\\x{(int)c:x2}",
                _ => $"{c}",
            });
        }
        return quoted.Append(text.Length > longest ? "\"…" : "\"").ToString();
    }
}
