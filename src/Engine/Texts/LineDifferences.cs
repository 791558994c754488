using DiffPlex;
using DiffPlex.Model;

namespace LguestPS.Texts;

/// <summary>Lines that were replaced: so many of the old text by so many of the new one, either of which may be none.</summary>
/// <param name="OldStart">Where they stand in the old text, or would stand, from 0.</param>
/// <param name="OldCount">How many lines of the old text have gone.</param>
/// <param name="NewStart">Where they stand in the new text, or would stand, from 0.</param>
/// <param name="NewCount">How many lines of the new text have come.</param>
internal readonly record struct LineChange(int OldStart, int OldCount, int NewStart, int NewCount);

/// <summary>Compares texts line by line.</summary>
internal static class LineDifferences
{
    /// <summary>The smallest changes that make one text of the other, in order. Empty if they are the same.</summary>
    public static IEnumerable<LineChange> Between(IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        // What is the same at both ends need not be looked at: such texts are long, and mostly differ in one place.
        int start = 0, most = Math.Min(old.Count, @new.Count);
        while (start < most && old[start] == @new[start]) start++;
        int end = 0;
        while (end < most - start && old[^(end + 1)] == @new[^(end + 1)]) end++;
        int oldCount = old.Count - start - end, newCount = @new.Count - start - end;
        if (oldCount == 0 && newCount == 0) return [];

        DiffResult result = Differ.Instance.CreateLineDiffs(Joined(old), Joined(@new), ignoreWhitespace: false);
        // No line is one empty line to the library.
        return result.DiffBlocks.Select(block => new LineChange(
            start + block.DeleteStartA, Math.Min(block.DeleteCountA, oldCount - block.DeleteStartA),
            start + block.InsertStartB, Math.Min(block.InsertCountB, newCount - block.InsertStartB)));

        string Joined(IReadOnlyList<string> lines) => string.Join('\n', lines.Skip(start).Take(lines.Count - start - end));
    }
}
