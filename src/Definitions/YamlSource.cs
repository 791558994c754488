using System.Text;

namespace LguestPS.Definitions;

/// <summary>A YAML file: its text, its name for messages, its folder for relative paths.</summary>
/// <param name="path">Absolute path of the file.</param>
/// <param name="text">What it holds.</param>
/// <param name="what">What it is meant to be, for messages.</param>
internal sealed class YamlSource(string path, string text, string what = YamlSource.Definition)
{
    /// <summary>What most files are meant to be.</summary>
    public const string Definition = "guest definition";

    private const int MostBytes = 1 << 20;

    /// <summary>Absolute path of the file.</summary>
    public string Path { get; } = path;

    public string Text { get; } = text;

    /// <summary>What it is meant to be, for messages.</summary>
    public string What { get; } = what;

    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition if it is too large or not text.</exception>
    public static YamlSource Open(string path, string what = Definition)
    {
        try
        {
            path = System.IO.Path.GetFullPath(path);
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            // Devices and pipes say nothing, or nothing true, of their length.
            byte[] bytes = new byte[file.CanSeek && file.Length is > 0 and < MostBytes ? file.Length : MostBytes + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            YamlSource empty = new(path, "", what);
            return length <= MostBytes
                ? new YamlSource(path, empty.Decode(bytes.AsSpan(0, length)), what)
                : throw empty.Problem(1, 1, $"the {ShortName(what)} has more than 1 MiB; this cannot be a {what}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string problem = e switch
            {
                FileNotFoundException or DirectoryNotFoundException => "does not exist",
                UnauthorizedAccessException when Directory.Exists(path) => "is a folder",
                UnauthorizedAccessException => "cannot be read: permission denied",
                _ => $"cannot be read: {e.Message}",
            };
            throw new LguestException(LguestError.FileUnavailable, $"{what} '{path}' {problem}", e) { Path = path };
        }
    }

    /// <summary>A problem at a place in this file, both counted from 1.</summary>
    public LguestException Problem(long line, long column, string message) =>
        new(LguestError.InvalidDefinition, $"{System.IO.Path.GetFileName(Path)}({line},{column}): {message}")
        {
            Path = Path, Line = (int)line, Column = (int)column,
        };

    private static string ShortName(string what) => what == Definition ? "definition" : what;

    private string Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("lguestPS"u8)) throw Problem(1, 1, $"this is a checkpoint or a recording, not a {ShortName(What)}; restore or replay it");
        if (bytes.StartsWith(Encoding.UTF8.Preamble)) bytes = bytes[Encoding.UTF8.Preamble.Length..];
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            ReadOnlySpan<byte> before = bytes[..Math.Clamp(e.Index, 0, bytes.Length)];
            throw Problem(before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'), "this is not UTF-8 text; save the file as UTF-8");
        }
    }
}
