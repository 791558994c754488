using LguestPS.Memory;
using LguestPS.Native;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Cpu.Kvm;

/// <summary>What follows when KVM hands control back: a trap for the host, or an answer given here and the guest entered again.</summary>
internal sealed unsafe partial class KvmCpu
{
    private const uint FilledTogether = 16;
    private const uint NamesGate = 2;

    /// <returns>Null to enter the guest again.</returns>
    private CpuExit? AfterExit(KvmExit why) => why switch
    {
        KvmExit.Halted => AfterTrap(),
        KvmExit.EmulationFailed => AfterFailedEmulation(),
        KvmExit.Debugged => AfterDebug(),
        KvmExit.Shutdown => CpuExit.Dead("the virtual processor shut down (triple fault)"),
        _ => CpuExit.Dead($"KVM cannot go on at 0x{vcpu.State->regs.rip:x}: {vcpu.Describe()}"),
    };

    /// <summary>A stub has halted: the guest trapped.</summary>
    /// <returns>Null to enter the guest again.</returns>
    private CpuExit? AfterTrap()
    {
        ref kvm_regs general = ref vcpu.State->regs;
        if (HostPages.ReportOf(general) is not { } stub) return CpuExit.Dead($"the virtual processor halted at 0x{general.rip:x}");
        byte vector = stub.Vector;
        TrapFrame* frame = pages.ReadFrame(general.rsp, Vector.HasErrorCode(vector), out uint errorCode);
        if (frame == null) return CpuExit.Dead($"trap {vector} found a stack at 0x{general.rsp:x}");
        if ((frame->Cs & 3) == 0)
        {
            if (monitor.Recover(frame->Rip) is { } trap) return AfterMonitorFault(trap, stub, errorCode);
            // The resumption's own iretq refused the guest's segments; nothing of the guest has run.
            return HostPages.IsResumption(frame->Rip) && IsOfSegments(vector)
                ? CpuExit.Trap(vector, errorCode)
                : CpuExit.Dead($"trap {vector} (0x{errorCode:x}) in the engine's own code at 0x{frame->Rip:x}");
        }

        state.Read(*frame, stub.Data);
        return Answer(vector, errorCode, stub.FaultAddress);
    }

    /// <summary>The monitor faulted: on the guest's stack, whose trap is then the engine's, or at the end, when it had delivered the trap.</summary>
    private CpuExit? AfterMonitorFault(in MonitoredTrap trap, in StubReport stub, uint errorCode)
    {
        state.Read(trap.Frame, stub.Data);
        return !trap.IsDelivered ? Answer(trap.Vector, trap.ErrorCode, trap.FaultAddress)
            : IsOfSegments(stub.Vector) ? CpuExit.Trap(stub.Vector, errorCode)
            : CpuExit.Dead($"trap {stub.Vector} (0x{errorCode:x}) in the engine's own code");
    }

    /// <returns>Null to enter the guest again.</returns>
    private CpuExit? Answer(byte vector, uint errorCode, uint faultAddress) => vector switch
    {
        Vector.PageFault => AfterPageFault(faultAddress, (PageAccess)errorCode & (PageAccess.Write | PageAccess.User)),
        Vector.GeneralProtection when errorCode == 0 && HostAnswers.TryGive(ReadCode(stackalloc byte[GuestCode.LongestInstruction]), ref state.Registers, timeStamp) =>
            (state.Registers.Eflags & Eflags.Trap) != 0 ? CpuExit.Trap(Vector.Debug) : null,
        Vector.InvalidOpcode or Vector.GeneralProtection when errorCode == 0 && ReadCode(stackalloc byte[GuestCode.LongestInstruction]).IsVmcall => AfterVmcall(),
        Vector.GeneralProtection when (errorCode & NamesGate) != 0 && ReadCode(stackalloc byte[GuestCode.LongestInstruction]).SoftwareVector is { } gate =>
            CpuExit.Trap(vector, gate * 8u + NamesGate),        // QEMU's processor counts 16 bytes for a 64-bit gate
        Vector.InvalidOpcode or Vector.GeneralProtection or Vector.StackFault or Vector.SegmentNotPresent or Vector.InvalidTss
            when assistance == Assistance.AtEveryFault => Complete(),
        _ => CpuExit.Trap(vector, errorCode),
    };

    /// <summary>An <c>iretq</c> that the segments it should load have refused.</summary>
    private static bool IsOfSegments(byte vector) => vector is Vector.GeneralProtection or Vector.StackFault or Vector.SegmentNotPresent;

    private CpuExit? AfterPageFault(uint linear, PageAccess access)
    {
        if (IsWatched(linear, access)) return AfterWatchedFault();
        Translation translation = guestTables.Walk(pageDirectory, linear, access);
        if (translation.Bad is { } reason) return CpuExit.Dead(reason);
        if (translation.Fault is { } errorCode) return CpuExit.Trap(Vector.PageFault, errorCode, linear);
        if (translation.IsDevice) return CpuExit.DeviceAccess((uint)access, linear);
        tables.Fill(linear, Shown(linear, translation));
        FillBeside(linear);
        Fills++;
        return null;
    }

    /// <summary>Saves the exits of pages near by: those the guest has used before, so that its Accessed and Dirty bits stay as they are.</summary>
    private void FillBeside(uint linear)
    {
        uint first = linear & ~(FilledTogether * GuestMemory.PageSize - 1);
        for (uint page = first; page - first < FilledTogether * GuestMemory.PageSize; page += GuestMemory.PageSize)
            if (tables.LacksBeside(page) && !IsWatched(page, PageAccess.Read) && guestTables.FindUsed(pageDirectory, page) is { } used) tables.FillBeside(page, Shown(page, used));
    }

    /// <summary>The guest stands at a vmcall or vmmcall, which faulted.</summary>
    private CpuExit AfterVmcall()
    {
        if (!AcceptsVmcall || state.Registers.PrivilegeLevel != DescriptorTable.GuestPrivilegeLevel) return CpuExit.Trap(Vector.InvalidOpcode);
        state.Registers.Eip += GuestCode.VmcallLength;
        return CpuExit.Trap(Vector.Hypercall);
    }

    private CpuExit? AfterFailedEmulation()
    {
        ref kvm_regs general = ref vcpu.State->regs;
        if (state.IsInRing0) return CpuExit.Dead($"KVM cannot run the engine's own code at 0x{general.rip:x}: {vcpu.Describe()}");
        state.ReadInterrupted(monitor);
        if (completer is null)
        {
            // Most who hear of it only want to know that it does: to put an instruction into words takes longer than all the rest of a probe.
            Func<string> code = ReadCode(stackalloc byte[GuestCode.LongestInstruction]).Describe();
            (uint eip, int ring) = (state.Registers.Eip, state.Registers.PrivilegeLevel);
            Func<string> exit = vcpu.Description();
            return CpuExit.Dead(() => $"KVM gives up on {code()} at 0x{eip:x8} in ring {ring}: {exit()}");
        }

        return Complete();
    }

    /// <summary>Has the emulated CPU decide what the instruction does.</summary>
    private CpuExit? Complete()
    {
        Completions++;
        CpuExit exit = RunOne();
        if (exit.Kind != CpuExitKind.Budget) return exit with { RanNothing = exit.RanNothing && !state.RanSomething };
        state.RanSomething = true;
        return null;
    }

    /// <summary>Runs one instruction on the emulated CPU.</summary>
    private CpuExit RunOne()
    {
        if (completer is null) return CpuExit.Dead("single steps need the emulated CPU");
        GuestCode code = ReadCode(stackalloc byte[GuestCode.LongestInstruction]);
        CpuExit exit = completer.Run(ref state.Registers, code, TaskSwitched);
        state.SegmentsChanged();
        return state.TakeSegments() ?? exit;
    }

    private GuestCode ReadCode(Span<byte> buffer)
    {
        pages.TryFind(state.Registers.Cs, out SegmentDescriptor segment);
        return GuestCode.Read(guestTables, pageDirectory, state.Registers.Eip, segment.Base, buffer);
    }
}
