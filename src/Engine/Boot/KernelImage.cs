using LguestPS.Abi;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Boot;

/// <summary>A kernel ready to be copied into a guest: its era, its segments, where its linear mapping starts, and its entry point.</summary>
internal sealed class KernelImage
{
    /// <summary>Below this lie the boot parameters and the command line.</summary>
    public const uint LowestAddress = 8192;

    /// <summary>The page offset of most kernels, for one that does not tell.</summary>
    private const uint UsualPageOffset = 0xC0000000;

    private KernelImage(AbiProfile abi, IReadOnlyList<KernelSegment> segments, uint pageOffset, uint entry)
    {
        Abi = abi;
        Segments = segments;
        PageOffset = pageOffset;
        Entry = entry;
        End = KernelSegment.EndOf(segments);
    }

    /// <summary>The era it speaks the ABI of.</summary>
    public AbiProfile Abi { get; }

    public IReadOnlyList<KernelSegment> Segments { get; }

    /// <summary>The segments, lowest address first.</summary>
    public IReadOnlyList<KernelSegment> SegmentsByAddress => KernelSegment.ByAddress(Segments);

    /// <summary>First linear address of the kernel's mapping of all memory, as far as the image tells.</summary>
    public uint PageOffset { get; }

    /// <summary>Address of the first instruction: linear where the first page tables map the page offset only, else physical.</summary>
    public uint Entry { get; }

    /// <summary>First guest-physical address after the kernel, and after what it unpacks itself to.</summary>
    public uint End { get; private init; }

    /// <summary>How the page tables are laid out that the kernel finds when it starts.</summary>
    public PageTableFormat Tables => Abi.PageTables(!Abi.Boot.HasTables ? PagingMode.Linear : UsesPae ? PagingMode.Pae : PagingMode.TwoLevel);

    /// <summary>Whether it expects page tables of PAE.</summary>
    private bool UsesPae { get; init; }

    /// <summary>What a kernel that unpacks itself aligns its place to; the boot parameters repeat it.</summary>
    public uint Alignment { get; private init; } = BzImageHeader.UsualAlignment;

    /// <summary>How much room its unpacking takes, for a program in it that reads this in the boot parameters, as those from 4.7 on do; 0 if it does not say.</summary>
    public uint SizeToUnpack { get; private init; }

    /// <summary>Whether it was built without high memory: what it cannot map at its page offset does not exist for it.</summary>
    public bool LacksHighMemory { get; private init; }

    /// <summary>Reads an ELF or bzImage kernel.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="memory">Bytes of its guest's memory.</param>
    /// <param name="asked">The profile of the era that it is said to be of; null to find that.</param>
    /// <exception cref="LguestException">FileUnavailable or InvalidImage.</exception>
    public static KernelImage Load(string path, long memory, AbiProfile? asked)
    {
        byte[] file = BootFile.ReadKernel(path);
        return Of(path, KernelContents.Read(path, file, memory), asked);
    }

    /// <summary>A kernel that has been looked into.</summary>
    /// <exception cref="LguestException">InvalidImage or NotSupported, as for <see cref="Load"/>.</exception>
    public static KernelImage Of(string path, KernelContents kernel, AbiProfile? asked)
    {
        AbiProfile abi = KernelEra.Choose(path, kernel, asked);
        if (!abi.Boot.EntersAtEntryPoint) return EnterAfterSignature(path, abi, kernel);
        return kernel.IsBzImage ? EnterStub(path, abi, kernel) : EnterElf(path, abi, kernel);
    }

    /// <summary>A kernel without code, for a vCPU that executes none.</summary>
    public static KernelImage Scripted(AbiProfile abi, uint pageOffset) => new(abi, [new KernelSegment(LowestAddress, default, 1)], pageOffset, LowestAddress);

    /// <summary>Copies the kernel into guest memory.</summary>
    public void CopyTo(GuestMemory memory)
    {
        foreach (KernelSegment segment in Segments) memory.Write(segment.Physical, segment.Bytes.Span);
    }

    internal static LguestException Invalid(string path, string problem, Exception? inner = null) =>
        new(LguestError.InvalidImage, $"{Subject(path)}{problem}", inner) { Path = path };

    /// <summary>How every message about a kernel begins.</summary>
    internal static string Subject(string path) => $"kernel '{path}' ";

    private static KernelImage EnterAfterSignature(string path, AbiProfile abi, KernelContents kernel)
    {
        uint entry = kernel.AfterSignature ?? throw Invalid(path, kernel.Segments.Count == 0 ? ForeignKernel.WithoutGzip(kernel.File) : ForeignKernel.WithoutSignature(abi, kernel));
        uint pageOffset = kernel.LinkedAt ?? BzImage.FindPageOffset(path, kernel.Segments[0].Bytes.Span);
        return new KernelImage(abi, kernel.Segments, pageOffset, entry + pageOffset) { LacksHighMemory = kernel.LacksHighMemory };
    }

    private static bool UsesPaeIn(AbiProfile abi, KernelContents kernel) => abi.MayStartOnPae && PaeInImage.IsFound(kernel.Segments);

    private static KernelImage EnterElf(string path, AbiProfile abi, KernelContents kernel)
    {
        uint entry = kernel.EntryPoint!.Value;
        if (!kernel.Segments.Any(segment => entry >= segment.Physical && entry - segment.Physical < segment.Bytes.Length))
            throw Invalid(path, $"has its entry point 0x{entry:x8} outside what it loads; a kernel of ABI profile {abi.Name} is entered at a physical address");
        return new KernelImage(abi, kernel.Segments, kernel.PageOffset!.Value, entry) { UsesPae = UsesPaeIn(abi, kernel), LacksHighMemory = kernel.LacksHighMemory };
    }

    /// <summary>A bzImage as it is: its own program unpacks the kernel.</summary>
    private static KernelImage EnterStub(string path, AbiProfile abi, KernelContents kernel)
    {
        byte[] file = kernel.File;
        if (!BzImageHeader.IsLoadedHigh(file)) throw Invalid(path, "is a zImage, which is loaded below 640 KiB; use the bzImage of the same kernel, or its vmlinux");
        int setup = BzImageHeader.SetupSize(file);
        if (setup >= file.Length || BzImageHeader.WholeSize(file) > file.Length) throw Invalid(path, ForeignKernel.WithoutGzip(file));
        KernelSegment stub = new(BzImage.LoadAddress, file.AsMemory(setup), (uint)(file.Length - setup));
        uint entry = BzImageHeader.EntryPoint(file), alignment = BzImageHeader.Alignment(file);
        if (entry - stub.Physical >= stub.Size) throw Invalid(path, $"has its entry point 0x{entry:x8} outside what it loads");
        uint unpacked = KernelSegment.EndOf(kernel.Segments);
        ulong unpacking = (ulong)BzImageHeader.PlaceToUnpack(file) + BzImageHeader.SizeToUnpack(file);
        return new KernelImage(abi, [stub], kernel.PageOffset ?? UsualPageOffset, entry)
        {
            Alignment = alignment,
            SizeToUnpack = BzImageHeader.SizeToUnpack(file),
            LacksHighMemory = kernel.LacksHighMemory,
            UsesPae = UsesPaeIn(abi, kernel),
            End = Math.Max(Math.Max(stub.End, unpacked), (uint)Math.Min(unpacking, uint.MaxValue)),
        };
    }
}
