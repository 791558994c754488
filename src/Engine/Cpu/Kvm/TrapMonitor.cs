using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Cpu.Kvm;

/// <summary>The monitor: ring-0 code inside the virtual machine that hands the guest its own system calls and page faults, each an exit saved.</summary>
/// <remarks>
/// A gate leads either to the stub that ends KVM_RUN or to the monitor, and is switched by a store. What the monitor cannot do it leaves to the stub,
/// as if it had not been there; and if it is interrupted, or faults on the guest's stack, <see cref="Recover"/> says where that leaves the guest.
/// </remarks>
internal sealed unsafe class TrapMonitor
{
    private readonly GuestMemory memory;
    private readonly HostPages pages;
    private readonly ShadowTables tables;
    private TrapMonitorCode? code;
    private DirectTraps traps;
    private PageTableFormat format = PageTableFormat.TwoLevel;
    private bool isBypassed;

    public TrapMonitor(GuestMemory memory, HostPages pages, ShadowTables tables)
    {
        this.memory = memory;
        this.pages = pages;
        this.tables = tables;
        tables.MapWindow(pages.MapWindow(memory.Size));
        State->FrameLimit = memory.FrameLimit;
    }

    private MonitorState* State => pages.Monitor;

    /// <summary>How many traps of this vector it has delivered.</summary>
    public long Count(byte vector) => vector switch
    {
        Vector.PageFault => State->PageFault.Count,
        Vector.SystemCall => State->SystemCall.Count,
        _ => 0,
    };

    /// <summary>Says what it delivers from now on.</summary>
    public void Deliver(in DirectTraps wanted)
    {
        uint offsetInPage = wanted.Data & ~PageFlags.Frame;
        bool dataInReach = offsetInPage <= GuestMemory.PageSize - DirectTraps.Cr2Offset - sizeof(uint) && memory.Contains(wanted.Data & PageFlags.Frame, GuestMemory.PageSize);
        traps = dataInReach ? wanted : DirectTraps.None;
        if (!traps.Any)
        {
            Bypass();
            return;
        }

        tables.MapGuestData(wanted.Data & PageFlags.Frame);
        State->Data = HostPages.GuestDataLinear + offsetInPage;
        State->StackSegment = wanted.StackSegment;
        State->StackPointer = wanted.StackPointer;
        foreach (byte vector in DirectTraps.Vectors)
        {
            if (traps[vector] is not { } gate) continue;
            ref MonitorGate known = ref Gate(vector);
            known.Offset = gate.Offset;
            known.InterruptsKept = gate.DisablesInterrupts ? 0 : uint.MaxValue;
        }
        isBypassed = true;
        Engage();
    }

    /// <summary>The guest's page tables are laid out so: the monitor that walks them is made anew when it is wanted again.</summary>
    public void SetFormat(PageTableFormat wanted)
    {
        if (format == wanted) return;
        Bypass();
        format = wanted;
        code = null;
    }

    public void SetAddressSpace(uint directory) => State->Directory = HostPages.WindowLinear + directory;

    /// <summary>Until <see cref="Engage"/> every trap ends KVM_RUN.</summary>
    public void Bypass()
    {
        if (isBypassed || code is null) return;
        isBypassed = true;
        foreach (byte vector in DirectTraps.Vectors) pages.SetHandler(vector, HostPages.StubOf(vector));
    }

    /// <summary>Has the traps delivered again that <see cref="Deliver"/> has named.</summary>
    public void Engage()
    {
        if (!isBypassed || !traps.Any) return;
        isBypassed = false;
        code ??= pages.PlaceMonitor(format);
        foreach (byte vector in DirectTraps.Vectors)
        {
            pages.SetHandler(vector, traps[vector] is null ? HostPages.StubOf(vector) : code.EntryOf(vector));
        }
    }

    /// <summary>The trap whose delivery stands at an instruction of the monitor's, or null if that is none.</summary>
    public MonitoredTrap? Recover(ulong rip)
    {
        if (code?.Find(rip) is not { } place) return null;
        if (place.Remaining is MonitorRemaining.Everything)
        {
            bool hasErrorCode = Vector.HasErrorCode(place.Vector);
            TrapFrame* original = pages.ReadFrame(HostPages.TrapLinear - (hasErrorCode ? 8u : 0), hasErrorCode, out uint errorCode);
            return new MonitoredTrap(place.Vector, IsDelivered: false, *original, errorCode, (uint)State->Cr2);
        }

        // Whatever the last instructions would have done.
        ref MonitorGate gate = ref Gate(place.Vector);
        if (place.Remaining == MonitorRemaining.CountAndInterrupts) gate.Count++;
        uint irqEnabled = traps.Data + DirectTraps.IrqEnabledOffset;
        memory.Write32(irqEnabled, memory.Read32(irqEnabled) & gate.InterruptsKept);
        return new MonitoredTrap(place.Vector, IsDelivered: true, *pages.ReturnFrame, 0, 0);
    }

    private ref MonitorGate Gate(byte vector)
    {
        if (vector == Vector.PageFault) return ref State->PageFault;
        return ref State->SystemCall;
    }
}

/// <summary>A trap that the monitor was about to deliver, or just has.</summary>
/// <param name="Vector">Which.</param>
/// <param name="IsDelivered">Whether the guest stands at its handler's first instruction; else it stands where it trapped.</param>
/// <param name="Frame">Where that is.</param>
/// <param name="ErrorCode">As the processor pushed it, if not delivered.</param>
/// <param name="FaultAddress">Likewise for a page fault.</param>
internal readonly record struct MonitoredTrap(byte Vector, bool IsDelivered, TrapFrame Frame, uint ErrorCode, uint FaultAddress);

/// <summary>What the engine and the monitor's code share.</summary>
internal struct MonitorState
{
    public ulong Cr2;
    public ulong Directory;
    public ulong Data;
    public ulong StackSegment;
    public uint StackPointer;
    public uint FrameLimit;
    public MonitorGate SystemCall;
    public MonitorGate PageFault;
}

/// <summary>The same for one vector.</summary>
internal struct MonitorGate
{
    public ulong Offset;

    /// <summary>What is left of irq_enabled after the gate: all or nothing.</summary>
    public uint InterruptsKept;

    public long Count;
}
