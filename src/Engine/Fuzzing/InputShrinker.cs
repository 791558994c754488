namespace LguestPS.Fuzzing;

/// <summary>Makes an input smaller, as long as the same comes of it: stretches go, and what is left becomes what it was at the checkpoint, or simple.</summary>
internal sealed class InputShrinker(FuzzRig rig, IReadOnlyList<FuzzTarget> targets, FuzzInput unchanged, CancellationToken stop)
{
    private const int MostRuns = 3000;

    private FuzzInput best = null!;
    private FuzzOutcome outcome = null!;
    private Func<FuzzOutcome, bool> isSame = _ => false;
    private int runs;

    /// <summary>The smallest that was found, with what came of it.</summary>
    /// <param name="input">What is made smaller.</param>
    /// <param name="before">What came of it.</param>
    /// <param name="same">Whether something else is the same.</param>
    public (FuzzInput Input, FuzzOutcome Outcome) Shrink(FuzzInput input, FuzzOutcome before, Func<FuzzOutcome, bool> same)
    {
        (best, outcome, isSame, runs) = (input, before, same, 0);
        if (input.HasChange) return (input, before);        // what a script did is one change
        for (bool any = true; any && runs < MostRuns;)
        {
            FuzzInput last = best;
            for (int i = 0; i < targets.Count; i++)
            {
                if (targets[i].IsFixed) PutBack(i);
                else Cut(i);
            }
            any = last != best;
        }
        return (best, outcome);
    }

    /// <summary>Takes stretches away, then has letters in place of what is left.</summary>
    private void Cut(int part)
    {
        for (int size = Math.Max(1, best.Parts[part].Bytes.Length / 2); size > 0 && runs < MostRuns; size /= 2)
        {
            for (int at = 0; at < best.Parts[part].Bytes.Length && runs < MostRuns;)
            {
                byte[] bytes = best.Parts[part].Bytes;
                byte[] fewer = targets[part].Fit([.. bytes.AsSpan(0, at), .. bytes.AsSpan(Math.Min(at + size, bytes.Length))]);
                if (fewer.Length >= bytes.Length || !Accept(part, fewer)) at += size;
            }
        }
        byte simple = targets[part].IsText ? (byte)'a' : (byte)0;
        for (int at = 0; at < best.Parts[part].Bytes.Length && runs < MostRuns; at++) Set(part, at, 1, _ => simple);
    }

    /// <summary>Makes stretches what they were at the checkpoint.</summary>
    private void PutBack(int part)
    {
        byte[] was = unchanged.Parts[part].Bytes;
        for (int size = was.Length; size > 0 && runs < MostRuns; size /= 2)
            for (int at = 0; at < was.Length && runs < MostRuns; at += size) Set(part, at, Math.Min(size, was.Length - at), i => was[i]);
    }

    private void Set(int part, int at, int count, Func<int, byte> value)
    {
        byte[] changed = [.. best.Parts[part].Bytes];
        for (int i = at; i < at + count; i++) changed[i] = value(i);
        changed = targets[part].Fit(changed);
        if (changed.Length > best.Parts[part].Bytes.Length) return;     // its last line feed went, and came back
        if (!changed.AsSpan().SequenceEqual(best.Parts[part].Bytes)) Accept(part, changed);
    }

    private bool Accept(int part, byte[] bytes)
    {
        stop.ThrowIfCancellationRequested();
        FuzzInput smaller = best.With(part, bytes);
        runs++;
        FuzzOutcome now = rig.Run(ref smaller, random: null, known: null);
        if (!isSame(now)) return false;
        (best, outcome) = (smaller, now);
        return true;
    }
}
