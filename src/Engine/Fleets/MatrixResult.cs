namespace LguestPS;

/// <summary>What became of a cell of a matrix.</summary>
public enum CellOutcome : long
{
    /// <summary>It ran, and all checks held.</summary>
    Passed,

    /// <summary>It ran, and a check did not hold.</summary>
    Failed,

    /// <summary>It could not be run, or not to its end: <see cref="MatrixResult.Error"/> says why.</summary>
    Error,

    /// <summary>It was never begun.</summary>
    NotRun,
}

/// <summary>What became of a check.</summary>
public enum CheckOutcome : long
{
    Passed,
    Failed,

    /// <summary>The guest did not run, or the check itself failed.</summary>
    Error,
}

/// <summary>What a check found.</summary>
/// <param name="Name">The check.</param>
/// <param name="Outcome">Whether it held.</param>
/// <param name="Message">Why it did not; null if it did.</param>
public sealed record CheckResult(string Name, CheckOutcome Outcome, string? Message = null)
{
    public override string ToString() => Message is null ? $"{Name}: {Outcome}" : $"{Name}: {Message}";
}

/// <summary>Files that were kept of a guest, as absolute paths; null for what was not kept.</summary>
/// <param name="Recording">The recording of its run.</param>
/// <param name="Console">All of its console's text.</param>
public sealed record CellFilePaths(string? Recording = null, string? Console = null)
{
    public override string ToString() => string.Join(", ", ((string?[])[Recording, Console]).Where(path => path is not null));
}

/// <summary>The result of one cell of a matrix: one JSON line, whoever ran it and wherever.</summary>
public sealed record MatrixResult
{
    /// <summary>The number that rises if a property changes its meaning.</summary>
    public const int CurrentFormat = 1;

    /// <summary>How many characters of the console's end <see cref="ConsoleTail"/> has.</summary>
    public const int LongestTail = 4096;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>The matrix's name.</summary>
    public required string Matrix { get; init; }

    /// <summary>Which matrix it is, whatever its name (<see cref="GuestMatrix.Id"/>).</summary>
    public required string MatrixId { get; init; }

    /// <summary>How many cells the matrix has.</summary>
    public required int CellCount { get; init; }

    /// <summary>The cell, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The cell's name.</summary>
    public required string Cell { get; init; }

    /// <summary>The definition's name.</summary>
    public required string Definition { get; init; }

    /// <summary>The parameters' values, by name.</summary>
    public OrderedDictionary<string, string> Parameters { get; init => field = new OrderedDictionary<string, string>(value, StringComparer.OrdinalIgnoreCase); } = [];

    /// <summary>Which of several runs of a guest that failed, from 1.</summary>
    public int Attempt { get; init; } = 1;

    public CellOutcome Outcome { get; init; }

    /// <summary>How the guest ended; null if it did not: <see cref="Standstill"/> then says where it stands.</summary>
    public EndingKind? Ending { get; init; }

    /// <summary>Where the guest stood at last; null if it did not run.</summary>
    public Standstill? Standstill { get; init; }

    /// <summary>The ending or the standstill in words.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The machine that ran it; empty if none did.</summary>
    public string HostName { get; init; } = "";

    /// <summary>The process there.</summary>
    public int ProcessId { get; init; }

    /// <summary>When it was begun, UTC, by that machine's clock.</summary>
    public DateTime Started { get; init; }

    /// <summary>How long it took, by that machine's clock.</summary>
    public TimeSpan Duration { get; init; }

    public TimeSpan GuestTime { get; init; }

    /// <summary>Instructions that the guest ran; null on KVM, which cannot count them.</summary>
    public long? Instructions { get; init; }

    public long EventCount { get; init; }

    public long Reboots { get; init; }

    /// <summary>The SHA-256 of all its events as JSON lines, in hexadecimal digits: under the virtual clock the same in each run.</summary>
    public string? EventHash { get; init; }

    /// <summary>What each check found.</summary>
    public IReadOnlyList<CheckResult> Checks { get; init => field = value?.ToArray() ?? []; } = Array.Empty<CheckResult>();

    /// <summary>The end of the console's text.</summary>
    public string ConsoleTail { get; init; } = "";

    public CellFilePaths Files { get; init; } = new();

    /// <summary>What the engine had to say while it ran.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value?.ToArray() ?? []; } = Array.Empty<string>();

    /// <summary>Why it could not be run; null if it could.</summary>
    public string? Error { get; init; }

    /// <summary>A line for a person: why it did not pass, or how it ended.</summary>
    public string Summary => Error ?? Checks.FirstOrDefault(check => check.Outcome != CheckOutcome.Passed)?.ToString() ?? Reason;

    /// <summary>This result as one line of JSON, without the line's end.</summary>
    public string ToJson() => Fleets.MatrixResultJson.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote; properties that a later version has added are passed over.</summary>
    /// <exception cref="LguestException">InvalidValue: it is no result, or one of a later format.</exception>
    public static MatrixResult FromJson(string line) => Fleets.MatrixResultJson.Read(line);

    public override string ToString() => $"{Index}: {Cell}: {Outcome}";

    /// <summary>What is known of a cell's result before it is run.</summary>
    internal static MatrixResult Of(MatrixCell cell, int attempt) => new()
    {
        Matrix = cell.Matrix.Name,
        MatrixId = cell.Matrix.Id,
        CellCount = cell.Matrix.CellCount,
        Index = cell.Index,
        Cell = cell.Name,
        Definition = cell.DefinitionName,
        Parameters = cell.Parameters,
        Attempt = attempt,
        HostName = Environment.MachineName,
        ProcessId = Environment.ProcessId,
        Started = DateTime.UtcNow,
    };

    /// <summary>The result of a cell that was not run at all.</summary>
    internal static MatrixResult Unrun(MatrixCell cell, int attempt, CellOutcome outcome, string why) =>
        Of(cell, attempt) with { Outcome = outcome, Error = why, HostName = "", ProcessId = 0 };
}
