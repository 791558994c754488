namespace LguestPS.Abi;

/// <summary>How kernels of an era are entered, and what they find when they start (ABI §9).</summary>
internal sealed record BootRules
{
    /// <summary>The DMA eras: the host unpacks the kernel, enters it after a signature in its code, and has mapped all memory at the page offset.</summary>
    public static readonly BootRules Signature = new() { MapsPageOffset = true };

    /// <summary>2.6.24 to 2.6.28: the entry point that the image names, a physical address; all memory is mapped there.</summary>
    public static readonly BootRules Identity = new() { Protocol = SubarchProtocol, MapsIdentity = true };

    /// <summary>2.6.29 to 3.0: memory is mapped at the page offset, too, which the host must know for that.</summary>
    public static readonly BootRules IdentityAndPageOffset = Identity with { MapsPageOffset = true };

    /// <summary>3.1 to 4.13: no page tables until the kernel names its own.</summary>
    public static readonly BootRules Linear = new() { Protocol = SubarchProtocol };

    /// <summary>The first version of the boot protocol with a field for the kind of machine.</summary>
    private const ushort SubarchProtocol = 0x207;

    /// <summary>The version of the boot protocol that the boot parameters name; 0 for kernels that are entered after a signature instead.</summary>
    public ushort Protocol { get; private init; }

    /// <summary>Whether the kernel is entered where its image says, rather than after the signature. A bzImage then unpacks itself.</summary>
    public bool EntersAtEntryPoint => Protocol != 0;

    /// <summary>Whether the first page tables lead from each physical address to itself.</summary>
    public bool MapsIdentity { get; private init; }

    /// <summary>Whether they map all memory at the page offset.</summary>
    public bool MapsPageOffset { get; private init; }

    /// <summary>Whether there are page tables at first.</summary>
    public bool HasTables => MapsIdentity || MapsPageOffset;
}
