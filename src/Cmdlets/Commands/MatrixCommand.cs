using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that takes a matrix: from a file, from parameters, or one that is there already.</summary>
public abstract class MatrixCommand : LguestCommand
{
    private protected const string FromPath = "Path";
    private protected const string FromDefinition = "Definition";
    private protected const string FromMatrix = "Matrix";

    [Parameter(ParameterSetName = FromPath, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LiteralPath")]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter(ParameterSetName = FromDefinition, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public object[] Definition { get; set; } = [];

    [Parameter(ParameterSetName = FromDefinition)]
    [ValidateNotNull]
    public IDictionary Parameter { get; set; } = new Hashtable();

    [Parameter(ParameterSetName = FromDefinition)]
    [ValidateNotNull]
    public IDictionary Check { get; set; } = new Hashtable();

    [Parameter(ParameterSetName = FromDefinition)]
    [ValidateRange(1, GuestMatrix.MostCells)]
    public int Repeat { get; set; } = 1;

    [Parameter(ParameterSetName = FromDefinition)]
    [TimeArgument]
    public TimeSpan TimeLimit { get; set; }

    [Parameter(ParameterSetName = FromDefinition)]
    public RecordChoice Record { get; set; }

    [Parameter(ParameterSetName = FromDefinition)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "matrix";

    protected override void ProcessRecord()
    {
        GuestMatrix matrix;
        try
        {
            matrix = Matrix();
            _ = matrix.Cells;
            foreach (MatrixCheck check in matrix.ScriptChecks)
                if (ScriptChecks.Problem(check.Script!) is { } problem) throw new LguestException(LguestError.InvalidDefinition, $"check '{check.Name}' of matrix '{matrix.Name}': {problem}") { Path = matrix.Source };
        }
        catch (LguestException e)
        {
            WriteError(e, ParameterSetName == FromPath ? Path : Name);
            return;
        }
        Process(matrix);
    }

    private protected abstract void Process(GuestMatrix matrix);

    /// <summary>The matrix that was piped or named by another parameter.</summary>
    private protected virtual GuestMatrix Taken => throw new InvalidOperationException();

    private GuestMatrix Matrix()
    {
        switch (ParameterSetName)
        {
            case FromPath:
                string file = FullPath(Path);
                return file.EndsWith(".psd1", StringComparison.OrdinalIgnoreCase) ? ReadDataFile(file) : ReadMatrix(file);
            case FromDefinition:
                MatrixArguments arguments = new(SessionState.Path.CurrentFileSystemLocation.ProviderPath, GuestsIn);
                return new GuestMatrix
                {
                    Name = Name,
                    Definitions = [.. Definition.SelectMany(written => FilesOr(written)).SelectMany(arguments.Definitions)],
                    Parameters = arguments.Parameters(Parameter),
                    Checks = arguments.Checks(Check),
                    Repeat = Repeat,
                    TimeLimit = Given(nameof(TimeLimit)) ? TimeLimit : null,
                    Record = Record,
                    Folder = SessionState.Path.CurrentFileSystemLocation.ProviderPath,
                };
            default:
                return Taken;
        }
    }

    /// <summary>The files that a written path with wildcards means, and anything else as it is.</summary>
    private IEnumerable<object> FilesOr(object written)
    {
        if ((written is PSObject wrapped ? wrapped.BaseObject : written) is not string path) return [written];
        IReadOnlyList<string> files = FindFiles(path);
        return files.Count > 0 ? files : [FullPath(path)];
    }

    private GuestMatrix ReadDataFile(string file)
    {
        IDictionary? table;
        try
        {
            table = InvokeCommand.InvokeScript(useLocalScope: true, ScriptBlock.Create("param($Path) Import-PowerShellDataFile -LiteralPath $Path -ErrorAction Stop"), null, file).FirstOrDefault()?.BaseObject as IDictionary;
        }
        catch (RuntimeException e)
        {
            throw new LguestException(File.Exists(file) ? LguestError.InvalidDefinition : LguestError.FileUnavailable, File.Exists(file) ? $"{System.IO.Path.GetFileName(file)}: {e.Message}" : $"matrix '{file}' does not exist", e) { Path = file };
        }
        try
        {
            return new MatrixArguments(System.IO.Path.GetDirectoryName(file)!, GuestsIn).OfTable(table ?? new Hashtable(), GuestDefinition.NameFrom(System.IO.Path.GetFileNameWithoutExtension(file)), file);
        }
        catch (PSInvalidCastException e)
        {
            throw new LguestException(LguestError.InvalidDefinition, $"{System.IO.Path.GetFileName(file)}: {e.Message}", e) { Path = file };
        }
        catch (LguestException e) when (e.Path is null)
        {
            throw new LguestException(e.Error, $"{System.IO.Path.GetFileName(file)}: {e.Message}", e) { Path = file };
        }
    }
}
