namespace LguestPS;

/// <summary>What kind of file a kernel is in.</summary>
public enum KernelFormat : long
{
    /// <summary>It is no kernel.</summary>
    None,

    /// <summary>An ELF executable, as Linux is linked.</summary>
    Vmlinux,

    /// <summary>A packed kernel with a program that unpacks it to 1 MiB.</summary>
    BzImage,

    /// <summary>An old, small one that is loaded below 640 KiB.</summary>
    ZImage,
}

/// <summary>Whether a kernel can be an lguest guest.</summary>
public enum LguestSupport : long
{
    /// <summary>It could not be looked into.</summary>
    Unknown,

    /// <summary>It was built without CONFIG_LGUEST_GUEST.</summary>
    No,

    /// <summary>It was built with CONFIG_LGUEST_GUEST=y.</summary>
    Yes,
}

/// <summary>What a kernel's file tells of it without being run. Null means that it does not tell.</summary>
public sealed record KernelReport
{
    internal KernelReport()
    {
    }

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>What kind of file it is.</summary>
    public KernelFormat Format { get; init; }

    /// <summary>The numbers of its version, such as 3.11.10.</summary>
    public Version? Version { get; init; }

    /// <summary>What <c>uname -r</c> says in it, such as 3.11.10-301.fc20.i686.</summary>
    public string? Release { get; init; }

    /// <summary>Who built it, with what and when, as its first message says.</summary>
    public string? Build { get; init; }

    /// <summary>Whether and how it runs, in a sentence; or why not and what to do.</summary>
    public string Runs { get; init; } = "";

    /// <summary>Whether it runs; null if only a try can tell.</summary>
    public bool? CanRun { get; init; }

    /// <summary>What to supply for it, a sentence each; empty if it does not run.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Name of the ABI profile of its era.</summary>
    public string? Profile { get; init; }

    /// <summary>32 or 64.</summary>
    public int? Bits { get; init; }

    /// <summary>Whether it can be an lguest guest.</summary>
    public LguestSupport Lguest { get; init; }

    /// <summary>How it is packed: gzip, bzip2, lzma, xz, lzo, lz4, …; null if it is not packed.</summary>
    public string? Packing { get; init; }

    /// <summary>Whether it could be looked into: lzo and zstd are not unpacked.</summary>
    public bool Unpacked { get; init; }

    /// <summary>Whether it uses page tables of PAE.</summary>
    public bool? Pae { get; init; }

    /// <summary>First linear address of its mapping of all memory (PAGE_OFFSET, as CONFIG_VMSPLIT chose it).</summary>
    public uint? PageOffset { get; init; }

    /// <summary>Whether it is built for several processors; a guest has one.</summary>
    public bool? Smp { get; init; }

    /// <summary>Whether its functions check their stacks (CONFIG_CC_STACKPROTECTOR).</summary>
    public bool? StackProtector { get; init; }

    /// <summary>Whether it loads microcode early.</summary>
    public bool? Microcode { get; init; }

    /// <summary>Whether it moves itself to a place of chance when it is unpacked (CONFIG_RANDOMIZE_BASE).</summary>
    public bool? Kaslr { get; init; }

    /// <summary>Whether it loads modules.</summary>
    public bool? Modules { get; init; }

    /// <summary>Its drivers for the devices of its guest.</summary>
    public IReadOnlyList<KernelDriver> Drivers { get; init; } = [];

    /// <summary>The file with its symbols: itself, or the System.map or vmlinux beside it that is of the same kernel.</summary>
    public string? Symbols { get; init; }

    /// <summary>How many symbols that has.</summary>
    public int SymbolCount { get; init; }

    /// <summary>Bytes of memory, in whole mebibytes, in which it can be loaded without an initrd; to run it needs more.</summary>
    public long? LeastMemory { get; init; }

    /// <summary>Values of the options it was built with, by their names without CONFIG_.</summary>
    public IReadOnlyDictionary<string, string>? Configuration { get; init; }

    /// <summary>Where the configuration was found: in the kernel, or the path of a file beside it.</summary>
    public string? ConfigurationSource { get; init; }

    /// <summary>Reads a kernel's file. A file that is none is described, too.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="LguestException">FileUnavailable: it is missing or cannot be read.</exception>
    public static KernelReport Read(string path) => Kernels.KernelReader.Read(path);

    public override string ToString() => $"{Path}: {Runs}";
}
