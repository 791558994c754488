using System.Diagnostics;
using System.Runtime.InteropServices;
using Afl = SharpFuzz.Fuzzer;
using Trace = SharpFuzz.Common.Trace;

namespace LguestPS.Tests.Fuzz.Guided;

/// <summary>What afl-fuzz needs: assemblies that tell which ways they went, tapes to begin with, and a program that plays tapes.</summary>
internal static unsafe class Guidance
{
    private const int MapSize = 1 << 16;

    private static readonly string[] assemblies = ["LguestPS.Engine.dll", "LguestPS.Definitions.dll"];

    /// <summary>The guest's own steps, not the engine's ways: they would fill the map and say nothing of who reads files and packets.</summary>
    private static readonly string[] leftOut = ["LguestPS.Cpu.Emulated.", "LguestPS.Memory.GuestMemory"];

    /// <summary>Makes a copy of the build tell afl-fuzz its ways.</summary>
    /// <returns>How many types do so.</returns>
    public static int Instrument(DirectoryInfo copy)
    {
        int types = 0;
        foreach (string assembly in assemblies)
            types += Afl.Instrument(Path.Combine(copy.FullName, assembly), type => !leftOut.Any(start => type.StartsWith(start, StringComparison.Ordinal)), SharpFuzz.Options.Value).Count();
        return types;
    }

    /// <summary>Tapes to begin with: the corpus, files of the kind that is read, and random cases.</summary>
    public static IEnumerable<byte[]> Seeds(FuzzTarget target, int random)
    {
        foreach (string tape in FuzzCorpus.TapesOf(target)) yield return File.ReadAllBytes(tape);
        if (target is FileTarget file)
            foreach (byte[] sample in file.WholeSamples()) yield return sample;
        for (int seed = 1; seed <= random; seed++)
        {
            TapeRandom drawn = new(seed);
            _ = Fuzzer.Try(target, drawn);
            yield return drawn.Tape;
        }
    }

    /// <summary>Plays the tapes that afl-fuzz gives, until it ends; a case that breaks its promise is a crash to it.</summary>
    public static void Serve(FuzzTarget target)
    {
        // What is made once belongs to no case.
        _ = Edges(target, [[], [FileTarget.IsWhole]]);
        Afl.Run(stream =>
        {
            using MemoryStream tape = new();
            stream.CopyTo(tape);
            if (Fuzzer.Try(target, new TapeRandom(tape.ToArray())) is { } problem) throw new InvalidOperationException(problem);
        });
    }

    /// <summary>The ways from one place of the code to another that tapes take, as numbers that afl-fuzz gives them, too.</summary>
    public static HashSet<int> Edges(FuzzTarget target, IEnumerable<byte[]> tapes) => Edges(tapes.Select(tape => new TapeRandom(tape)), target);

    /// <summary>The same of random cases.</summary>
    public static HashSet<int> Edges(FuzzTarget target, int seed, TimeSpan limit)
    {
        return Edges(Cases(), target);

        IEnumerable<TapeRandom> Cases()
        {
            Stopwatch clock = Stopwatch.StartNew();
            for (int next = seed; clock.Elapsed < limit; next++) yield return new TapeRandom(next);
        }
    }

    /// <summary>Of some tapes those that take ways which neither known tapes nor shorter ones of them take, twice: what a clock or a thread does is no way of the tape's.</summary>
    public static IEnumerable<byte[]> Select(FuzzTarget target, IEnumerable<byte[]> known, IEnumerable<byte[]> tapes)
    {
        bool[] taken = new bool[MapSize];
        foreach (byte[] tape in known)
            foreach (int edge in Ways(target, tape)) taken[edge] = true;
        foreach (byte[] tape in tapes.OrderBy(tape => tape.Length))
        {
            HashSet<int> ways = [.. Ways(target, tape).Where(edge => !taken[edge])];
            if (ways.Count == 0) continue;
            bool again = Ways(target, tape).Any(ways.Contains);
            foreach (int edge in ways) taken[edge] = true;
            if (again) yield return tape;
        }
    }

    private static HashSet<int> Ways(FuzzTarget target, byte[] tape) => Edges(target, [tape]);

    /// <summary>Gives what is instrumented a place to tell its ways, without which none of it can run.</summary>
    public static void UseOwnMap() => Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(MapSize);

    private static HashSet<int> Edges(IEnumerable<TapeRandom> cases, FuzzTarget target)
    {
        new Span<byte>(Trace.SharedMem, MapSize).Clear();
        foreach (TapeRandom one in cases)
        {
            Trace.PrevLocation = 0;
            _ = Fuzzer.Try(target, one);
        }
        HashSet<int> edges = [];
        for (int edge = 0; edge < MapSize; edge++)
            if (Trace.SharedMem[edge] != 0) edges.Add(edge);
        return edges;
    }
}
