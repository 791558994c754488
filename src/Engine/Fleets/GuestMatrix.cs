using System.Security.Cryptography;
using System.Text.Json;
using LguestPS.Checkpoints;
using LguestPS.Fleets;

namespace LguestPS;

/// <summary>When the recording and the console of a cell's guest are kept.</summary>
public enum RecordChoice : long
{
    /// <summary>Of guests that failed.</summary>
    OnFailure,

    /// <summary>Of all guests.</summary>
    Always,

    /// <summary>Of none; no run is recorded.</summary>
    Never,
}

/// <summary>Guests to run for each combination of definitions and parameters, and what must hold of each afterwards.</summary>
/// <remarks>Its cells, their indices and names depend on nothing but what is written here, so a cell can be run anywhere by its index.</remarks>
public sealed class GuestMatrix
{
    /// <summary>The most cells.</summary>
    public const int MostCells = 100_000;

    private static readonly IReadOnlyList<MatrixCheck> UsualChecks = [new MatrixCheck("powers down") { Ending = EndingKind.PowerDown }];

    private readonly Lock gate = new();
    private IReadOnlyList<MatrixCell>? cells;
    private string? id;
    private int? cellCount;

    /// <summary>The matrix's name: as that of a guest.</summary>
    public required string Name { get; init; }

    /// <summary>The guests, each with a name of its own.</summary>
    public required IReadOnlyList<GuestDefinition> Definitions { get; init => field = value?.ToArray()!; }

    /// <summary>What is varied, in order: the last one changes fastest.</summary>
    public IReadOnlyList<MatrixParameter> Parameters { get; init => field = value?.ToArray()!; } = Array.Empty<MatrixParameter>();

    /// <summary>What must hold of each guest. If nothing is given, it must power down.</summary>
    public IReadOnlyList<MatrixCheck> Checks { get; init => field = value is null or [] ? UsualChecks : value.ToArray(); } = UsualChecks;

    /// <summary>How often each combination is run, at least 1.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>The time limit of cells whose definition has none; null for none.</summary>
    public TimeSpan? TimeLimit { get; init; }

    public RecordChoice Record { get; init; }

    /// <summary>The folder that paths are relative to where they are shown and compared.</summary>
    public required string Folder { get; init; }

    /// <summary>The file this was read from, or null.</summary>
    public string? Source { get; init; }

    /// <summary>All cells, in the order of their indices.</summary>
    /// <exception cref="LguestException">InvalidDefinition: a combination is none that a guest can be made of; says which and why.</exception>
    public IReadOnlyList<MatrixCell> Cells
    {
        get
        {
            lock (gate) return cells ??= MatrixExpansion.Of(this);
        }
    }

    /// <summary>The SHA-256 of everything in it but the contents of files, in hexadecimal digits: results of different matrices do not mix.</summary>
    /// <exception cref="LguestException">As for <see cref="Cells"/>.</exception>
    public string Id
    {
        get
        {
            lock (gate) return id ??= Fingerprint();
        }
    }

    /// <summary>The checks that are PowerShell scripts, which nothing else can run.</summary>
    public IEnumerable<MatrixCheck> ScriptChecks => Checks.Where(check => check.Script is not null);

    /// <summary>Whether only PowerShell can run its cells.</summary>
    public bool NeedsPowerShell => ScriptChecks.Any();

    /// <summary>The cell with an index.</summary>
    /// <exception cref="LguestException">InvalidValue: there is none.</exception>
    public MatrixCell Cell(int index) => index >= 0 && index < Cells.Count
        ? Cells[index]
        : throw new LguestException(LguestError.InvalidValue, $"matrix '{Name}' has no cell {index}; its cells are 0 to {Cells.Count - 1}");

    /// <summary>How many cells there are, also where they are not all known.</summary>
    internal int CellCount => cellCount ?? Cells.Count;

    /// <summary>A matrix that is somewhere else; here, only what its cells need is known of it.</summary>
    internal static GuestMatrix Elsewhere(string name, string id, int cellCount, IReadOnlyList<MatrixCheck> checks, RecordChoice record) => new()
    {
        Name = name,
        Definitions = [],
        Checks = checks,
        Record = record,
        Folder = "",
        id = id,
        cellCount = cellCount,
        cells = [],
    };

    /// <summary>A path as it is shown: relative to the matrix where it lies below it.</summary>
    internal string Shown(string path) => Path.GetRelativePath(Folder, path);

    public override string ToString() => $"{Name} ({Cells.Count} {(Cells.Count == 1 ? "cell" : "cells")})";

    private string Fingerprint()
    {
        MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartArray();
            json.WriteStringValue(Name);
            json.WriteNumberValue(Repeat);
            json.WriteNumberValue(TimeLimit?.Ticks ?? 0);
            foreach (GuestDefinition definition in Definitions)
                json.WriteStringValue(DefinitionJson.Write(CellFiles.Map(definition with { Source = null }, Shown)));
            foreach (MatrixParameter parameter in Parameters)
            {
                json.WriteStringValue(parameter.Name);
                foreach (MatrixValue value in parameter.Values)
                {
                    json.WriteStringValue(value.Label);
                    json.WriteStringValue(value.Text);
                }
            }
            foreach (MatrixCheck check in Checks)
            {
                json.WriteStringValue(check.Name);
                check.WriteTo(json);
            }
            json.WriteEndArray();
        }
        _ = Cells;      // what has no cells has no identity
        return Convert.ToHexStringLower(SHA256.HashData(text.GetBuffer().AsSpan(0, (int)text.Length)));
    }
}
