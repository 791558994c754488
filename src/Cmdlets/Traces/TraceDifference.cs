using LguestPS.Texts;

namespace LguestPS.Cmdlets;

/// <summary>A line that stands in one of two traces only.</summary>
/// <param name="Side"><c>&lt;=</c> if it is in the reference, <c>=&gt;</c> if it is in the difference, as Compare-Object writes it.</param>
/// <param name="Line">The event as a line of a trace.</param>
/// <param name="ReferenceIndex">Where in the reference it stands, or would stand: 1 is the first event.</param>
/// <param name="DifferenceIndex">Where in the difference it stands, or would stand.</param>
public sealed record TraceDifference(string Side, string Line, int ReferenceIndex, int DifferenceIndex)
{
    internal const string InReference = "<=";
    internal const string InDifference = "=>";

    public override string ToString() => $"{Side} {Line}";

    /// <summary>The smallest changes that make one trace of the other, in order. Empty if they are the same.</summary>
    internal static IEnumerable<TraceDifference> Between(IReadOnlyList<string> reference, IReadOnlyList<string> difference)
    {
        foreach (LineChange change in LineDifferences.Between(reference, difference))
        {
            for (int i = 0; i < change.OldCount; i++)
                yield return new TraceDifference(InReference, reference[change.OldStart + i], change.OldStart + i + 1, change.NewStart + 1);
            for (int i = 0; i < change.NewCount; i++)
                yield return new TraceDifference(InDifference, difference[change.NewStart + i], change.OldStart + change.OldCount + 1, change.NewStart + i + 1);
        }
    }
}
