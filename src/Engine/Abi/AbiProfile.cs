using LguestPS.Abi;
using LguestPS.Abi.Eras;
using LguestPS.Paging;
using LguestPS.Symbols;

namespace LguestPS;

/// <summary>How a guest of an era asks its host for something.</summary>
public enum TrapInstruction : long
{
    /// <summary><c>int $0x1f</c></summary>
    Int1F,

    /// <summary><c>vmcall</c> (0f 01 c1)</summary>
    Vmcall,
}

/// <summary>How a guest of an era talks to devices.</summary>
public enum DeviceInterface : long
{
    /// <summary>BIND_DMA and SEND_DMA with struct lguest_dma.</summary>
    Dma,

    /// <summary>virtio rings described by the lguest descriptor page.</summary>
    Virtio,

    /// <summary>virtio 1.0 over an emulated PCI bus.</summary>
    Pci,
}

/// <summary>An era of the lguest ABI as data (ABI §1): which instruction, which registers, which numbers, which structures.</summary>
public sealed class AbiProfile
{
    /// <summary>What a guest definition says instead of a profile's name to have the kernel's own found.</summary>
    public const string Automatic = "auto";

    /// <summary>The seed's own era: the profile of scripted guests, and of kernels that are no Linux, unless they say otherwise.</summary>
    public const string DefaultName = "dma-2007-10";

    /// <summary>The first release of Linux without lguest.</summary>
    internal static readonly Version Removed = new(4, 14);

    private readonly HypercallDefinition?[] callsByNumber;
    private readonly HypercallDefinition[] calls;

    internal AbiProfile(string name, string kernels, IReadOnlyList<HypercallDefinition> calls, GuestDataLayout data)
    {
        Name = name;
        Kernels = kernels;
        Data = data;
        // Arrays, not collection expressions: PowerShell cannot index what those make.
        this.calls = calls.ToArray();
        callsByNumber = [];
        foreach (HypercallDefinition call in calls)
        {
            if (call.Number >= callsByNumber.Length) Array.Resize(ref callsByNumber, (int)call.Number + 1);
            callsByNumber[call.Number] = call;
        }
    }

    /// <summary>Every profile, oldest first.</summary>
    public static IReadOnlyList<AbiProfile> All { get; } = new[]
    {
        Dma2623.Profile, Dma2007October.Profile, Virtio2624.Profile, Virtio2625.Profile, Virtio2629.Profile,
        Virtio2630.Profile, Virtio2631.Profile, Virtio2634.Profile, Virtio31.Profile, Pci40.Profile, Pci41.Profile,
    };

    /// <summary>What a guest definition may say of its ABI: <see cref="Automatic"/>, and the profiles' names.</summary>
    public static IReadOnlyList<string> Names => All.Select(profile => profile.Name).Prepend(Automatic).ToArray();

    /// <summary>The name a guest definition uses, such as dma-2007-10.</summary>
    public string Name { get; }

    /// <summary>The kernels of this era.</summary>
    public string Kernels { get; }

    public TrapInstruction Instruction { get; internal init; } = TrapInstruction.Int1F;

    /// <summary>Names of the registers that carry the arguments, in ABI order; the number is always in eax.</summary>
    public IReadOnlyList<string> ArgumentRegisters => Arguments.Select(register => register.ToString().ToLowerInvariant()).ToArray();

    /// <summary>Whether the kernel's <c>vmcall</c> and <c>vmmcall</c> are hypercalls, whatever else it uses: some kernels of 2.6.34 to 3.0 mix the two.</summary>
    public bool AcceptsVmcall { get; internal init; }

    /// <summary>Whether a guest ends for touching the host's pages at the top of the address space where it has a page table; else that is a page fault of its own.</summary>
    /// <remarks>Kernels of 3.1 and later have such a table in every address space, so that any program could end them.</remarks>
    internal bool EndsForTouchingSwitcher { get; init; }

    /// <summary>Whether its guests may have pages that are written through, as those of devices are.</summary>
    internal bool AllowsWriteThrough { get; init; }

    /// <summary>Whether the page tables that the host makes for a kernel may have to be those of PAE.</summary>
    internal bool MayStartOnPae { get; init; }

    public DeviceInterface Devices => Pci is not null ? DeviceInterface.Pci : Bus is not null ? DeviceInterface.Virtio : DeviceInterface.Dma;

    /// <summary>The hypercalls, by number.</summary>
    public IReadOnlyList<HypercallDefinition> Hypercalls => calls;

    /// <summary>The first release of this era; null for one whose kernels give themselves another era's version.</summary>
    internal Version? FirstKernel { get; init; }

    /// <summary>How struct lguest_data of this era is recognised.</summary>
    internal EraSigns Signs => field ??= EraSigns.Of(Data);

    internal IReadOnlyList<ArgumentRegister> Arguments { get; init; } = [ArgumentRegister.Edx, ArgumentRegister.Ebx, ArgumentRegister.Ecx];

    /// <summary>Where things are in struct lguest_data.</summary>
    internal GuestDataLayout Data { get; }

    /// <summary>How kernels of this era are entered.</summary>
    internal BootRules Boot { get; init; } = BootRules.Signature;

    /// <summary>Where things are in struct lguest_dma; null for eras without DMA.</summary>
    internal DmaLayout? Dma { get; init; }

    /// <summary>How devices are found and used on the lguest bus; null for eras without it.</summary>
    internal LguestBusRules? Bus { get; init; }

    /// <summary>How devices are found and used on the PCI bus; null for eras without it.</summary>
    internal PciRules? Pci { get; init; }

    /// <summary>The profile with this name, or null.</summary>
    public static AbiProfile? Find(string name) => All.FirstOrDefault(profile => profile.Name == name);

    /// <summary>The profile of a release of Linux, or null if lguest was not in it.</summary>
    internal static AbiProfile? OfKernel(Version version) =>
        version >= Removed ? null : All.LastOrDefault(profile => profile.FirstKernel is { } first && first <= version);

    /// <summary>The call with this number, or null.</summary>
    public HypercallDefinition? FindCall(uint number) => number < (uint)callsByNumber.Length ? callsByNumber[number] : null;

    /// <summary>The call with this name (case does not matter), or null.</summary>
    public HypercallDefinition? FindCall(string name) =>
        calls.FirstOrDefault(call => string.Equals(call.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The hypercall that the trap instruction made with these registers.</summary>
    internal Hypercall ReadHypercall(in GuestRegisters registers, GuestSymbols? symbols = null) =>
        new(FindCall(registers.Eax), registers.Eax,
            (Argument(0, registers), Argument(1, registers), Argument(2, registers), Argument(3, registers)),
            slot: null, registers.Eip, symbols);

    /// <summary>How page tables of a kind are laid out in this era.</summary>
    internal PageTableFormat PageTables(PagingMode mode) => PageTableFormat.Of(mode, AllowsWriteThrough);

    public override string ToString() => Name;

    /// <summary>The first argument of the hypercall in these registers.</summary>
    internal uint FirstArgument(in GuestRegisters registers) => Argument(0, registers);

    private uint Argument(int index, in GuestRegisters registers) => index >= Arguments.Count ? 0 : Arguments[index] switch
    {
        ArgumentRegister.Ebx => registers.Ebx,
        ArgumentRegister.Ecx => registers.Ecx,
        ArgumentRegister.Edx => registers.Edx,
        _ => registers.Esi,
    };
}
