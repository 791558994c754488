using System.Text;

namespace LguestPS.Boot;

/// <summary>What a kernel calls itself.</summary>
/// <param name="Text">Its words, such as <c>2.6.24-rc1 (user@host) #1 …</c>.</param>
/// <param name="Number">The numbers at their start: 2.6.24.</param>
internal sealed record LinuxVersion(string Text, Version Number)
{
    private const int LongestBanner = 512;
    private const int MostDots = 2;

    private static ReadOnlySpan<byte> Banner => "Linux version "u8;

    /// <summary>Whether it was built between two releases, so that it may already be of the era after the one its number is of.</summary>
    public bool IsDevelopment
    {
        get
        {
            ReadOnlySpan<char> rest = Text.AsSpan(Text.AsSpan().IndexOfAnyExcept("0123456789."));
            return rest.StartsWith("-rc") || rest.StartsWith("+") || (rest.StartsWith("-g") && rest.Length > 2 && char.IsAsciiHexDigit(rest[2]));
        }
    }

    /// <summary>The first of its words, such as <c>3.11.10-301.fc20.i686</c>.</summary>
    public string Release => Text.Split(' ', 2)[0];

    /// <summary>The version that a text starts with; null if it starts with none.</summary>
    public static LinuxVersion? Parse(string? text)
    {
        if (text is null) return null;
        int end = 0, dots = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || (text[end] == '.' && dots++ < MostDots))) end++;
        return Version.TryParse(text.AsSpan(0, end).TrimEnd('.'), out Version? version) ? new LinuxVersion(text, version) : null;
    }

    /// <summary>The version in a kernel's first message; null if that is not found.</summary>
    public static LinuxVersion? Find(IReadOnlyList<KernelSegment> segments)
    {
        foreach (KernelSegment segment in segments)
        {
            ReadOnlySpan<byte> rest = segment.Bytes.Span;
            for (int at; (at = rest.IndexOf(Banner)) >= 0;)
            {
                rest = rest[(at + Banner.Length)..];
                ReadOnlySpan<byte> text = rest[..Math.Min(rest.Length, LongestBanner)];
                int end = text.IndexOfAny((byte)'\n', (byte)0);
                if (Parse(Encoding.Latin1.GetString(end < 0 ? text : text[..end])) is { } version) return version;
            }
        }
        return null;
    }

    public override string ToString() => Number.ToString();
}
