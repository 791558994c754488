using LguestPS.Memory;

namespace LguestPS.Boot;

/// <summary>A piece of a kernel and where it goes in guest-physical memory.</summary>
/// <param name="Physical">Guest-physical address.</param>
/// <param name="Bytes">What is copied there.</param>
/// <param name="Size">Bytes it occupies; those beyond <paramref name="Bytes"/> are zero.</param>
internal sealed record KernelSegment(uint Physical, ReadOnlyMemory<byte> Bytes, uint Size);

/// <summary>A kernel ready to be copied into a guest: its segments, where its linear mapping starts, and its entry point.</summary>
internal sealed class KernelImage
{
    /// <summary>Below this lie the boot parameters and the command line.</summary>
    public const uint LowestAddress = 8192;

    // The DMA-era entry point follows the first of these in memory; e_entry is the native one (ABI §9).
    private static ReadOnlySpan<byte> Signature => "GenuineLguest"u8;

    private KernelImage(string path, IReadOnlyList<KernelSegment> segments, uint pageOffset)
    {
        Segments = segments;
        PageOffset = pageOffset;
        foreach (KernelSegment segment in segments) End = Math.Max(End, segment.Physical + segment.Size);
        Entry = FindEntry(segments, pageOffset) ?? throw Invalid(path, ForeignKernel.WithoutEntry(segments));
    }

    public IReadOnlyList<KernelSegment> Segments { get; }

    /// <summary>The segments, lowest address first.</summary>
    public IReadOnlyList<KernelSegment> SegmentsByAddress => ByAddress(Segments);

    /// <summary>First linear address of the kernel's mapping of all memory.</summary>
    public uint PageOffset { get; }

    /// <summary>Linear address of the first instruction.</summary>
    public uint Entry { get; }

    /// <summary>First guest-physical address behind the kernel.</summary>
    public uint End { get; }

    /// <summary>Reads an ELF or bzImage kernel.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="memory">Bytes of its guest's memory.</param>
    /// <exception cref="LguestException">FileUnavailable or InvalidImage.</exception>
    public static KernelImage Load(string path, long memory)
    {
        byte[] file = BootFile.Read(path, "kernel", (uint)GuestDefinition.MaximumMemory);
        if (ElfImage.IsElf(file)) return FromElf(path, file);
        if (!BzImageHeader.IsBzImage(file)) throw Invalid(path, ForeignKernel.NoKernel(file));
        if (ForeignKernel.OfHeader(file) is { } problem) throw Invalid(path, problem);
        byte[] kernel = BzImage.Decompress(path, file, memory);
        if (ElfImage.IsElf(kernel)) return FromElf(path, kernel);
        KernelSegment[] flat = [new(BzImage.LoadAddress, kernel, (uint)kernel.Length)];
        if (FindEntry(flat, pageOffset: 0) is null) throw Invalid(path, ForeignKernel.WithoutEntry(flat));
        return new KernelImage(path, flat, BzImage.FindPageOffset(path, kernel));
    }

    /// <summary>A kernel without code, for a vCPU that executes none.</summary>
    public static KernelImage Scripted(uint pageOffset) =>
        new("(a script)", [new KernelSegment(LowestAddress, Signature.ToArray(), (uint)Signature.Length + 1)], pageOffset);

    /// <summary>Copies the kernel into guest memory.</summary>
    public void CopyTo(GuestMemory memory)
    {
        foreach (KernelSegment segment in Segments) memory.Write(segment.Physical, segment.Bytes.Span);
    }

    internal static LguestException Invalid(string path, string problem, Exception? inner = null) =>
        new(LguestError.InvalidImage, $"kernel '{path}' {problem}", inner) { Path = path };

    private static KernelImage FromElf(string path, byte[] file)
    {
        IReadOnlyList<KernelSegment> segments = ElfImage.Read(path, file, out uint pageOffset);
        return new KernelImage(path, segments, pageOffset);
    }

    private static uint? FindEntry(IReadOnlyList<KernelSegment> segments, uint pageOffset)
    {
        foreach (KernelSegment segment in ByAddress(segments))
        {
            int at = segment.Bytes.Span.IndexOf(Signature);
            if (at >= 0) return segment.Physical + (uint)(at + Signature.Length) + pageOffset;
        }
        return null;
    }

    private static KernelSegment[] ByAddress(IReadOnlyList<KernelSegment> segments)
    {
        KernelSegment[] sorted = [.. segments];
        Array.Sort(sorted, (left, right) => left.Physical.CompareTo(right.Physical));
        return sorted;
    }
}
