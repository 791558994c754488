using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>Writes events to a file that later runs can be compared with.</summary>
[Cmdlet(VerbsData.Export, "LguestTrace", SupportsShouldProcess = true)]
[OutputType(typeof(LguestEvent), typeof(FileInfo))]
public sealed class ExportLguestTraceCommand : LguestCommand
{
    private readonly List<string> lines = [];
    private string path = "";

    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public PSObject[] InputObject { get; set; } = [];

    [Parameter]
    public TraceDetail Detail { get; set; } = TraceDetail.Arguments;

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <remarks>Before whatever makes the events runs.</remarks>
    protected override void BeginProcessing()
    {
        path = FullPath(Path);
        try
        {
            OutputFile.Check(path, "trace", Force, NoClobber);
        }
        catch (LguestException e)
        {
            ThrowTerminatingError(Errors.From(e, path));
        }
    }

    protected override void ProcessRecord()
    {
        foreach (PSObject happened in InputObject)
        {
            try
            {
                lines.Add(TraceLine.Of(happened, Detail));
            }
            catch (LguestException e)
            {
                WriteError(e, happened);
                continue;
            }
            if (PassThru) WriteObject(happened);
        }
    }

    /// <remarks>The file is written as a whole: a run that was broken off leaves the old one as it was.</remarks>
    protected override void EndProcessing()
    {
        if (!ShouldProcess(path, $"Write a trace of {lines.Count} events")) return;
        try
        {
            string unfinished = path + ".new";
            File.WriteAllText(unfinished, string.Join('\n', lines.Prepend(Trace.HeaderOf(Detail))) + "\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(new LguestException(LguestError.FileUnavailable, $"trace '{path}': {e.Message}", e) { Path = path }, path);
        }
    }
}
