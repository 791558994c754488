using System.Diagnostics;

namespace LguestPS.Tests.Fuzz;

/// <summary>Makes a find smaller: takes stretches of its tape away and makes what is left zero or half, as long as it breaks in the same way.</summary>
internal sealed class Shrinker(FuzzTarget target, Find find, TimeSpan limit)
{
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly string kind = find.Kind;
    private byte[] best = find.Tape;
    private string problem = find.Problem;
    private bool mustLast;

    public Find Smallest()
    {
        // Begins with the form that lasts and keeps to it: a smaller one whose meaning hangs on a sample would be lost with that.
        mustLast = true;
        if (Accept(target.ToLasting(best))) return Smaller();
        mustLast = false;
        return Accept(best) ? Smaller() : find with { Problem = $"{find.Problem}\n(seen once; the same case did not show it again)" };
    }

    private Find Smaller()
    {
        for (int before = int.MaxValue; Weight(best) < before && clock.Elapsed < limit;)
        {
            before = Weight(best);
            CutTail();
            for (int size = best.Length / 2; size > 0 && clock.Elapsed < limit; size /= 2) Sweep(size, (tape, at) => [.. tape.AsSpan(0, at), .. tape.AsSpan(Math.Min(at + size, tape.Length))]);
            for (int size = 8; size > 0 && clock.Elapsed < limit; size /= 2) Sweep(size, (tape, at) => Changed(tape, at, size, _ => 0));
            Sweep(1, (tape, at) => Changed(tape, at, 1, value => (byte)(value / 2)));
            Sweep(1, (tape, at) => Changed(tape, at, 1, value => (byte)(value - (value > 0 ? 1 : 0))));
        }
        return find with { Tape = best, Problem = problem };
    }

    private void CutTail()
    {
        int low = 0, high = best.Length;
        while (low < high && clock.Elapsed < limit)
        {
            int middle = (low + high) / 2;
            if (Accept(best.AsSpan(0, middle).ToArray())) high = Math.Min(middle, best.Length);
            else low = middle + 1;
        }
    }

    private void Sweep(int size, Func<byte[], int, byte[]> change)
    {
        for (int at = 0; at < best.Length && clock.Elapsed < limit;)
        {
            byte[] smaller = change(best, at);
            int length = best.Length;
            if (smaller.AsSpan().SequenceEqual(best) || !Accept(smaller) || best.Length == length) at += size;
        }
    }

    private static byte[] Changed(byte[] tape, int at, int size, Func<byte, byte> change)
    {
        byte[] changed = [.. tape];
        for (int i = at; i < Math.Min(at + size, tape.Length); i++) changed[i] = change(changed[i]);
        return changed;
    }

    private static int Weight(byte[] tape) => tape.Length * 1000 + tape.Sum(value => value > 0 ? 2 + value / 64 : 0);

    private bool Accept(byte[] tape)
    {
        if (mustLast && !target.IsLasting(tape)) return false;
        TapeRandom played = new(tape);
        if ((kind == Fuzzer.NotTheSame ? Fuzzer.TryTwice(target, played) : Fuzzer.Try(target, played)) is not { } now || Find.KindOf(now) != kind) return false;
        (best, problem) = (tape, now);
        return true;
    }
}
