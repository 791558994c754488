namespace LguestPS.Launcher;

/// <summary>What is written of a run beside its output: each file takes its place when the run is over.</summary>
internal sealed class RunFiles : IDisposable
{
    private readonly TraceFile? trace;
    private readonly ReportFile? report;

    /// <exception cref="LguestException">InvalidDefinition or FileUnavailable: one of them cannot be written.</exception>
    public RunFiles(CommandLine asked)
    {
        TimeAxis axis = asked.TraceTime;
        trace = asked.Trace is { } traced ? new TraceFile(traced, axis) : null;
        try
        {
            report = asked.Report is { } reported ? new ReportFile(reported) : null;
        }
        catch
        {
            trace?.Dispose();
            throw;
        }
    }

    /// <summary>Whether there are any, so that events are wanted.</summary>
    public bool Any => trace is not null || report is not null;

    /// <summary>The guest is about to run.</summary>
    public void Begin(Guest guest) => report?.Watch(guest);

    /// <exception cref="LguestException">FileUnavailable.</exception>
    public void Write(LguestEvent happened)
    {
        trace?.Write(happened);
        report?.Add(happened);
    }

    /// <exception cref="LguestException">FileUnavailable.</exception>
    public void Finish()
    {
        trace?.Finish();
        report?.Finish();
    }

    public void Dispose()
    {
        trace?.Dispose();
        report?.Dispose();
    }
}
