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

    /// <summary>The ways from one place of the code to another that tapes took, counted as afl-fuzz does.</summary>
    public static int Edges(FuzzTarget target, IEnumerable<byte[]> tapes) => Edges(tapes.Select(tape => new TapeRandom(tape)), target);

    /// <summary>The same of random cases.</summary>
    public static int Edges(FuzzTarget target, int seed, TimeSpan limit)
    {
        return Edges(Cases(), target);

        IEnumerable<TapeRandom> Cases()
        {
            Stopwatch clock = Stopwatch.StartNew();
            for (int next = seed; clock.Elapsed < limit; next++) yield return new TapeRandom(next);
        }
    }

    private static int Edges(IEnumerable<TapeRandom> cases, FuzzTarget target)
    {
        byte* map = (byte*)NativeMemory.AllocZeroed(MapSize);
        // Never freed: other threads may go on writing into it.
        Trace.SharedMem = map;
        foreach (TapeRandom one in cases)
        {
            Trace.PrevLocation = 0;
            _ = Fuzzer.Try(target, one);
        }
        return MapSize - new ReadOnlySpan<byte>(map, MapSize).Count((byte)0);
    }
}
