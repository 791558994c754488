using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;
using LguestPS.Symbols;

namespace LguestPS.Machines;

/// <summary>The parts of a guest and what the host keeps of it between two traps: what the original called struct lguest.</summary>
/// <remarks>No behaviour and no lock: whoever drives the guest has it to themselves.</remarks>
internal sealed class Machine
{
    public Machine(string name, AbiProfile abi, GuestMemory memory, GuestClock clock, VirtualCpu cpu)
    {
        Name = name;
        Abi = abi;
        Memory = memory;
        PageTables = new PageTables(memory);
        Clock = clock;
        Cpu = cpu;
        Data = new GuestData(memory, abi.Data);
        Descriptors = new DescriptorTable(cpu.LoadDescriptors);
        Gates = new GateTable(cpu);
        cpu.AcceptsVmcall = abi.AcceptsVmcall;
        Interrupts = new InterruptController(this);
    }

    /// <summary>The guest's name.</summary>
    public string Name { get; }

    /// <summary>The era of the ABI it speaks.</summary>
    public AbiProfile Abi { get; }

    public GuestMemory Memory { get; }

    /// <summary>The way from the guest's linear addresses into its memory.</summary>
    public PageTables PageTables { get; }

    public GuestClock Clock { get; }
    public VirtualCpu Cpu { get; }
    public GuestData Data { get; }
    public DescriptorTable Descriptors { get; }
    public GateTable Gates { get; }
    public InterruptController Interrupts { get; }

    /// <summary>The stack that traps from user mode switch to.</summary>
    public KernelStack Stack { get; set; }

    public GuestSymbols? Symbols
    {
        get;
        init
        {
            field = value;
            if (value is not null) value.FindData = () => Data.IsInitialised ? Data.Address + PageOffset : null;
        }
    }

    /// <summary>First linear address of the kernel's mapping of all memory: as its image tells it, and from LGUEST_INIT on as the kernel does.</summary>
    public uint PageOffset { get; set; }

    /// <summary>Guest-physical address of the current page directory.</summary>
    public uint PageDirectory { get; private set; }

    /// <summary>Whether the guest is told how fast its time stamp counter runs, and so uses it.</summary>
    public bool ShowsTimeStampCounter { get; init; } = true;

    /// <summary>What a guest of v2.6.23 is told to tell it apart from others (ABI §2).</summary>
    public ushort Id { get; set; }

    /// <summary>Whether the guest asked (hypercall TS) for trap 7 on its next FPU instruction.</summary>
    public bool WantsFpuTrap { get; set; }

    /// <summary>True between HALT and the next interrupt.</summary>
    public bool IsHalted { get; set; }

    /// <summary>Traps that came without an instruction: the instruction limit counts them, or a guest whose handlers trap at once would never reach it.</summary>
    public long BareTraps { get; set; }

    /// <summary>The instruction count at the last trap, however the guest was brought there: in one go or in steps.</summary>
    public long InstructionsAtTrap { get; set; }

    /// <summary>The guest trapped.</summary>
    public void CountTrap()
    {
        if (Cpu.InstructionCount == InstructionsAtTrap) BareTraps++;
        InstructionsAtTrap = Cpu.InstructionCount;
    }

    /// <summary>What the host still has to do for the guest.</summary>
    public PendingWork Pending { get; } = new();

    /// <summary>How the guest ended, or null.</summary>
    public GuestEnding? Ending { get; private set; }

    /// <summary>Told when the guest has ended.</summary>
    public Action? Ended { get; set; }

    /// <summary>What it was before its first instruction; set once, when it is loaded.</summary>
    public BootImage? Boot { get; set; }

    /// <summary>The kernel it was booted with, if it was a file.</summary>
    public KernelIdentity? Kernel { get; set; }

    /// <summary>Whether the guest has asked to be started again, and has not been answered yet.</summary>
    public bool AsksForRestart { get; set; }

    /// <summary>Makes the guest what it was before its first instruction. Its clock goes on, and so do its counts.</summary>
    public void Reset()
    {
        BootImage boot = Boot ?? throw new InvalidOperationException("the guest has not been loaded yet");
        Data.Reset();
        Descriptors.Reset();
        Gates.Reset();
        Interrupts.Reset();
        Pending.Clear();
        Clock.SetEvent(0);
        IsHalted = WantsFpuTrap = AsksForRestart = false;
        Stack = default;
        PageOffset = boot.PageOffset;
        boot.Memory.CopyTo(Memory, allChanged: !Cpu.MarksWrites);
        SetPageTableFormat(Abi.PageTables(boot.Paging));
        SetPageDirectory(boot.PageDirectory);
        Cpu.FlushAll();
        Cpu.Reset(boot.Registers);
    }

    /// <summary>Ends the guest. The first ending counts.</summary>
    public void End(EndingKind kind, string reason)
    {
        if (Ending is not null) return;
        Ending = new GuestEnding(kind, reason);
        Ended?.Invoke();
    }

    /// <summary>A checkpoint from before the end was loaded.</summary>
    public void Revive() => Ending = null;

    /// <summary>Says how the guest's page tables are laid out, before the page directory is set.</summary>
    public void SetPageTableFormat(PageTableFormat format)
    {
        PageTables.SetFormat(format);
        Cpu.SetPageTableFormat(format);
    }

    public void SetPageDirectory(uint directory)
    {
        PageDirectory = directory;
        Cpu.SetAddressSpace(directory);
    }
}
