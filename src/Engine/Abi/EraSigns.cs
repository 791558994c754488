using LguestPS.Memory;

namespace LguestPS.Abi;

/// <summary>What tells struct lguest_data of an era from the others' (ABI §2): where its kernels have filled in which field.</summary>
/// <remarks>They are there in the image already, and still at LGUEST_INIT.</remarks>
internal sealed record EraSigns
{
    /// <summary>The vector of system calls, which every kernel with the field syscall_vec has filled in.</summary>
    public const uint SystemCallVector = 0x80;

    /// <summary>Every way to split the address space puts the kernel above this, on a page directory slot.</summary>
    public const uint LowestPageOffset = 0x40000000;

    private const uint DirectorySlot = 4 << 20;

    // What must not be interrupted is a handful of instructions.
    private const uint LongestCode = GuestMemory.PageSize;

    /// <summary>Where hcall_status is, all of whose bytes say that the ring is empty.</summary>
    public required uint HcallStatus { get; init; }

    /// <summary>Where syscall_vec is; kernel_address, the page offset, is the word before. Null for eras that have neither.</summary>
    public uint? SyscallVec { get; init; }

    /// <summary>Where noirq_start is, and noirq_end after it, for eras that are told by these: addresses of kernel code.</summary>
    public uint? NoIrqStart { get; init; }

    /// <summary>Those of an era whose struct is known: syscall_vec where there is one, else noirq_start.</summary>
    public static EraSigns Of(GuestDataLayout layout) =>
        new() { HcallStatus = layout.HcallStatus, SyscallVec = layout.SyscallVec, NoIrqStart = layout.SyscallVec is null ? layout.NoIrqStart : null };

    /// <summary>Whether a struct has these signs.</summary>
    /// <param name="read">The word at an offset in it; null beyond the end of what is known.</param>
    /// <param name="isCode">Whether an address may be one of kernel code.</param>
    public bool Fit(Func<uint, uint?> read, Func<uint, bool> isCode) =>
        (NoIrqStart is { } noIrq && read(noIrq) is { } start && read(noIrq + 4) is { } end && start <= end && end - start < LongestCode && isCode(start) && isCode(end))
        || FindPageOffset(read) is not null;

    /// <summary>The page offset that the struct names, if it has the sign of these eras; else null.</summary>
    public uint? FindPageOffset(Func<uint, uint?> read) =>
        SyscallVec is { } at && read(at) == SystemCallVector && read(at - 4) is >= LowestPageOffset and var pageOffset && pageOffset % DirectorySlot == 0 ? pageOffset : null;
}
