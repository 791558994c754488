using System.Text.Json;
using LguestPS.Checkpoints;
using LguestPS.State;

namespace LguestPS.Fleets;

/// <summary>What a machine is told of a matrix whose cells it runs.</summary>
internal sealed record MatrixWire(string Name, string Id, int CellCount, IReadOnlyList<MatrixCheck> Checks, RecordChoice Record)
{
    public static string Write(GuestMatrix matrix) => JsonSerializer.Serialize(new MatrixWire(matrix.Name, matrix.Id, matrix.CellCount, matrix.Checks, matrix.Record));

    public static GuestMatrix Read(string text)
    {
        MatrixWire wire = JsonSerializer.Deserialize<MatrixWire>(text)!;
        return GuestMatrix.Elsewhere(wire.Name, wire.Id, wire.CellCount, wire.Checks, wire.Record);
    }
}

/// <summary>A cell on its way to the machine that runs it, with a definition whose files are where they are on that machine.</summary>
internal sealed record CellWire(int Index, string Name, string DefinitionName, OrderedDictionary<string, string> Parameters, string Definition, int Attempt)
{
    public static CellWire Of(MatrixCell cell, int attempt, Func<string, string> toPath) =>
        new(cell.Index, cell.Name, cell.DefinitionName, cell.Parameters, DefinitionJson.Write(CellFiles.Map(cell.Definition, toPath)), attempt);

    /// <exception cref="InvalidStateException">Its definition is none.</exception>
    public MatrixCell ToCell(GuestMatrix matrix) =>
        new(matrix, Index, Name, DefinitionName, new OrderedDictionary<string, string>(Parameters, StringComparer.OrdinalIgnoreCase), DefinitionJson.Read(Definition));

    public static string Write(IEnumerable<CellWire> cells) => JsonSerializer.Serialize(cells);

    public static CellWire[] Read(string text) => JsonSerializer.Deserialize<CellWire[]>(text)!;
}
