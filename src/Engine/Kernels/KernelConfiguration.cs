using System.IO.Compression;
using System.Text;
using LguestPS.Boot;

namespace LguestPS.Kernels;

/// <summary>The configuration a kernel was built with: from the kernel itself (CONFIG_IKCONFIG), or from a file of distributions beside it.</summary>
/// <param name="Source">Where it was found: <see cref="InKernel"/>, or the path of a file.</param>
/// <param name="Options">Values by the options' names without CONFIG_; an option that is off is not there.</param>
internal sealed record KernelConfiguration(string Source, IReadOnlyDictionary<string, string> Options)
{
    public const string InKernel = "in the kernel";

    private const string Prefix = "CONFIG_";
    private const int LargestFile = 1 << 20;

    // Around the packed text (Linux: kernel/configs.c).
    private static ReadOnlySpan<byte> Start => "IKCFG_ST"u8;

    /// <summary>Whether an option is built in.</summary>
    public bool Has(string option) => Options.TryGetValue(option, out string? value) && value == "y";

    /// <summary>Whether an option is built as a module.</summary>
    public bool IsModule(string option) => Options.TryGetValue(option, out string? value) && value == "m";

    /// <summary>The configuration in an unpacked kernel; else null.</summary>
    public static KernelConfiguration? In(IReadOnlyList<KernelSegment> segments)
    {
        foreach (KernelSegment segment in segments)
        {
            int at = segment.Bytes.Span.IndexOf(Start);
            if (at >= 0 && Unpack(segment.Bytes[(at + Start.Length)..]) is { } text) return new KernelConfiguration(InKernel, Parse(text));
        }
        return null;
    }

    /// <summary>The configuration in a file beside a kernel, if it is of the same version; else null.</summary>
    /// <param name="kernel">The kernel's path.</param>
    /// <param name="version">What the kernel calls itself.</param>
    public static KernelConfiguration? Beside(string kernel, LinuxVersion? version)
    {
        if (version is null) return null;
        foreach (string file in KernelNeighbours.Of(kernel, "config"))
        {
            try
            {
                if (new FileInfo(file).Length is 0 or > LargestFile) continue;
                string text = File.ReadAllText(file);
                if (VersionOf(text) is { } other && IsStartOf(other, version.Release)) return new KernelConfiguration(file, Parse(text));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is only a neighbour: nobody has asked for it.
            }
        }
        return null;
    }

    private static string? Unpack(ReadOnlyMemory<byte> packed)
    {
        try
        {
            using GZipStream stream = new(new MemoryStream(packed[..Math.Min(packed.Length, LargestFile)].ToArray()), CompressionMode.Decompress);
            StringBuilder text = new();
            foreach (ReadOnlyMemory<byte> piece in Unpacking.Read(stream))
            {
                text.Append(Encoding.Latin1.GetString(piece.Span));
                if (text.Length > LargestFile) return null;
            }
            return text.ToString();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> Parse(string text)
    {
        Dictionary<string, string> options = [];
        foreach (string line in text.Split('\n'))
        {
            int sign = line.IndexOf('=');
            if (sign > Prefix.Length && line.StartsWith(Prefix, StringComparison.Ordinal)) options[line[Prefix.Length..sign]] = line[(sign + 1)..].Trim().Trim('"');
        }
        return options;
    }

    /// <summary>The version in the comment at its start: "Linux/i386 3.11.10 Kernel Configuration", before 2.6.39 "Linux kernel version: 2.6.23".</summary>
    private static string? VersionOf(string text)
    {
        foreach (string line in text.Split('\n').TakeWhile(line => line.Length == 0 || line[0] == '#'))
        {
            string[] words = line.TrimStart('#', ' ').Split(' ');
            if (words is ["Linux", "kernel", "version:", var old, ..]) return old.Trim();
            if (words is [var linux, var release, "Kernel", "Configuration", ..] && linux.StartsWith("Linux/", StringComparison.Ordinal)) return release;
        }
        return null;
    }

    /// <summary>Whether a release is a version, or that with more after it: 3.11.10-301.fc20, but not 3.11.100.</summary>
    private static bool IsStartOf(string version, string release) =>
        release.StartsWith(version, StringComparison.Ordinal) && (release.Length == version.Length || !char.IsAsciiLetterOrDigit(release[version.Length]));
}
