namespace LguestPS;

/// <summary>What a guest answered on its console, without the echo of what was typed and without the prompt after it.</summary>
internal static class ConsoleAnswer
{
    private const char Escape = '\e';

    /// <summary>The lines of an answer.</summary>
    /// <param name="text">What the guest has written since the text was typed.</param>
    /// <param name="end">Where in it the expected text, such as a prompt, begins; the line in which it does is not the answer's.</param>
    /// <param name="typed">What was typed, with or without a newline after it.</param>
    public static IReadOnlyList<string> Lines(string text, int end, string typed)
    {
        int lastLine = text.LastIndexOf('\n', Math.Max(0, end - 1), Math.Max(0, end)) + 1;
        string answer = text[EndOfEcho(text[..lastLine], typed)..lastLine];
        return answer.Length == 0 ? [] : [.. answer.TrimEnd('\n', '\r').Split('\n').Select(line => line.TrimEnd('\r'))];
    }

    /// <summary>Where the line after the echo begins; 0 if the first line is none.</summary>
    private static int EndOfEcho(string text, string typed)
    {
        typed = typed.TrimEnd('\n', '\r');
        int line = 0;
        while (line < text.Length && text[line] is '\n' or '\r') line++;
        int lineEnd = text.IndexOf('\n', line);
        if (typed.Length == 0 || lineEnd < 0) return 0;
        // A prompt that was late stands in front of it.
        for (int start = line; start < lineEnd; start++)
        {
            if (text[start] != typed[0] || AfterEcho(text, start, typed) is not { } end) continue;
            while (end < text.Length && text[end] == '\r') end++;
            if (end == text.Length || text[end] == '\n') return Math.Min(end + 1, text.Length);
        }
        return 0;
    }

    /// <summary>Where an echo that begins here ends, or null if it is none: terminals break long lines, and move the cursor.</summary>
    private static int? AfterEcho(string text, int at, string typed)
    {
        foreach (char key in typed)
        {
            if (key is '\n' or '\r') continue;
            while (at < text.Length && text[at] != key)
            {
                if (text[at] is '\n' or '\r') at++;
                else if (text[at] == Escape) at = AfterSequence(text, at);
                else return null;
            }
            if (at == text.Length) return null;
            at++;
        }
        return at;
    }

    /// <summary>Where a control sequence (ECMA-48) ends.</summary>
    private static int AfterSequence(string text, int at)
    {
        if (++at == text.Length || text[at] != '[') return at;
        do at++;
        while (at < text.Length && text[at] is < '@' or > '~');
        return Math.Min(at + 1, text.Length);
    }
}
