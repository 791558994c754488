using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Says in what two traces differ.</summary>
[Cmdlet(VerbsData.Compare, "LguestTrace")]
[OutputType(typeof(TraceDifference))]
public sealed class CompareLguestTraceCommand : LguestCommand
{
    private readonly List<PSObject> difference = [];

    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public PSObject[] Reference { get; set; } = [];

    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [AllowEmptyCollection]
    public PSObject[] Difference { get; set; } = [];

    [Parameter]
    public TraceDetail Detail { get; set; } = TraceDetail.Arguments;

    protected override void ProcessRecord() => difference.AddRange(Difference);

    protected override void EndProcessing()
    {
        try
        {
            TraceDetail? wanted = Given(nameof(Detail)) ? Detail : null;
            TraceDetail detail = wanted ?? FileOf(Reference)?.Detail ?? FileOf([.. difference])?.Detail ?? TraceDetail.Arguments;
            Trace reference = Read(Reference, detail), other = Read([.. difference], detail);
            foreach (TraceDifference found in TraceDifference.Between(reference.Lines, other.Lines)) WriteObject(found);
        }
        catch (LguestException e)
        {
            ThrowTerminatingError(Errors.From(e, null));
        }
    }

    private Trace Read(PSObject[] side, TraceDetail detail)
    {
        if (FileOf(side) is not { } file) return Trace.Of(side, detail);
        return file.Detail == detail
            ? file
            : throw new LguestException(LguestError.InvalidDefinition, $"the trace '{side[0]}' has detail '{file.Detail}' and cannot be compared by '{detail}'");
    }

    /// <summary>The trace in a file, if a side is one path; else null.</summary>
    private Trace? FileOf(PSObject[] side) => side is [{ BaseObject: string or FileInfo } path] ? Trace.Read(FullPath($"{path.BaseObject}")) : null;
}
