namespace LguestPS.Boot;

/// <summary>What a kernel's file tells of it, before it is decided how it is booted.</summary>
internal sealed class KernelContents
{
    // Every kernel with lguest in it has this name of its paravirtual operations among its strings.
    private static ReadOnlySpan<byte> ParavirtName => "\0lguest\0"u8;

    // The entry point of the DMA eras is after the first of these in memory.
    private static ReadOnlySpan<byte> Signature => "GenuineLguest"u8;

    // A kernel that was built without CONFIG_HIGHMEM says so when it finds more memory than it can map (Linux, arch/x86/mm/init_32.c).
    private static ReadOnlySpan<byte> WithoutHighMemory => "Use a HIGHMEM enabled kernel."u8;

    private readonly uint? namedPageOffset;

    private KernelContents(byte[] file, IReadOnlyList<KernelSegment> segments)
    {
        File = file;
        IsBzImage = BzImageHeader.IsBzImage(file);
        Segments = segments;
        Version = (IsBzImage ? LinuxVersion.Parse(BzImageHeader.Version(file)) : null) ?? LinuxVersion.Find(segments);
        Fitting = LguestDataInImage.FindEras(segments, out namedPageOffset);
    }

    public byte[] File { get; }

    /// <summary>Whether the kernel comes packed, with a program that unpacks it.</summary>
    public bool IsBzImage { get; }

    /// <summary>The kernel's own pieces, unpacked; none if it is packed in a way that is not unpacked here, or is damaged.</summary>
    public IReadOnlyList<KernelSegment> Segments { get; }

    /// <summary>What the kernel calls itself, or null.</summary>
    public LinuxVersion? Version { get; }

    /// <summary>The eras whose struct lguest_data the kernel was built with; none if that is not found.</summary>
    public IReadOnlyList<AbiProfile> Fitting { get; }

    /// <summary>For an ELF kernel, packed or not, the offset between its linear and its physical addresses.</summary>
    public uint? LinkedAt { get; private init; }

    /// <summary>For an ELF kernel, packed or not, the entry point in its header.</summary>
    public uint? EntryPoint { get; private init; }

    /// <summary>The first linear address of the kernel's mapping of all memory, if its headers or its struct lguest_data name it.</summary>
    public uint? PageOffset => LinkedAt ?? namedPageOffset;

    /// <summary>The physical address after the signature in memory, or null.</summary>
    public uint? AfterSignature
    {
        get
        {
            foreach (KernelSegment segment in KernelSegment.ByAddress(Segments))
            {
                int at = segment.Bytes.Span.IndexOf(Signature);
                if (at >= 0) return segment.Physical + (uint)(at + Signature.Length);
            }
            return null;
        }
    }

    /// <summary>False if the kernel could be looked into, and there is nothing of lguest in it.</summary>
    public bool MayKnowLguest => Segments.Count == 0 || Fitting.Count > 0 || AfterSignature is not null || Segments.Any(segment => segment.Bytes.Span.IndexOf(ParavirtName) >= 0);

    /// <summary>Whether the kernel was built without high memory, as far as could be looked into.</summary>
    public bool LacksHighMemory => Segments.Any(segment => segment.Bytes.Span.IndexOf(WithoutHighMemory) >= 0);

    /// <summary>Looks into a file.</summary>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="file">What is in it.</param>
    /// <param name="memory">Bytes of the guest's memory: what does not fit in there is not unpacked any further.</param>
    /// <exception cref="LguestException">InvalidImage: it is no kernel, not a whole one, or one without lguest by its header.</exception>
    public static KernelContents Read(string path, byte[] file, long memory)
    {
        if (ElfImage.IsElf(file)) return OfElf(path, file, file);
        if (!BzImageHeader.IsBzImage(file)) throw KernelImage.Invalid(path, ForeignKernel.NoKernel(file));
        if (ForeignKernel.OfHeader(file) is { } problem) throw KernelImage.Invalid(path, problem);
        byte[]? kernel = ForeignKernel.PackedOtherwise(file) is { } packing ? BzImage.TryDecompress(path, file, packing, memory) : BzImage.Decompress(path, file, memory);
        // Then the kernel's own program may still be able to.
        if (kernel is null) return new KernelContents(file, []);
        return ElfImage.IsElf(kernel) ? OfElf(path, file, kernel) : new KernelContents(file, [new(BzImage.LoadAddress, kernel, (uint)kernel.Length)]);
    }

    private static KernelContents OfElf(string path, byte[] file, byte[] elf)
    {
        IReadOnlyList<KernelSegment> segments = ElfImage.Read(path, elf, out uint pageOffset, out uint entryPoint);
        return new KernelContents(file, segments) { LinkedAt = pageOffset, EntryPoint = entryPoint };
    }
}
