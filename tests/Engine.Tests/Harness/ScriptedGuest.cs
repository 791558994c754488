using System.Text;
using LguestPS.Abi;
using LguestPS.Boot;
using LguestPS.Cpu;
using LguestPS.Cpu.Scripted;
using LguestPS.Devices;
using LguestPS.Memory;
using LguestPS.Segments;

namespace LguestPS.Tests;

/// <summary>
/// A real guest on a vCPU that plays a script: each test says what the guest does, trap by trap.
/// Calls such as <see cref="Hypercall"/> add to the script; <see cref="Play"/> runs what is there and then pauses the guest.
/// </summary>
internal sealed class ScriptedGuest : IDisposable
{
    public const uint PageOffset = KernelFiles.PageOffset;
    public const uint MemorySize = 2 << 20;

    // Guest-physical addresses the tests use; all are free memory after the kernel.
    public const uint DataAddress = 0x10000;
    public const uint DmaAddress = 0x12000;
    public const uint BufferAddress = 0x14000;
    public const uint TextAddress = 0x18000;
    public const uint TableAddress = 0x1A000;
    public const uint StackTop = 0x20000;
    public const uint FreePages = 0x40000;

    // The page directory of a guest that finds none, and after it the table.
    private const uint OwnDirectory = 0x3C000;

    public const byte Ready = 0;
    public const byte Done = 0xFF;

    private static readonly Lazy<string> SharedKernel = new(WriteSharedKernel);

    private ScriptedGuest(Guest guest)
    {
        Guest = guest;
        Cpu = (ScriptedCpu)guest.Cpu;
        Cpu.Registers.Esp = PageOffset + StackTop;
    }

    public Guest Guest { get; }
    public ScriptedCpu Cpu { get; }
    public GuestMemory Memory => Guest.Memory;
    public GuestDataLayout Layout => Guest.Data.Layout;
    public string? Ending => Guest.Ending?.Reason;

    /// <summary>What <see cref="Play"/> was told of what went wrong on the host's side.</summary>
    public List<string> Warnings { get; } = [];

    public static GuestDefinition Definition => new() { Name = "scripted", Kernel = SharedKernel.Value, Memory = MemorySize };

    /// <summary>A guest before its first instruction.</summary>
    /// <param name="definition">What it is.</param>
    /// <param name="fpu">Whether its CPU traps the FPU's use.</param>
    /// <param name="makeTransport">How it reaches its devices, instead of its era's way.</param>
    public static ScriptedGuest Fresh(GuestDefinition? definition = null, bool fpu = true, Func<DeviceSet, IDeviceTransport>? makeTransport = null) =>
        new(GuestBuilder.Build(definition ?? Definition, kernel: null, (_, _) => new ScriptedCpu { HasFpuSetting = fpu }, makeTransport));

    public static ScriptedGuest Fresh(ClockKind clock) => Fresh(Definition with { Clock = clock });

    /// <summary>A guest that has done LGUEST_INIT and set its ring-1 stack.</summary>
    public static ScriptedGuest Initialised(GuestDefinition? definition = null, bool fpu = true, Func<DeviceSet, IDeviceTransport>? makeTransport = null)
    {
        ScriptedGuest guest = Fresh(definition, fpu, makeTransport);
        guest.FreeRing();
        guest.FillData();
        guest.InitialiseKernel();
        guest.Cpu.Flushes.Clear();
        guest.Cpu.Budgets.Clear();
        return guest;
    }

    /// <summary>The guest does LGUEST_INIT with what is in its lguest_data, maps its memory at the page offset and sets its ring-1 stack.</summary>
    public void InitialiseKernel()
    {
        Hypercall(Call.LguestInit, DataAddress);
        if (!Guest.Abi.Boot.MapsPageOffset) MapPageOffset();
        Hypercall(Call.SetStack, DescriptorTable.KernelDataSelector, PageOffset + StackTop, 1).Play();
    }

    public static ScriptedGuest Initialised(ClockKind clock) => Initialised(Definition with { Clock = clock });

    /// <summary>What a kernel has filled in, in its struct lguest_data, where its era has that.</summary>
    public void FillData(uint kernelAddress = PageOffset, uint syscallVector = EraSigns.SystemCallVector)
    {
        if (Layout.KernelAddress is { } address) Memory.Write32(DataAddress + address, kernelAddress);
        if (Layout.SyscallVec is { } vector) Memory.Write32(DataAddress + vector, syscallVector);
    }

    /// <summary>The guest maps its memory at the page offset, as kernels do that do not find it so: in the tables they find, or in their own.</summary>
    private void MapPageOffset()
    {
        uint directory = Guest.Machine.PageDirectory;
        if (!Guest.Abi.Boot.HasTables)
        {
            directory = OwnDirectory;
            const uint table = OwnDirectory + GuestMemory.PageSize;
            Memory.Write32(directory, table | 7);
            for (uint page = 0; page < MemorySize; page += GuestMemory.PageSize) Memory.Write32(table + (page >> GuestMemory.PageShift) * 4, page | 7);
            Hypercall(Call.NewPageTable, directory);
        }
        Memory.Write32(directory + (PageOffset >> 22) * 4, Memory.Read32(directory));
    }

    /// <summary>The guest traps with this call in its registers.</summary>
    public ScriptedGuest Hypercall(uint number, params uint[] arguments)
    {
        Cpu.Then(cpu =>
        {
            LoadCall(ref cpu.Registers, number, arguments);
            return CpuExit.Trap(Vector.Hypercall);
        });
        return this;
    }

    /// <summary>The guest does something to its own memory, then traps with this call.</summary>
    public ScriptedGuest Hypercall(Action first, uint number, params uint[] arguments)
    {
        Cpu.Then(cpu =>
        {
            first();
            LoadCall(ref cpu.Registers, number, arguments);
            return CpuExit.Trap(Vector.Hypercall);
        });
        return this;
    }

    public ScriptedGuest Trap(byte vector, uint errorCode = 0, uint faultAddress = 0)
    {
        Cpu.Then(CpuExit.Trap(vector, errorCode, faultAddress));
        return this;
    }

    /// <summary>The guest runs to the end of its budget; <paramref name="code"/> is what it does there.</summary>
    public ScriptedGuest Code(Action<ScriptedCpu>? code = null)
    {
        Cpu.Then(cpu =>
        {
            code?.Invoke(cpu);
            return CpuExit.Budget;
        });
        return this;
    }

    /// <summary>The guest does this for ever.</summary>
    public ScriptedGuest Forever(Func<ScriptedCpu, CpuExit> exit)
    {
        Cpu.Then(Again);
        return this;

        CpuExit Again(ScriptedCpu cpu)
        {
            cpu.Then(Again);
            return exit(cpu);
        }
    }

    /// <summary>Runs the script to its end, or to where the guest stands still or ends.</summary>
    public List<LguestEvent> Play(EventFilter? filter = null, bool waitForInput = false, bool summary = false, Action<ReadOnlyMemory<byte>>? consoleOutput = null)
    {
        CancellationTokenSource scriptEnds = new();
        Cpu.Then(_ =>
        {
            scriptEnds.Cancel();
            return CpuExit.Kicked;
        });
        RunOptions options = new()
        {
            Driver = "the test", Filter = filter ?? EventFilter.Everything, WaitForInput = waitForInput, CollectSummary = summary,
            ConsoleOutput = consoleOutput, Warning = Warnings.Add,
        };
        return [.. Guest.Run(options, scriptEnds.Token)];
    }

    public List<LguestEvent> Step(StepUnit unit = StepUnit.Standstill, int count = 1, uint? hypercall = null, EventFilter? filter = null) =>
        [.. Guest.Step(new StepOptions { Driver = "the test", Unit = unit, Count = count, Hypercall = hypercall, Filter = filter ?? EventFilter.Everything })];

    /// <summary>Events in few words: "TS[3]" from ring slot 3, "console &lt;- hi", "irq 0", "#PF", "ended: …".</summary>
    public static string[] Words(IEnumerable<LguestEvent> events) => [.. events.Select(happened => happened switch
    {
        HypercallEvent call => call.Slot is { } slot ? $"{call.Name}[{slot}]" : call.Name,
        DmaEvent dma => $"{dma.Device} {(dma.Direction == DmaDirection.Send ? "<-" : "->")} {dma.Text}".TrimEnd(),
        InterruptEvent interrupt => $"irq {interrupt.Irq}",
        TrapEvent trap => trap.Name,
        GuestEndedEvent ended => $"ended: {ended.Reason}",
        _ => happened.ToString(),
    })];

    public ScriptedGuest Ring(int slot, uint number, params uint[] arguments)
    {
        uint words = (uint)Layout.RingOrder.Count + 1;
        uint entry = DataAddress + Layout.Hcalls + (uint)slot * words * 4;
        Memory.Write32(entry, number);
        for (int i = 0; i < words - 1; i++)
        {
            int argument = Guest.Abi.Arguments.ToList().IndexOf(Layout.RingOrder[i]);
            Memory.Write32(entry + 4 + (uint)i * 4, argument < arguments.Length ? arguments[argument] : 0);
        }
        Memory.Write8(DataAddress + Layout.HcallStatus + (uint)slot, Ready);
        return this;
    }

    public byte RingStatus(int slot) => Memory.Read8(DataAddress + Layout.HcallStatus + (uint)slot);

    public void FreeRing()
    {
        for (int slot = 0; slot < GuestDataLayout.RingSize; slot++) Memory.Write8(DataAddress + Layout.HcallStatus + (uint)slot, Done);
    }

    public uint IrqEnabled
    {
        get => Memory.Read32(DataAddress + GuestDataLayout.IrqEnabled);
        set => Memory.Write32(DataAddress + GuestDataLayout.IrqEnabled, value);
    }

    public uint BlockedInterrupts
    {
        set => Memory.Write32(DataAddress + GuestDataLayout.BlockedInterrupts, value);
    }

    public uint Cr2 => Memory.Read32(DataAddress + GuestDataLayout.Cr2);

    public (uint Seconds, uint Nanoseconds) Time
    {
        get => (Memory.Read32(DataAddress + GuestDataLayout.TimeSeconds), Memory.Read32(DataAddress + GuestDataLayout.TimeNanoseconds));
        set
        {
            Memory.Write32(DataAddress + GuestDataLayout.TimeSeconds, value.Seconds);
            Memory.Write32(DataAddress + GuestDataLayout.TimeNanoseconds, value.Nanoseconds);
        }
    }

    /// <summary>Writes a struct lguest_dma in the layout of the guest's era.</summary>
    /// <returns>Its address.</returns>
    public uint Dma(uint address, params (uint Address, int Length)[] sections)
    {
        DmaLayout layout = Guest.Abi.Dma!;
        Memory.Write(address, DmaLayout.Size).Clear();
        for (uint i = 0; i < sections.Length; i++)
        {
            Memory.Write32(address + layout.Addresses + i * 4, sections[i].Address);
            Memory.Write16(address + layout.Lengths + i * 2, (ushort)sections[i].Length);
        }
        return address;
    }

    /// <summary>A struct lguest_dma with a text.</summary>
    public uint TextDma(string text, uint address = DmaAddress, uint at = TextAddress)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Memory.Write(at, bytes);
        return Dma(address, (at, bytes.Length));
    }

    public uint UsedLength(uint dma) => Memory.Read32(dma + Guest.Abi.Dma!.UsedLength);

    /// <summary>A zero-terminated string for CRASH.</summary>
    public uint CrashText(string text)
    {
        Memory.Write(TextAddress, Encoding.Latin1.GetBytes(text + "\0"));
        return TextAddress;
    }

    /// <summary>Loads a present gate, as LOAD_IDT_ENTRY would.</summary>
    public ScriptedGuest Gate(int vector, uint handler, uint type = 0xE, uint privilege = 0)
    {
        Guest.Machine.Gates.Load((uint)vector, (DescriptorTable.KernelCodeSelector << 16) | (handler & 0xFFFF), (handler & 0xFFFF0000) | 0x8000 | privilege << 13 | type << 8);
        return this;
    }

    /// <summary>The word at a linear address of the kernel.</summary>
    public uint KernelWord(uint linear) => Memory.Read32(linear - PageOffset);

    public void Dispose() => Guest.Dispose();

    private void LoadCall(ref GuestRegisters registers, uint number, uint[] arguments)
    {
        registers.Eax = number;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (Guest.Abi.Arguments[i])
            {
                case ArgumentRegister.Ebx: registers.Ebx = arguments[i]; break;
                case ArgumentRegister.Ecx: registers.Ecx = arguments[i]; break;
                case ArgumentRegister.Edx: registers.Edx = arguments[i]; break;
                default: registers.Esi = arguments[i]; break;
            }
        }
    }

    private static string WriteSharedKernel()
    {
        TempFolder folder = new();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder.Write("kernel.elf", KernelFiles.Smallest);
    }
}
