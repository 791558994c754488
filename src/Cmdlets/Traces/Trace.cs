using System.Collections;
using System.Management.Automation;
using LguestPS.Files;

namespace LguestPS.Cmdlets;

/// <summary>A list of events as lines: what a golden file holds.</summary>
/// <remarks>The file is plain text, one event a line after a first line that says what it is, so that any diff tool can show it.</remarks>
internal sealed class Trace(TraceDetail detail, IReadOnlyList<string> lines)
{
    private const long LargestFile = 1L << 30;
    private const string Header = "# lguest trace, version 1, detail: ";

    public TraceDetail Detail { get; } = detail;

    public IReadOnlyList<string> Lines { get; } = lines;

    public static string HeaderOf(TraceDetail detail) => Header + detail;

    public static Trace Of(IEnumerable events, TraceDetail detail) =>
        new(detail, [.. events.Cast<object>().Select(happened => TraceLine.Of(PSObject.AsPSObject(happened), detail))]);

    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition if it is not a trace, or one of a later version.</exception>
    public static Trace Read(string path)
    {
        string[] lines;
        try
        {
            using StreamReader reader = new(new MemoryStream(HostFile.ReadAll(path, LargestFile)));
            List<string> read = [];
            while (reader.ReadLine() is { } line) read.Add(line);
            lines = [.. read];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"trace '{path}': {e.Message}", e) { Path = path };
        }
        if (lines.Length == 0 || !lines[0].StartsWith(Header, StringComparison.Ordinal) || !Enum.TryParse(lines[0][Header.Length..], out TraceDetail detail) || !Enum.IsDefined(detail))
            throw new LguestException(LguestError.InvalidDefinition, $"'{path}' is not a trace that this version reads: its first line should be '{HeaderOf(TraceDetail.Arguments)}'; Export-LguestTrace makes one") { Path = path };
        return new Trace(detail, lines[1..]);
    }
}
