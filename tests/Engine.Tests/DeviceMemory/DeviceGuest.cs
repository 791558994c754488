using LguestPS.Boot;
using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;
using LguestPS.Tests.Cpu.Kvm;
using Xunit;

namespace LguestPS.Tests.DeviceMemory;

/// <summary>A guest whose instructions reach a page of devices, on any CPU; its traps lead to handlers that stop it.</summary>
/// <remarks>RAM is mapped where it is, for both rings; at <see cref="At"/> are the devices, and the page after them is absent.</remarks>
internal sealed class DeviceGuest : IDisposable
{
    public const string Chains = "chains", Compiled = "compiled", Kvm = "kvm";

    public const uint Ram = 2 << 20;
    public const uint Code = 0x104000, Stack = 0x10FF00, StackPage = 0x10F000;

    /// <summary>The page of devices, or in a guest without them one of memory; the page before it is memory.</summary>
    public const uint At = 0x300000, Before = At - GuestMemory.PageSize, Absent = At + GuestMemory.PageSize;

    public const uint Everybody = PageFlags.Present | PageFlags.Writable | PageFlags.User;

    /// <summary>Where fs and gs begin.</summary>
    public const uint FsBase = 0x1000, GsBase = 0xFFFFF000;

    private const uint Directory = 0x100000, Table = 0x101000, Data = 0x102000, Handlers = 0x105000, Replacement = 0x180000;
    private const ushort UserCode = 0x73, UserData = 0x7B, FsSelector = 6 << 3 | 3, GsSelector = 7 << 3 | 3;
    private const uint InterruptGate = 0xEE00;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="cpu">Which CPU.</param>
    /// <param name="hasDevices">False for memory where the devices would be.</param>
    public DeviceGuest(string cpu, bool hasDevices = true)
    {
        HasDevices = hasDevices;
        Guest = GuestBuilder.Build(ScriptedGuest.Definition with { Name = cpu, Memory = Ram, Clock = ClockKind.Events }, kernel: null, Maker(cpu), _ => Devices);
        for (uint frame = 0; frame < Ram >> GuestMemory.PageShift; frame++) Map(frame << GuestMemory.PageShift, frame << GuestMemory.PageShift);
        Map(Before, Replacement + GuestMemory.PageSize);
        Map(At, HasDevices ? RegisterTransport.Address : Replacement);
        Guest.Memory.Write32(Directory, Table | Everybody);
        Guest.Machine.SetPageDirectory(Directory);
        Guest.Data.Initialise(Data);

        Span<byte> descriptors = stackalloc byte[10 * DescriptorTable.DescriptorSize];
        foreach ((int entry, uint start) in (ReadOnlySpan<(int, uint)>)[(6, FsBase), (7, GsBase)])
            BitConverter.TryWriteBytes(descriptors[(entry * 8)..], 0x00CFF3000000FFFFUL | (ulong)(start & 0xFFFFFF) << 16 | (ulong)(start >> 24) << 56);
        Guest.Machine.Descriptors.Load(0, descriptors);
        Guest.Machine.Descriptors.Load(14, BitConverter.GetBytes(0x00CFFB000000FFFFUL));
        Guest.Machine.Descriptors.Load(15, BitConverter.GetBytes(0x00CFF3000000FFFFUL));

        foreach (byte vector in (ReadOnlySpan<byte>)[Vector.Debug, Vector.InvalidOpcode, Vector.StackFault, Vector.GeneralProtection, Vector.PageFault])
        {
            Guest.Memory.Write(HandlerOf(vector), [0xCD, Vector.Hypercall]);
            Guest.Machine.Gates.Load(vector, (uint)DescriptorTable.KernelCodeSelector << 16 | HandlerOf(vector) & 0xFFFF, HandlerOf(vector) & 0xFFFF0000 | InterruptGate);
        }
        Guest.Machine.Stack = new KernelStack(DescriptorTable.KernelDataSelector, Stack, 1);
    }

    /// <summary>Every CPU, and the two rings of a guest.</summary>
    public static TheoryData<string, int> CpusAndRings => new() { { Chains, 1 }, { Chains, 3 }, { Compiled, 1 }, { Compiled, 3 }, { Kvm, 1 }, { Kvm, 3 } };

    public static TheoryData<string> Cpus => [Chains, Compiled, Kvm];

    public Guest Guest { get; }

    public RegisterTransport Devices { get; } = new();

    public bool HasDevices { get; }

    /// <summary>What the devices hold, or the memory in their place.</summary>
    public Span<byte> Registers => HasDevices ? Devices.Registers : Guest.Memory.Write(Replacement, GuestMemory.PageSize);

    public uint Entry
    {
        get => Guest.Memory.Read32(Table + (At >> GuestMemory.PageShift) * 4);
        set
        {
            Guest.Memory.Write32(Table + (At >> GuestMemory.PageShift) * 4, value);
            Guest.Cpu.FlushPage(null, At);
        }
    }

    /// <summary>What the guest finds in CR2's place.</summary>
    public uint Cr2 => Guest.Memory.Read32(Data + Abi.GuestDataLayout.Cr2);

    public static uint HandlerOf(byte vector) => Handlers + vector * 16u;

    /// <summary>Registers of a ring; the general ones are zero but for esp.</summary>
    public static GuestRegisters InRing(int ring) => new()
    {
        Eip = Code, Esp = Stack, Eflags = Eflags.AlwaysOne | Eflags.Interrupt, Fs = FsSelector, Gs = GsSelector,
        Cs = ring == 3 ? UserCode : DescriptorTable.KernelCodeSelector,
        Ss = ring == 3 ? UserData : DescriptorTable.KernelDataSelector,
        Ds = ring == 3 ? UserData : DescriptorTable.KernelDataSelector,
        Es = ring == 3 ? UserData : DescriptorTable.KernelDataSelector,
    };

    /// <summary>The guest is about to run this code, after which comes ud2.</summary>
    public void Prepare(in GuestRegisters registers, params ReadOnlySpan<byte> code)
    {
        Guest.Machine.Pending.Call = null;
        Guest.Memory.Write(StackPage, GuestMemory.PageSize).Clear();
        Guest.Memory.Write(Code, [.. code, 0x0F, 0x0B]);
        Guest.Cpu.Registers = registers;
        Devices.Done.Clear();
    }

    /// <summary>Runs it up to the handler of a trap that the guest gets.</summary>
    public List<TrapEvent> ToHandler(EventFilter? filter = null) =>
        [.. Guest.Step(new StepOptions { Driver = "the test", Filter = filter ?? EventFilter.Everything, TimeLimit = Patience }).OfType<TrapEvent>()];

    /// <summary>Everything that an instruction may have changed, but for what the entry of the page leads to.</summary>
    public string State() =>
        $"{KvmHost.Text(Guest.Cpu.Registers)} {Convert.ToHexString(Guest.Memory.Read(StackPage, GuestMemory.PageSize)).TrimStart('0')} {Convert.ToHexString(Registers)} {Entry & ~PageFlags.Frame:x}";

    public void Dispose() => Guest.Dispose();

    private void Map(uint linear, uint physical) => Guest.Memory.Write32(Table + (linear >> GuestMemory.PageShift) * 4, physical | Everybody);

    private static Func<GuestMemory, GuestClock, VirtualCpu> Maker(string cpu)
    {
        if (cpu != Kvm) return (memory, clock) => new EmulatedCpu(memory, clock.ReadTimeStampCounter, heat: cpu == Compiled ? 0 : null);
        KvmHost.Require();
        return KvmHost.Maker();
    }
}
