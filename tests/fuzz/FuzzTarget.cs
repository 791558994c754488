namespace LguestPS.Tests.Fuzz;

/// <summary>Something that takes what it cannot trust, and what must hold whatever it is given.</summary>
/// <remarks>Making one costs next to nothing; what it needs is made with its first case.</remarks>
internal abstract class FuzzTarget : IDisposable
{
    /// <summary>What it is called on the command line, and its folder in the corpus.</summary>
    public abstract string Name { get; }

    /// <summary>What is fuzzed and what must hold, in a line.</summary>
    public abstract string Promise { get; }

    /// <summary>Why it cannot be run on this machine; null if it can.</summary>
    public virtual string? WhyNot => null;

    /// <summary>What takes part on this machine, if that differs between machines; null otherwise.</summary>
    public virtual string? TakesPart => null;

    /// <summary>Cases of which a run in the test suite is made: some seconds' worth at most.</summary>
    public virtual int CasesInSuite => 300;

    /// <summary>What a case is made of and the figures count, if it is more than one: instruction sequences, frames, packets.</summary>
    public long Parts { get; protected set; }

    /// <summary>Takes what a case shows, while it is to be compared with another run of it; null otherwise.</summary>
    public Observation? Observation { get; set; }

    /// <summary>Makes one case and tries it.</summary>
    /// <param name="random">Decides everything about the case; the same tape is the same case.</param>
    /// <returns>How the promise was broken, or null. Exceptions that are no answer of ours break it, too.</returns>
    public abstract string? Try(TapeRandom random);

    /// <summary>Whether a tape goes on meaning its case when samples and mutations change, as far as any tape of the target does.</summary>
    public virtual bool IsLasting(ReadOnlySpan<byte> tape) => true;

    /// <summary>A tape of the same case that is lasting.</summary>
    public virtual byte[] ToLasting(byte[] tape) => tape;

    public virtual void Dispose()
    {
    }

    /// <summary>All there are.</summary>
    public static IReadOnlyList<Func<FuzzTarget>> All { get; } =
        [.. typeof(FuzzTarget).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(FuzzTarget)) && !type.IsAbstract && !type.IsNested)
            .OrderBy(type => type.Name, StringComparer.Ordinal)
            .Select(type => (Func<FuzzTarget>)(() => (FuzzTarget)Activator.CreateInstance(type)!))];

    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static FuzzTarget Make(string name)
    {
        foreach (Func<FuzzTarget> make in All)
        {
            FuzzTarget target = make();
            if (target.Name == name) return target;
            target.Dispose();
        }
        throw new ArgumentException($"there is no target '{name}'");
    }
}
