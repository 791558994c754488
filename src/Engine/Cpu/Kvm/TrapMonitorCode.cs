using System.Runtime.InteropServices;
using Iced.Intel;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Cpu.Kvm;

/// <summary>The monitor's instructions: what the gate table does, for a system call or a page fault that is the guest's.</summary>
/// <remarks>
/// It works in r8 to r15, which 32-bit code has not, so the guest's registers are its own throughout. Pushes go by 32-bit addresses, so that they
/// wrap below the engine's pages. Every effect but pushes and cr2 comes last, so that whatever happens before can be forgotten.
/// </remarks>
internal sealed class TrapMonitorCode
{
    private readonly Routine systemCall, pageFault;
    private readonly PageTableFormat format;

    /// <param name="stream">Takes the code.</param>
    /// <param name="linear">Where it will be.</param>
    /// <param name="format">How the guest's page tables are laid out.</param>
    public TrapMonitorCode(Stream stream, ulong linear, PageTableFormat format)
    {
        this.format = format;
        Assembler assembler = new(64);
        Draft call = Write(assembler, Vector.SystemCall, Marshal.OffsetOf<MonitorState>(nameof(MonitorState.SystemCall)));
        Draft fault = Write(assembler, Vector.PageFault, Marshal.OffsetOf<MonitorState>(nameof(MonitorState.PageFault)));
        AssemblerResult result = assembler.Assemble(new StreamCodeWriter(stream), linear, BlockEncoderOptions.ReturnNewInstructionOffsets);
        systemCall = call.Place(result);
        pageFault = fault.Place(result);
    }

    public ulong EntryOf(byte vector) => vector == Vector.PageFault ? pageFault.Entry : systemCall.Entry;

    /// <summary>What an instruction belongs to; null if it is not the monitor's.</summary>
    public (byte Vector, MonitorRemaining Remaining)? Find(ulong rip) =>
        systemCall.Find(rip) is { } ofCall ? (Vector.SystemCall, ofCall)
        : pageFault.Find(rip) is { } ofFault ? (Vector.PageFault, ofFault)
        : null;

    private Draft Write(Assembler a, byte vector, nint gate)
    {
        bool isFault = vector == Vector.PageFault;
        int frame = isFault ? 8 : 0;        // above the error code
        int frameCs = frame + 8, frameFlags = frame + 16, frameRsp = frame + 24, frameSs = frame + 32;
        AssemblerRegister64 state = r8, stack = r9;
        AssemblerRegister32 errorCode = r13d;
        Draft draft = new(a);

        a.Label(ref draft.Entry);
        a.test(__byte_ptr[rsp + frameCs], 3);
        a.jz(HostPages.StubOf(vector));     // the monitor's own
        a.mov(state, HostPages.MonitorLinear);
        if (isFault) FindOut(a, state, errorCode);

        // Onto which stack
        Label inKernel = a.CreateLabel(), onStack = a.CreateLabel();
        a.mov(r9d, __dword_ptr[rsp + frameRsp]);
        a.mov(r10d, __dword_ptr[rsp + frameSs]);
        a.mov(r14, HostPages.FrameLinear);
        a.test(__byte_ptr[rsp + frameCs], 2);
        a.jz(inKernel);
        a.mov(r11d, r9d);
        a.mov(r9d, __dword_ptr[state + Of(nameof(MonitorState.StackPointer))]);
        a.sub(r9d, 8);
        a.mov(__dword_ptr[r9d], r11d);
        a.mov(__dword_ptr[r9d + 4], r10d);
        a.mov(r10, __qword_ptr[state + Of(nameof(MonitorState.StackSegment))]);
        a.Label(ref inKernel);
        a.mov(__qword_ptr[r14 + 32], r10);

        // eflags, cs, eip and the error code
        int below = isFault ? 4 : 0;
        a.sub(r9d, 12 + below);
        a.mov(r12, __qword_ptr[state + Of(nameof(MonitorState.Data))]);
        a.mov(r10d, __dword_ptr[r12 + (int)DirectTraps.IrqEnabledOffset]);
        a.and(r10d, (int)Eflags.Interrupt);
        a.mov(r11d, __dword_ptr[rsp + frameFlags]);
        a.and(r11d, unchecked((int)~(Eflags.Interrupt | Eflags.Resume)));
        a.or(r10d, r11d);
        a.mov(__dword_ptr[r9d + below + 8], r10d);
        a.mov(r10d, __dword_ptr[rsp + frameCs]);
        a.mov(__dword_ptr[r9d + below + 4], r10d);
        a.mov(r10d, __dword_ptr[rsp + frame]);
        a.mov(__dword_ptr[r9d + below], r10d);
        if (isFault)
        {
            a.mov(__dword_ptr[r9d], errorCode);
            a.mov(r10, __qword_ptr[state + Of(nameof(MonitorState.Cr2))]);
            a.mov(__dword_ptr[r12 + (int)DirectTraps.Cr2Offset], r10d);
        }

        // What iretq takes
        a.mov(__qword_ptr[r14 + 24], stack);
        a.and(r11d, unchecked((int)~(Eflags.Trap | Eflags.NestedTask | Eflags.Virtual8086 | Eflags.IoPrivilegeLevel)));
        a.or(r11d, (int)Eflags.Interrupt);
        a.mov(__qword_ptr[r14 + 16], r11);
        a.mov(__qword_ptr[r14 + 8], DescriptorTable.KernelCodeSelector);
        a.mov(r10, __qword_ptr[state + (gate + OfGate(nameof(MonitorGate.Offset)))]);
        a.mov(__qword_ptr[r14], r10);

        a.mov(r10d, __dword_ptr[state + (gate + OfGate(nameof(MonitorGate.InterruptsKept)))]);
        a.Label(ref draft.Effects);
        a.inc(__qword_ptr[state + (gate + OfGate(nameof(MonitorGate.Count)))]);
        a.Label(ref draft.Counted);
        a.and(__dword_ptr[r12 + (int)DirectTraps.IrqEnabledOffset], r10d);
        a.mov(rsp, r14);
        a.iretq();
        a.Label(ref draft.End);
        a.nop();
        return draft;
    }

    /// <summary>Whether a page fault is the guest's, by its own tables as <see cref="PageTables.Walk"/> reads them; else the stub takes it.</summary>
    private void FindOut(Assembler a, AssemblerRegister64 state, AssemblerRegister32 errorCode)
    {
        ulong stub = HostPages.StubOf(Vector.PageFault);
        Label anyRing = a.CreateLabel(), forbidden = a.CreateLabel(), itsOwn = a.CreateLabel();

        a.mov(r9, cr2);
        a.mov(__qword_ptr[state + Of(nameof(MonitorState.Cr2))], r9);
        a.cmp(r9d, unchecked((int)format.End));
        a.jae(stub);
        a.mov(errorCode, __dword_ptr[rsp]);
        a.and(errorCode, (int)(PageAccess.Write | PageAccess.User));

        a.mov(r11, __qword_ptr[state + Of(nameof(MonitorState.Directory))]);
        a.mov(r10d, (int)(PageFlags.Writable | PageFlags.User));
        for (int i = 0; i < format.Levels.Length; i++) Descend(format.Levels[i], isLast: i == format.Levels.Length - 1);

        a.test(errorCode, (int)PageAccess.User);
        a.jz(anyRing);
        a.test(r10d, (int)PageFlags.User);
        a.jz(forbidden);
        a.Label(ref anyRing);
        a.test(errorCode, (int)PageAccess.Write);
        a.jz(stub);
        a.test(r10d, (int)PageFlags.Writable);
        a.jnz(stub);
        a.Label(ref forbidden);
        a.or(errorCode, 1);
        a.Label(ref itsOwn);

        // r11: the table, in the window; r10d: the rights so far
        void Descend(in PageLevel level, bool isLast)
        {
            a.mov(r12d, r9d);
            a.shr(r12d, (byte)level.Shift);
            a.and(r12d, (int)(level.Entries - 1));
            if (format.EntrySize == sizeof(uint)) a.mov(r12d, __dword_ptr[r11 + r12 * sizeof(uint)]);
            else a.mov(r12, __qword_ptr[r11 + r12 * sizeof(ulong)]);
            a.test(r12d, (int)PageFlags.Present);
            a.jz(itsOwn);
            a.test(r12d, (int)level.Forbidden);
            a.jnz(stub);
            if (level.Rights != 0) a.and(r10d, r12d);
            a.shr(r12, GuestMemory.PageShift);
            a.mov(r15d, __dword_ptr[state + Of(nameof(MonitorState.FrameLimit))]);
            a.cmp(r12, r15);
            a.jae(stub);
            if (isLast) return;
            a.shl(r12, GuestMemory.PageShift);
            a.mov(r11, HostPages.WindowLinear);
            a.add(r11, r12);
        }
    }

    private static int Of(string field) => (int)Marshal.OffsetOf<MonitorState>(field);

    private static int OfGate(string field) => (int)Marshal.OffsetOf<MonitorGate>(field);

    private struct Draft(Assembler assembler)
    {
        public Label Entry = assembler.CreateLabel(), Effects = assembler.CreateLabel(), Counted = assembler.CreateLabel(), End = assembler.CreateLabel();

        public readonly Routine Place(AssemblerResult result)
        {
            Label entry = Entry, effects = Effects, counted = Counted, end = End;
            return new Routine(result.GetLabelRIP(entry), result.GetLabelRIP(effects), result.GetLabelRIP(counted), result.GetLabelRIP(end));
        }
    }

    private readonly record struct Routine(ulong Entry, ulong Effects, ulong Counted, ulong End)
    {
        public MonitorRemaining? Find(ulong rip) =>
            rip < Entry || rip >= End ? null
            : rip < Effects ? MonitorRemaining.Everything
            : rip < Counted ? MonitorRemaining.CountAndInterrupts
            : MonitorRemaining.Interrupts;
    }
}

/// <summary>What the monitor has still to do for a trap.</summary>
internal enum MonitorRemaining
{
    /// <summary>Nothing counts yet.</summary>
    Everything,

    /// <summary>To count it, and to set irq_enabled.</summary>
    CountAndInterrupts,

    /// <summary>To set irq_enabled, if it has not.</summary>
    Interrupts,
}
