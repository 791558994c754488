using Xunit;

namespace LguestPS.Tests.Fleets;

/// <summary>Of the results of many machines, one counts for each cell.</summary>
public class MatrixJoinTests
{
    [Fact]
    public void The_highest_attempt_counts_and_then_the_last_that_was_begun()
    {
        MatrixJoin join = new();
        foreach ((int index, int attempt, int second) in (ReadOnlySpan<(int, int, int)>)[(2, 1, 5), (0, 2, 1), (0, 1, 9), (2, 1, 7), (2, 1, 6)]) join.Add(Result(index, attempt, second));
        Assert.Equal([(0, 2, 1), (2, 1, 7)], join.Results.Select(result => (result.Index, result.Attempt, result.Started.Second)));
        Assert.Equal([1, 3], join.Missing);
    }

    [Fact]
    public void Those_of_another_matrix_are_refused()
    {
        MatrixJoin join = new();
        join.Add(Result(0, 1, 1));
        LguestException refused = Assert.Throws<LguestException>(() => join.Add(Result(1, 1, 1) with { MatrixId = "other" }));
        Assert.Equal((LguestError.InvalidValue, "cell 1 is of another matrix 'nightly' than cell 0 of 'nightly': they differ in cells or checks, so their results cannot be joined"), (refused.Error, refused.Message));
    }

    private static MatrixResult Result(int index, int attempt, int second) => new()
    {
        Matrix = "nightly", MatrixId = "id", CellCount = 4, Index = index, Cell = $"cell {index}", Definition = "d", Attempt = attempt, Started = new DateTime(2026, 1, 1, 0, 0, second, DateTimeKind.Utc),
    };
}
