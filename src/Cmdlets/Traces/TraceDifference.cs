using DiffPlex;
using DiffPlex.Model;

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
        // What is the same at both ends need not be looked at: traces are long, and mostly differ in one place.
        int start = 0, most = Math.Min(reference.Count, difference.Count);
        while (start < most && reference[start] == difference[start]) start++;
        int end = 0;
        while (end < most - start && reference[^(end + 1)] == difference[^(end + 1)]) end++;
        if (start + end == reference.Count && start + end == difference.Count) yield break;

        string[] old = [.. reference.Skip(start).Take(reference.Count - start - end)], @new = [.. difference.Skip(start).Take(difference.Count - start - end)];
        DiffResult result = Differ.Instance.CreateLineDiffs(string.Join('\n', old), string.Join('\n', @new), ignoreWhitespace: false);
        foreach (DiffBlock block in result.DiffBlocks)
        {
            for (int i = 0; i < block.DeleteCountA && block.DeleteStartA + i < old.Length; i++)
                yield return new TraceDifference(InReference, old[block.DeleteStartA + i], start + block.DeleteStartA + i + 1, start + block.InsertStartB + 1);
            for (int i = 0; i < block.InsertCountB && block.InsertStartB + i < @new.Length; i++)
                yield return new TraceDifference(InDifference, @new[block.InsertStartB + i], start + block.DeleteStartA + block.DeleteCountA + 1, start + block.InsertStartB + i + 1);
        }
    }
}
