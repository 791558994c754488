using LguestPS.Native;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Cpu.Kvm;

/// <summary>The engine's own pages in the guest's machine: tables the processor needs, and the ring-0 code that leads out and back in.</summary>
/// <remarks>
/// They lie above 4 GiB, physically and linearly, where 32-bit code has no addresses: the guest's kernel in ring 1 is "supervisor"
/// to the page tables, so nothing else would keep it off the ring-0 stack.
/// Every gate leads to a stub that ends KVM_RUN by <c>hlt</c>. Before that it puts what the engine wants of every trap into registers that
/// 32-bit code has not: so each exit need bring out no more than the general registers.
/// </remarks>
internal sealed unsafe class HostPages
{
    /// <summary>Guest-physical and linear address of the first page.</summary>
    public const ulong Base = 1UL << 32;

    /// <summary>Pages in front of those the shadow tables are made of.</summary>
    public const int Count = 6 + WindowTables;

    public const int PageSize = 4096;

    public const ulong GdtLinear = Base;
    public const ulong IdtLinear = Base + PageSize;
    public const ulong TaskLinear = Base + 2 * PageSize;
    public const ulong StubsLinear = Base + 3 * PageSize;
    public const ulong StackLinear = Base + 4 * PageSize;
    public const ulong MonitorLinear = Base + 5 * PageSize;
    private const ulong WindowDirectories = Base + 6 * PageSize;
    private const int MappedPages = 6;

    /// <summary>Where <see cref="ShadowTables.MapGuestData"/> maps a page of the guest's once more, above the pages that stay.</summary>
    public const int GuestDataPage = Count;
    public const ulong GuestDataLinear = Base + GuestDataPage * PageSize;

    /// <summary>Where guest-physical address 0 can be read, and all memory after it.</summary>
    public const ulong WindowLinear = 1UL << 33;

    /// <summary>Tables that <see cref="MapWindow"/> fills, each for 1 GiB.</summary>
    public const int WindowTables = 4;

    public const ushort CodeSelector = DescriptorTable.Entries << 3;
    public const ushort DataSelector = (DescriptorTable.Entries + 1) << 3;
    public const ushort TaskSelector = (DescriptorTable.Entries + 2) << 3;
    public const ushort GdtLimit = (DescriptorTable.Entries + 4) * 8 - 1;
    public const ushort IdtLimit = Vectors * 16 - 1;
    public const uint TaskLimit = 0x67;

    /// <summary>Where a resumption starts: with the translations the processor still knows, or after it forgot them.</summary>
    public const ulong Resume = StubsEnd;
    public const ulong FlushAndResume = StubsEnd + 0x10;

    private const int StubSize = 8;
    private const ulong FaultStub = StubsLinear + Vectors * StubSize;
    private const ulong AnyStub = FaultStub + 4;
    private const ulong StubsEnd = FaultStub + 0x20;
    private const ulong MonitorCode = StubsEnd + 0x20;

    private const int Vectors = 256;
    private const int LargePage = 1 << 21;

    // Present ring-0 segments: 64-bit code, writable data.
    private const ulong LongCode = 0x00AF9B000000FFFF;
    private const ulong FlatData = 0x00CF93000000FFFF;
    private const ulong BusyTask = 0x8BUL << 40;
    private const ulong InterruptGate = 0x8EUL << 40;

    // A resumption's frame, with room above for the frame and error code of the next trap.
    private const int FrameOffset = PageSize - 128;

    private readonly byte* memory;

    /// <param name="memory">The pages, zeroed.</param>
    public HostPages(byte* memory)
    {
        this.memory = memory;
        ulong* gdt = Gdt + DescriptorTable.Entries;
        gdt[0] = LongCode;
        gdt[1] = FlatData;
        gdt[2] = BusyTask | TaskLimit | (TaskLinear & 0xFFFFFF) << 16 | (TaskLinear >> 24 & 0xFF) << 56;
        gdt[3] = TaskLinear >> 32;

        for (int vector = 0; vector < Vectors; vector++)
        {
            Idt[2 * vector] = InterruptGate | (ulong)CodeSelector << 16;
            SetHandler((byte)vector, StubOf((byte)vector));
        }

        byte* task = Page(TaskLinear);
        *(ulong*)(task + 4) = StackLinear + PageSize;       // rsp for ring 0
        *(ushort*)(task + 0x66) = (ushort)(TaskLimit + 1);  // no I/O bitmap: ports fault

        WriteStubs();
    }

    private ulong* Gdt => (ulong*)Page(GdtLinear);

    private ulong* Idt => (ulong*)Page(IdtLinear);

    /// <summary>The linear address of the frame that <see cref="WriteFrame"/> fills.</summary>
    public static ulong FrameLinear => StackLinear + FrameOffset;

    /// <summary>The linear address of the frame that a trap of the guest's pushes; an error code lies below it.</summary>
    public static ulong TrapLinear => StackLinear + PageSize - (ulong)sizeof(TrapFrame);

    /// <summary>What a resumption takes, or a delivery by the monitor.</summary>
    public TrapFrame* ReturnFrame => (TrapFrame*)(Page(StackLinear) + FrameOffset);

    public MonitorState* Monitor => (MonitorState*)Page(MonitorLinear);

    /// <summary>Page table entries for these pages: only the stack and the monitor's state may be written.</summary>
    public static void Map(ulong* table)
    {
        for (int page = 0; page < MappedPages; page++)
        {
            ulong linear = Base + (ulong)page * PageSize;
            table[page] = linear | ShadowTables.Present | ShadowTables.Used | (linear is StackLinear or MonitorLinear ? ShadowTables.Writable : 0);
        }
    }

    /// <summary>What the stub that has halted tells, or null if it was none.</summary>
    public static StubReport? ReportOf(in kvm_regs registers) => registers.rip is > AnyStub and <= StubsEnd
        ? new StubReport((byte)registers.r15, new DataSelectors((ushort)registers.r8, (ushort)registers.r9, (ushort)registers.r10, (ushort)registers.r11), (uint)registers.r12)
        : null;

    /// <summary>The stub of a vector: it ends KVM_RUN.</summary>
    public static ulong StubOf(byte vector) => StubsLinear + (ulong)vector * StubSize;

    public static bool IsStub(ulong rip) => rip - StubsLinear < StubsEnd - StubsLinear;

    public static bool IsResumption(ulong rip) => rip - Resume < MonitorCode - Resume;

    public void LoadDescriptors(ReadOnlySpan<ulong> descriptors) => descriptors.CopyTo(new Span<ulong>(Gdt, DescriptorTable.Entries));

    public void SetGatePrivilege(byte vector, int level)
    {
        const int shift = 45;
        Idt[2 * vector] = Idt[2 * vector] & ~(3UL << shift) | (ulong)level << shift;
    }

    /// <summary>Sets where a vector's gate leads.</summary>
    public void SetHandler(byte vector, ulong linear)
    {
        const ulong parts = 0xFFFF_0000_0000_FFFF;
        Idt[2 * vector] = Idt[2 * vector] & ~parts | linear & 0xFFFF | (linear >> 16 & 0xFFFF) << 48;
        Idt[2 * vector + 1] = linear >> 32;
    }

    /// <summary>Writes the monitor's code after the stubs.</summary>
    /// <param name="format">How the guest's page tables are laid out.</param>
    public TrapMonitorCode PlaceMonitor(PageTableFormat format)
    {
        using UnmanagedMemoryStream room = new(Page(MonitorCode), 0, (long)(StubsLinear + PageSize - MonitorCode), FileAccess.Write);
        return new TrapMonitorCode(room, MonitorCode, format);
    }

    /// <summary>Writes page directories of large pages, read-only, that reach all of the guest's memory.</summary>
    /// <param name="size">Of that, in bytes.</param>
    /// <returns>Physical address of the first of <see cref="WindowTables"/>.</returns>
    public ulong MapWindow(uint size)
    {
        ulong* entry = (ulong*)Page(WindowDirectories);
        for (ulong physical = 0; physical < size; physical += LargePage) *entry++ = physical | PageFlags.LargePage | ShadowTables.Present | ShadowTables.Used;
        return WindowDirectories;
    }

    /// <summary>The descriptor that a guest's selector names, or false if its table has none.</summary>
    public bool TryFind(uint selector, out SegmentDescriptor descriptor) =>
        SegmentRules.TryFind(new ReadOnlySpan<ulong>(Gdt, DescriptorTable.Entries), selector, out descriptor);

    /// <summary>What the next resumption's <c>iretq</c> takes.</summary>
    public void WriteFrame(in GuestRegisters registers)
    {
        TrapFrame* frame = ReturnFrame;
        frame->Rip = registers.Eip;
        frame->Cs = registers.Cs;
        frame->Rflags = registers.Eflags & ~(Eflags.IoPrivilegeLevel | Eflags.NestedTask | Eflags.Virtual8086) | Eflags.Interrupt | Eflags.AlwaysOne;
        frame->Rsp = registers.Esp;
        frame->Ss = registers.Ss;
    }

    /// <summary>What the processor pushed for a trap, or null if its stack pointer is not where it must be.</summary>
    /// <param name="rsp">The stack pointer in the stub.</param>
    /// <param name="hasErrorCode">Whether an error code lies below the frame.</param>
    /// <param name="errorCode">It, or 0.</param>
    public TrapFrame* ReadFrame(ulong rsp, bool hasErrorCode, out uint errorCode)
    {
        errorCode = 0;
        ulong offset = rsp - StackLinear;
        if (offset > (ulong)(PageSize - sizeof(TrapFrame) - (hasErrorCode ? 8 : 0)) || (offset & 7) != 0) return null;
        byte* top = Page(StackLinear) + offset;
        if (!hasErrorCode) return (TrapFrame*)top;
        errorCode = *(uint*)top;
        return (TrapFrame*)(top + 8);
    }

    private void WriteStubs()
    {
        for (int vector = 0; vector < Vectors; vector++)
        {
            ulong stub = StubOf((byte)vector), next = vector == Vector.PageFault ? FaultStub : AnyStub;
            *(uint*)Page(stub) = 0xE900B741 | (uint)vector << 16;              // mov r15b, vector; jmp next
            *(int*)Page(stub + 4) = (int)(next - (stub + StubSize));
        }

        Write(FaultStub, 0x41, 0x0F, 0x20, 0xD4);                               // mov r12, cr2
        Write(AnyStub,
            0x41, 0x8C, 0xD8, 0x41, 0x8C, 0xC1, 0x41, 0x8C, 0xE2, 0x41, 0x8C, 0xEB,     // mov r8d, ds; mov r9d, es; mov r10d, fs; mov r11d, gs
            0xF4);                                                              // hlt
        Write(Resume, 0x48, 0xCF);                                              // iretq
        Write(FlushAndResume, 0x41, 0x0F, 0x20, 0xD8, 0x41, 0x0F, 0x22, 0xD8, 0x48, 0xCF);      // mov r8, cr3; mov cr3, r8; iretq
    }

    private void Write(ulong linear, params ReadOnlySpan<byte> code) => code.CopyTo(new Span<byte>(Page(linear), code.Length));

    private byte* Page(ulong linear) => memory + (linear - Base);
}

/// <summary>What a stub has put into registers before it halted.</summary>
/// <param name="Vector">Of the trap.</param>
/// <param name="Data">The guest's.</param>
/// <param name="FaultAddress">For a page fault, cr2.</param>
internal readonly record struct StubReport(byte Vector, DataSelectors Data, uint FaultAddress);

/// <summary>What a 64-bit processor pushes for a trap and <c>iretq</c> pops.</summary>
internal struct TrapFrame
{
    public ulong Rip, Cs, Rflags, Rsp, Ss;
}
