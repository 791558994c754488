using System.Diagnostics;
using System.Text.RegularExpressions;
using LguestPS.Fleets;

namespace LguestPS;

/// <summary>What a script check may look at.</summary>
/// <param name="Guest">The guest after its run, with everything it holds.</param>
/// <param name="Console">All of its console's text.</param>
/// <param name="Events">All of its events, if a script names them; else empty.</param>
public sealed record CellEvidence(Guest Guest, string Console, IReadOnlyList<LguestEvent> Events);

/// <summary>How to run a cell of a matrix.</summary>
public sealed record CellRunOptions
{
    /// <summary>An absolute path of a folder for the files that are kept, made when there is the first; null to keep none.</summary>
    public string? OutputFolder { get; init; }

    /// <summary>Which of several runs this is, from 1.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Runs the script of a check and says what it found; null if there is nothing here that runs scripts.</summary>
    public Func<MatrixCheck, CellEvidence, CheckResult>? RunScript { get; init; }

    /// <summary>The definition to run in place of the cell's own: the same guest, with its files elsewhere. Null for the cell's.</summary>
    public GuestDefinition? Definition { get; init; }
}

/// <summary>Runs one cell of a matrix in this process, from its first instruction until it ends or stands still.</summary>
public static partial class CellRun
{
    private const int MostEvents = 5_000_000;

    /// <summary>Runs the cell's guest and checks it. Whatever goes wrong with the guest or its files is a result.</summary>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>; nothing is left of the guest.</exception>
    public static MatrixResult Run(MatrixCell cell, CellRunOptions options, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        MatrixResult result = MatrixResult.Of(cell, options.Attempt);
        Stopwatch watch = Stopwatch.StartNew();
        try
        {
            using Guest guest = Guest.Create(options.Definition ?? cell.Definition);
            return Run(guest, cell, options, result, watch, stop);
        }
        catch (LguestException e)
        {
            return result with { Outcome = CellOutcome.Error, Error = e.Message, Duration = watch.Elapsed };
        }
    }

    private static MatrixResult Run(Guest guest, MatrixCell cell, CellRunOptions options, MatrixResult result, Stopwatch watch, CancellationToken stop)
    {
        List<string> warnings = [];
        bool isRecorded = cell.Matrix.Record != RecordChoice.Never && options.OutputFolder is not null && TryRecord(guest, warnings);
        bool wantsEvents = options.RunScript is not null && cell.Matrix.ScriptChecks.Any(check => NamesEvents().IsMatch(check.Script!));
        List<LguestEvent> events = [];
        ConsoleTranscriptText console = new();
        using EventDigest digest = new();
        RunOptions run = new() { Driver = $"matrix {cell.Matrix.Name}", ConsoleOutput = console.Add, Warning = warnings.Add };
        foreach (LguestEvent happened in guest.Run(run, stop))
        {
            digest.Add(happened);
            if (wantsEvents && events.Count < MostEvents) events.Add(happened);
        }
        stop.ThrowIfCancellationRequested();
        if (console.Missed > 0) warnings.Add($"the console's text is longer than what is kept of it: its first {console.Missed:N0} bytes are gone");
        result = result with
        {
            Duration = watch.Elapsed,
            Ending = guest.Ending?.Kind,
            Standstill = guest.Standstill,
            Reason = guest.StateReason,
            GuestTime = guest.GuestTime,
            Instructions = guest.InstructionCount,
            EventCount = guest.EventCount,
            Reboots = guest.Reboots,
            EventHash = digest.Finish(),
            ConsoleTail = console.Tail(MatrixResult.LongestTail),
        };
        CellEvidence evidence = new(guest, console.Text, events);
        CheckResult[] checks = [.. cell.Matrix.Checks.Select(check => Examine(check, result, evidence, options.RunScript))];
        result = result with
        {
            Checks = checks,
            Outcome = checks.Any(check => check.Outcome == CheckOutcome.Failed) ? CellOutcome.Failed : checks.Any(check => check.Outcome == CheckOutcome.Error) ? CellOutcome.Error : CellOutcome.Passed,
            Error = checks.FirstOrDefault(check => check.Outcome == CheckOutcome.Error)?.ToString(),
        };
        if (options.OutputFolder is { } folder && Keeps(cell.Matrix.Record, result.Outcome))
            result = result with { Files = KeptFiles.Write(cell, guest, isRecorded, console.Text, folder, warnings) };
        return result with { Warnings = warnings };
    }

    private static bool Keeps(RecordChoice choice, CellOutcome outcome) =>
        choice == RecordChoice.Always || (choice == RecordChoice.OnFailure && outcome != CellOutcome.Passed);

    private static bool TryRecord(Guest guest, List<string> warnings)
    {
        try
        {
            guest.Record(keepEvents: true);
            return true;
        }
        catch (LguestException e)
        {
            warnings.Add($"its run was not recorded: {e.Message}");
            return false;
        }
    }

    private static CheckResult Examine(MatrixCheck check, MatrixResult result, CellEvidence evidence, Func<MatrixCheck, CellEvidence, CheckResult>? runScript)
    {
        try
        {
            if (check.Fault(result, evidence.Console) is { } fault) return new CheckResult(check.Name, CheckOutcome.Failed, fault);
        }
        catch (RegexMatchTimeoutException e)
        {
            return new CheckResult(check.Name, CheckOutcome.Error, $"'{e.Pattern}' takes too long on this console's text");
        }
        if (check.Script is null) return new CheckResult(check.Name, CheckOutcome.Passed);
        return runScript?.Invoke(check, evidence) ?? new CheckResult(check.Name, CheckOutcome.Error, "it is a PowerShell script, and there is no PowerShell here");
    }

    [GeneratedRegex(@"\$\{?Events\b", RegexOptions.IgnoreCase)]
    private static partial Regex NamesEvents();
}
