using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>Joins the results of a matrix that was run somewhere else, and says which cells have none.</summary>
[Cmdlet(VerbsData.Import, "LguestMatrixResult")]
[OutputType(typeof(MatrixResult))]
public sealed class ImportLguestMatrixResultCommand : LguestCommand
{
    private readonly MatrixJoin join = new();
    private bool isBroken;

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LiteralPath", "FullName")]
    [SupportsWildcards]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    [Parameter]
    [ValidateNotNull]
    public GuestMatrix? Matrix { get; set; }

    protected override void ProcessRecord()
    {
        foreach (string path in Path)
        {
            IReadOnlyList<string> found = FindFiles(path);
            string[] files = found.Count > 0 ? [.. found.SelectMany(ResultsIn)] : [.. ResultsIn(FullPath(path))];
            if (files.Length == 0) WriteError(new LguestException(LguestError.FileUnavailable, $"there are no results in '{path}'"), path);
            foreach (string file in files)
            {
                if (StopToken.IsCancellationRequested) return;
                Read(file);
            }
        }
    }

    protected override void EndProcessing()
    {
        if (isBroken) return;
        if (Matrix is { } matrix && join.Results.FirstOrDefault() is { } other && other.MatrixId != matrix.Id)
        {
            WriteError(new LguestException(LguestError.InvalidValue, $"the results are of another matrix '{other.Matrix}' than '{matrix.Name}': they differ in cells or checks"), matrix.Name);
            return;
        }
        foreach (MatrixResult result in join.Results.Concat(Matrix is { } known ? Unrun(known) : []).OrderBy(result => result.Index)) WriteObject(result);
        if (Matrix is null && join.Missing.ToArray() is { Length: > 0 } missing)
            WriteError(new LguestException(LguestError.InvalidValue, $"{missing.Length} of {join.Results.First().CellCount} cells have no result: {Listed(missing)}"), "missing");
    }

    private IEnumerable<MatrixResult> Unrun(GuestMatrix matrix)
    {
        HashSet<int> known = [.. join.Results.Select(result => result.Index)];
        return matrix.Cells.Where(cell => !known.Contains(cell.Index)).Select(cell => MatrixResult.Unrun(cell, attempt: 1, CellOutcome.NotRun, "there is no result of it"));
    }

    /// <summary>A file; or those of a folder that can have results.</summary>
    private static IEnumerable<string> ResultsIn(string path) =>
        !Directory.Exists(path) ? [path] : Directory.EnumerateFiles(path).Where(file => file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".out", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);

    private void Read(string file)
    {
        try
        {
            int number = 0;
            foreach (string line in File.ReadLines(file, Encoding.UTF8))
            {
                number++;
                // A job's output may have other lines as well.
                if (!line.StartsWith('{')) continue;
                Add(file, number, line);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(new LguestException(LguestError.FileUnavailable, $"results '{file}' cannot be read: {e.Message}", e) { Path = file }, file);
        }
    }

    private void Add(string file, int number, string line)
    {
        try
        {
            join.Add(MatrixResult.FromJson(line));
        }
        catch (LguestException e)
        {
            isBroken |= e.InnerException is null;       // of another matrix: what is joined then is neither's
            WriteError(new LguestException(e.Error, $"{file}({number}): {e.Message}", e) { Path = file, Line = number }, file);
        }
    }

    /// <summary>Numbers with ranges: 1, 4-7.</summary>
    private static string Listed(int[] numbers)
    {
        List<string> ranges = [];
        for (int i = 0; i < numbers.Length;)
        {
            int first = numbers[i], last = first;
            while (++i < numbers.Length && numbers[i] == last + 1) last++;
            ranges.Add(first == last ? $"{first}" : $"{first}-{last}");
        }
        return string.Join(", ", ranges.Take(20)) + (ranges.Count > 20 ? ", …" : "");
    }
}
