using LguestPS.Fleets;

namespace LguestPS;

/// <summary>Joins the results of one matrix that came from many places: of each cell the one that counts.</summary>
/// <remarks>Of several results of a cell the one with the highest attempt counts, then the one that was begun last.</remarks>
public sealed class MatrixJoin
{
    private readonly SortedDictionary<int, MatrixResult> counting = [];
    private MatrixResult? first;

    /// <summary>The results that count, in the order of their cells.</summary>
    public IReadOnlyCollection<MatrixResult> Results => counting.Values;

    /// <summary>Cells without a result.</summary>
    public IEnumerable<int> Missing => Enumerable.Range(0, first?.CellCount ?? 0).Where(index => !counting.ContainsKey(index));

    /// <summary>Adds a result.</summary>
    /// <exception cref="LguestException">InvalidValue: it is one of another matrix.</exception>
    public void Add(MatrixResult result)
    {
        first ??= result;
        if (result.MatrixId != first.MatrixId)
        {
            throw new LguestException(LguestError.InvalidValue,
                $"cell {result.Index} is of another matrix '{result.Matrix}' than cell {first.Index} of '{first.Matrix}': they differ in cells or checks, so their results cannot be joined");
        }
        if (!counting.TryGetValue(result.Index, out MatrixResult? known) || Counts(result, known)) counting[result.Index] = result;
    }

    private static bool Counts(MatrixResult result, MatrixResult known) =>
        (result.Attempt, result.Started).CompareTo((known.Attempt, known.Started)) > 0;
}
