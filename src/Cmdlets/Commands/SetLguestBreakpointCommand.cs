using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes a guest stand still, or do something, where it comes by a certain place.</summary>
[Cmdlet(VerbsCommon.Set, "LguestBreakpoint", DefaultParameterSetName = OnHypercall, SupportsShouldProcess = true)]
[Alias("lgb")]
[OutputType(typeof(Breakpoint))]
public sealed class SetLguestBreakpointCommand : GuestCommand
{
    private const string OnHypercall = "Hypercall";
    private const string OnAddress = "Address";
    private const string OnMemory = "Memory";
    private const string OnTrap = "Trap";
    private const string OnKey = "Key";
    private const string OnDevice = "Device";
    private const string OnInterrupt = "Interrupt";

    // PowerShell would ask for it if it were mandatory.
    [Parameter(ParameterSetName = OnHypercall, Position = 1)]
    [ArgumentCompleter(typeof(HypercallCompleter))]
    [SupportsWildcards]
    public string Hypercall { get; set; } = "";

    [Parameter(ParameterSetName = OnHypercall)]
    [ArgumentCompleter(typeof(HypercallArgumentCompleter))]
    public Hashtable Argument { get; set; } = [];

    [Parameter(ParameterSetName = OnAddress, Mandatory = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument Address { get; set; } = null!;

    [Parameter(ParameterSetName = OnMemory, Mandatory = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument Memory { get; set; } = null!;

    [Parameter(ParameterSetName = OnMemory)]
    [ValidateRange(1, int.MaxValue)]
    public int Length { get; set; } = 4;

    [Parameter(ParameterSetName = OnMemory)]
    public MemoryAccess Access { get; set; } = MemoryAccess.Write;

    [Parameter(ParameterSetName = OnTrap, Mandatory = true)]
    [ArgumentCompleter(typeof(TrapCompleter))]
    public string Trap { get; set; } = "";

    [Parameter(ParameterSetName = OnKey, Mandatory = true)]
    public AddressArgument DmaKey { get; set; } = null!;

    [Parameter(ParameterSetName = OnDevice, Mandatory = true)]
    [ArgumentCompleter(typeof(DeviceNameCompleter))]
    public string Device { get; set; } = "";

    [Parameter(ParameterSetName = OnDevice)]
    [ValidateRange(0, byte.MaxValue)]
    public int? Queue { get; set; }

    [Parameter(ParameterSetName = OnInterrupt, Mandatory = true)]
    public string Interrupt { get; set; } = "";

    [Parameter]
    public ScriptBlock? Condition { get; set; }

    [Parameter]
    public ScriptBlock? Action { get; set; }

    [Parameter]
    public bool Enabled { get; set; } = true;

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<string>(nameof(Hypercall), () => Hypercall, value => Hypercall = value)];

    private protected override void Process(Guest guest)
    {
        if (ParameterSetName == OnHypercall && Hypercall.Length == 0)
            ThrowTerminatingError(Errors.ArgumentMissing("Where to stop", "Hypercall", "Address", "Memory", "Trap", "DmaKey", "Device", "Interrupt"));
        BreakpointTarget target = Target(guest);
        if (!ShouldProcess(guest.Name, $"Set a breakpoint: {target}")) return;
        HitScript? condition = Condition is null ? null : new HitScript(Condition), action = Action is null ? null : new HitScript(Action);
        WriteObject(guest.AddBreakpoint(target, condition is null ? null : condition.Asks, action is null ? null : action.Does, Enabled));
    }

    private BreakpointTarget Target(Guest guest) => ParameterSetName switch
    {
        OnHypercall => HypercallTarget(guest),
        OnAddress => AddressTarget(guest, Address.In(guest, physical: false)),
        OnMemory => MemoryTarget(guest, Memory.In(guest, physical: false)),
        OnTrap => new TrapTarget(StepArguments.Vector(Trap)),
        OnKey => new DmaTarget(DmaKey.In(guest, physical: true), null),
        OnDevice => TransferTarget(guest, Device == "*" ? null : FilterArguments.DeviceNames(guest, Device) is [var only] ? only : throw Errors.AmbiguousDevice(guest, Device)),
        _ => new InterruptTarget(StepArguments.Irq(Interrupt)),
    };

    private HypercallTarget HypercallTarget(Guest guest)
    {
        IReadOnlyList<uint> numbers = FilterArguments.HypercallNumbers(guest.Abi, Hypercall);
        HypercallDefinition? only = numbers is [uint number] ? guest.Abi.FindCall(number) : null;
        if (Argument.Count > 0 && only is null) throw Errors.AmbiguousHypercall(guest.Abi, Hypercall);
        return new HypercallTarget(numbers, only?.Name ?? Hypercall) { Arguments = only is null ? [] : ArgumentMatches.For(guest, only, Argument) };
    }

    private TransferTarget TransferTarget(Guest guest, string? device)
    {
        if (guest.Abi.Devices != DeviceInterface.Dma) return new KickTarget(device, Queue);
        return Queue is null ? new DmaTarget(null, device) : throw Errors.NoVirtqueues(guest);
    }

    private static AddressTarget AddressTarget(Guest guest, uint address) => new(address, SymbolOf(guest, address));

    private MemoryTarget MemoryTarget(Guest guest, uint address)
    {
        if (address + (ulong)Length > 1ul << 32)
            throw new LguestException(LguestError.InvalidAddress, string.Create(CultureInfo.InvariantCulture, $"{Length} bytes at 0x{address:x8} go beyond the last address"));
        return new MemoryTarget(address, (uint)Length, Access, SymbolOf(guest, address));
    }

    private static string? SymbolOf(Guest guest, uint address) => guest.Symbols?.Find(address)?.ToString();
}
