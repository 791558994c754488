namespace LguestPS.Abi;

/// <summary>What tells struct lguest_data of an era from the others' at LGUEST_INIT (ABI §2): where its kernels have filled in which field.</summary>
internal sealed record EraSigns
{
    /// <summary>The vector of system calls, which every kernel with the field syscall_vec has filled in.</summary>
    public const uint SystemCallVector = 0x80;

    /// <summary>Where syscall_vec may be; kernel_address, the page offset, is the word before. Empty for eras that have neither.</summary>
    public IReadOnlyList<uint> SyscallVec { get; init; } = [];

    /// <summary>Where noirq_start is, and noirq_end after it, for eras that are told by these: addresses of kernel code.</summary>
    public uint? NoIrqStart { get; init; }
}
