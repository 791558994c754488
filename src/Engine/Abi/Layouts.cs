namespace LguestPS.Abi;

/// <summary>A register that can carry an argument of a hypercall.</summary>
internal enum ArgumentRegister
{
    Ebx,
    Ecx,
    Edx,
    Esi,
}

/// <summary>Byte offsets in struct lguest_data (ABI §2); the first five fields are the same in every era.</summary>
internal sealed record GuestDataLayout
{
    public const uint IrqEnabled = Cpu.DirectTraps.IrqEnabledOffset;
    public const uint BlockedInterrupts = 4;
    public const uint Cr2 = Cpu.DirectTraps.Cr2Offset;
    public const uint TimeSeconds = 12;
    public const uint TimeNanoseconds = 16;

    /// <summary>Entries of the asynchronous ring.</summary>
    public const int RingSize = 64;

    /// <summary>Where the host says that an interrupt waits for the guest to enable them; from 2.6.31 on.</summary>
    public uint? IrqPending { get; init; }

    public required uint HcallStatus { get; init; }
    public required uint Hcalls { get; init; }
    public required uint ReserveMem { get; init; }
    public required uint TscKhz { get; init; }

    /// <summary>Where the host writes a number unique to the guest; only v2.6.23 has this.</summary>
    public uint? GuestId { get; init; }

    /// <summary>Where the host says at LGUEST_INIT which page directory the guest runs on; 2.6.24 to 3.0.</summary>
    public uint? PageDirectory { get; init; }

    /// <summary>Where the guest says which of its code is not to be interrupted, from an address on; up to 4.0.</summary>
    public uint? NoIrqStart { get; init; }

    /// <summary>Where it says up to which address; likewise.</summary>
    public uint? NoIrqEnd { get; init; }

    /// <summary>Where the guest names the one instruction that is not to be interrupted, an iret; from 4.1 on.</summary>
    public uint? NoIrqIret { get; init; }

    /// <summary>Where the guest says which page offset it was built for; from 2.6.24 on.</summary>
    public uint? KernelAddress { get; init; }

    /// <summary>Where it says which vector its system calls use; likewise.</summary>
    public uint? SyscallVec { get; init; }

    public required uint Size { get; init; }

    /// <summary>The order of a ring entry's words after eax; each entry has one word for eax and one for each of these.</summary>
    public required IReadOnlyList<ArgumentRegister> RingOrder { get; init; }
}

/// <summary>Byte offsets in struct lguest_dma (ABI §7); it has 100 bytes and 16 sections in both eras.</summary>
internal sealed record DmaLayout(string Profile, uint UsedLength, uint Lengths, uint Addresses)
{
    public const uint Size = 100;
    public const int Sections = 16;

    public static readonly DmaLayout V2623 = new("dma-2.6.23", UsedLength: 0, Lengths: 68, Addresses: 4);
    public static readonly DmaLayout October2007 = new("dma-2007-10", UsedLength: 0, Lengths: 4, Addresses: 36);

    /// <summary>The layout of the other DMA era, to say so when a kernel runs under the wrong profile.</summary>
    public DmaLayout Other => this == V2623 ? October2007 : V2623;
}
