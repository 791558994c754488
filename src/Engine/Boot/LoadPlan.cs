namespace LguestPS;

/// <summary>Something that is put into a guest's memory before it runs.</summary>
/// <param name="What">kernel, initrd, page tables, …</param>
/// <param name="Address">Guest-physical address.</param>
/// <param name="Size">Bytes it occupies.</param>
/// <param name="Source">The file it comes from, or null.</param>
public sealed record LoadedPart(string What, uint Address, uint Size, string? Source)
{
    public override string ToString() => $"{What} at 0x{Address:x8}, {Size} bytes{(Source is null ? "" : $" from {Source}")}";
}

/// <summary>What <see cref="Guest.Create"/> would do with a definition.</summary>
/// <param name="Parts">What would be loaded where, lowest address first.</param>
/// <param name="Entry">Address of the first instruction: linear in the DMA eras, else guest-physical, which is the same while the kernel starts.</param>
/// <param name="PageOffset">First linear address of the kernel's mapping of all memory.</param>
/// <param name="Abi">Name of the ABI profile that the guest would have.</param>
/// <param name="CpuReason">Why the vCPU would be the one it would be.</param>
public sealed record LoadPlan(IReadOnlyList<LoadedPart> Parts, uint Entry, uint PageOffset, string Abi, string CpuReason);
