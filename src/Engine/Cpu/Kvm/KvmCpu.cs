using System.Diagnostics;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Native;
using LguestPS.Paging;

namespace LguestPS.Cpu.Kvm;

/// <summary>A guest on the machine's own processor, through Linux's KVM.</summary>
/// <remarks>
/// The virtual processor is a 64-bit one. The guest's kernel is 32-bit code in its ring 1, a guest's programs in ring 3; ring 0
/// holds nothing but <see cref="HostPages"/>, whose stubs end KVM_RUN at every trap. So one entry ends at the next trap, interrupt
/// by a signal, or the guest's end, and page faults that only fill <see cref="ShadowTables"/> are entered again here.
/// Whichever thread calls <see cref="Run"/> is the one that enters; see docs/notes/kvm.md.
/// </remarks>
internal sealed unsafe partial class KvmCpu : VirtualCpu
{
    private const int DefaultTablePages = 2048;
    private const uint FilledTogether = 16;

    private static readonly long LeastGrace = Stopwatch.Frequency / 2_000;

    private const ulong Cr0 = 0x80010033;           // PG, WP, NE, ET, MP, PE
    private const ulong Cr0TaskSwitched = 1 << 3;
    private const ulong Cr4 = 0x624;                // PAE; TSD: rdtsc faults, and the guest's clock answers; OSFXSR, OSXMMEXCPT
    private const ulong Efer = 0x500;               // LMA, LME
    private const ulong ApicEnabled = 1 << 11;

    private const uint NamesGate = 2;

    private const uint PlatformInfo = 0xCE;
    private const ulong CpuidFaultingExists = 1UL << 31;
    private const uint MiscFeaturesEnables = 0x140;
    private const ulong CpuidFaults = 1;

    private readonly LibC libc;
    private readonly PageTables guestTables;
    private readonly Func<ulong> timeStamp;
    private readonly KvmVm vm;
    private readonly KvmVcpu vcpu;
    private readonly Mapping own;
    private readonly HostPages pages;
    private readonly ShadowTables tables;
    private readonly TrapMonitor monitor;
    private readonly KvmFpu fpu;
    private readonly Assistance assistance;
    private readonly InstructionCompleter? completer;
    private readonly WatchedRun? watched;
    private readonly DebugRegisters debug;
    private GuestRegisters registers;
    private ThreadTimer? timer;
    private uint pageDirectory;
    private bool descriptorsChanged = true;
    private bool segmentsChanged;
    private ushort knownCs, knownSs;
    private DataSelectors knownData;
    private bool ranSomething;
    private string? failure;
    private volatile bool kicked;
    private volatile int runningOn;

    /// <param name="memory">The guest's memory, which the virtual machine uses as it is.</param>
    /// <param name="timeStamp">What <c>rdtsc</c> reads.</param>
    /// <param name="libc">The calls to Linux.</param>
    /// <param name="assistance">What an emulated CPU does for this one.</param>
    /// <param name="tablePages">Pages for shadow tables, at least <see cref="ShadowTables.FewestPages"/>.</param>
    /// <exception cref="ErrnoException">KVM refused something.</exception>
    /// <exception cref="NotSupportedException">This KVM lacks something.</exception>
    public KvmCpu(GuestMemory memory, Func<ulong> timeStamp, LibC libc, Assistance assistance, int tablePages = DefaultTablePages)
    {
        guestTables = new PageTables(memory);
        this.timeStamp = timeStamp;
        this.libc = libc;
        this.assistance = assistance;
        HasMonitor = assistance == Assistance.OnRequest;
        Stack<IDisposable> opened = new();
        try
        {
            using KvmSystem system = KvmSystem.Open(libc);
            opened.Push(vm = system.CreateVm());
            opened.Push(own = Mapping.Zeroed(libc, (nuint)(HostPages.Count + tablePages) * HostPages.PageSize));
            vm.AddMemory(0, memory.Base, memory.Size);
            vm.AddMemory(HostPages.Base, own.Address, own.Length);
            opened.Push(vcpu = vm.CreateVcpu());

            pages = new HostPages(own.Address);
            tables = new ShadowTables(own.Address + HostPages.Count * HostPages.PageSize, HostPages.Base + HostPages.Count * HostPages.PageSize, tablePages);
            monitor = new TrapMonitor(memory, pages, tables);
            fpu = new KvmFpu(vcpu);
            debug = new DebugRegisters(vcpu);
            Start();
            if (assistance == Assistance.None) return;
            completer = new InstructionCompleter(memory, fpu, timeStamp);
            watched = new WatchedRun(completer.Cpu, fpu);
        }
        catch
        {
            while (opened.TryPop(out IDisposable? open)) open.Dispose();
            throw;
        }
    }

    public override string Name => "kvm";

    public override bool HasFpu => true;

    public override ref GuestRegisters Registers => ref registers;

    public override bool CountsInstructions => false;

    public override long InstructionCount => 0;

    public override bool TaskSwitched { get; set; }

    public override bool CanBeSaved => true;

    /// <summary>Times that KVM handed control back, each a round trip through the kernel.</summary>
    public long Exits { get; private set; }

    /// <summary>Those that only filled the shadow tables.</summary>
    public long Fills { get; private set; }

    /// <summary>Instructions that KVM gave up on and the emulated CPU ran.</summary>
    public long Completions { get; private set; }

    public ShadowTables Tables => tables;

    /// <summary>Whether the monitor delivers traps. A KVM that emulates is slower with it: it emulates the monitor, too.</summary>
    public bool HasMonitor { get; init; }

    public override bool DeliversTraps => HasMonitor;

    public override void SetDirectTraps(in DirectTraps traps) => monitor.Deliver(traps);

    public override long CountDirectTraps(byte vector) => monitor.Count(vector);

    public override CpuExit Run(CpuBudget budget)
    {
        if (failure is not null) return CpuExit.Dead(failure);
        try
        {
            if (mustWatchAll) return RunWatched(budget);
            watched?.Leave();
            int thread = KickSignal.PrepareThread(libc);
            runningOn = thread;
            Interlocked.MemoryBarrier();        // whoever kicks sees the thread, or this one sees the kick
            if (TakeKick()) return CpuExit.KickedAtOnce;
            if (TakeSegments() is { } refused) return refused;
            if (budget.IsSingleStep) return RunOne();

            ArmTimer(thread, budget.Until);
            return RunUntilExit(budget.Until);
        }
        catch (ErrnoException e)
        {
            failure = $"KVM failed: {e.Message}";
            return CpuExit.Dead(failure);
        }
        finally
        {
            runningOn = 0;
            GC.KeepAlive(this);
        }
    }

    public override void Kick()
    {
        kicked = true;
        Interlocked.MemoryBarrier();
        int thread = runningOn;
        if (thread != 0) KickSignal.Send(libc, thread);
        watched?.Kick();
    }

    public override void SetAddressSpace(uint directory)
    {
        pageDirectory = directory;
        tables.SetAddressSpace(directory);
        monitor.SetAddressSpace(directory);
        completer?.SetAddressSpace(directory);
    }

    public override void FlushAll()
    {
        tables.ForgetAll();
        Watcher?.FlushAll();
    }

    public override void FlushUser(uint kernelBase)
    {
        tables.ForgetBelow(kernelBase);
        Watcher?.FlushUser(kernelBase);
    }

    public override void FlushPage(uint? directory, uint linear)
    {
        tables.ForgetPage(directory, linear);
        Watcher?.FlushPage(directory, linear);
    }

    public override void FlushRange(uint directory, uint first, uint last)
    {
        tables.ForgetRange(directory, first, last);
        Watcher?.FlushRange(directory, first, last);
    }

    public override void LoadDescriptors(ReadOnlySpan<ulong> descriptors)
    {
        pages.LoadDescriptors(descriptors);
        completer?.LoadDescriptors(descriptors);
        descriptorsChanged = true;
    }

    public override void SetGatePrivilege(byte vector, int level)
    {
        pages.SetGatePrivilege(vector, level);
        completer?.SetGatePrivilege(vector, level);
    }

    public override void SaveFpu(Span<byte> image)
    {
        try
        {
            watched?.ReturnFpu();
            fpu.Load().CopyTo(image);
        }
        catch (ErrnoException e)
        {
            throw new LguestException(LguestError.CheckpointRefused, $"KVM failed: {e.Message}", e);
        }
    }

    public override void LoadFpu(ReadOnlySpan<byte> image)
    {
        try
        {
            watched?.ReturnFpu();
            fpu.Store(image);
        }
        catch (ErrnoException e)
        {
            throw new LguestException(LguestError.CheckpointRefused, $"KVM failed: {e.Message}", e);
        }
    }

    public override void Dispose()
    {
        completer?.Dispose();
        timer?.Dispose();
        vcpu.Dispose();
        vm.Dispose();
        own.Dispose();
    }

    private void Start()
    {
        vcpu.SetCpuid(KvmIdentity.Entries);
        // Outside ring 0 cpuid faults, so that the engine answers: not every KVM keeps to what it was told to show.
        if (vcpu.TrySetModelSpecific(PlatformInfo, CpuidFaultingExists)) vcpu.TrySetModelSpecific(MiscFeaturesEnables, CpuidFaults);
        vcpu.SetSignalMask(KickSignal.MaskInGuest);
        vcpu.BringOutRest();
        ref kvm_sregs special = ref vcpu.State->sregs;
        special.cs = KvmSegments.HostCode;
        special.ss = KvmSegments.HostData;
        special.ds = special.es = special.fs = special.gs = KvmSegments.Null(0);
        special.ldt = KvmSegments.NoLocalTable;
        special.tr = KvmSegments.HostTask;
        special.gdt = new kvm_dtable { @base = HostPages.GdtLinear, limit = HostPages.GdtLimit };
        special.idt = new kvm_dtable { @base = HostPages.IdtLinear, limit = HostPages.IdtLimit };
        special.cr0 = Cr0;
        special.cr3 = tables.Root;
        special.cr4 = Cr4;
        special.efer = Efer;
        special.apic_base &= ~ApicEnabled;          // or cpuid would show an APIC
        vcpu.SetSpecialRegisters();
        vcpu.BringsOutAll = assistance == Assistance.AtEveryFault;      // then most exits are not a stub's
    }

    private CpuExit RunUntilExit(long until)
    {
        ranSomething = false;
        bool signalled = false;
        long grace = LeastGrace;
        if (StandsAtWatched && Complete() is { } watched) return watched;
        Prepare();
        while (true)
        {
            KvmExit why = vcpu.Run();
            Exits++;
            vcpu.State->kvm_dirty_regs = 0;
            if (why != KvmExit.Halted) vcpu.BringOutRest();
            if (why == KvmExit.Interrupted)
            {
                KickSignal.Drain(libc);
                signalled = true;
                if (!MayBeTouched)
                {
                    monitor.Bypass();
                    continue;
                }
                ReadInterruptedState();
            }
            else if (AfterExit(why) is { } exit)
            {
                return exit;
            }

            if (signalled)      // perhaps not this time, but before a trap that only filled a page
            {
                signalled = false;
                long now = Stopwatch.GetTimestamp();
                if (TakeKick()) return ranSomething ? CpuExit.Kicked : CpuExit.KickedAtOnce;
                if (now >= until)
                {
                    if (ranSomething) return CpuExit.Budget;
                    until = now + (grace *= 2);     // entering took all of its time
                }
                timer?.GoOffBy(until);
            }
            Prepare();
        }
    }

    /// <returns>Null to enter the guest again.</returns>
    private CpuExit? AfterExit(KvmExit why) => why switch
    {
        KvmExit.Halted => AfterTrap(),
        KvmExit.EmulationFailed => AfterFailedEmulation(),
        KvmExit.Debugged => AfterDebug(),
        KvmExit.Shutdown => CpuExit.Dead("the virtual processor shut down (triple fault)"),
        _ => CpuExit.Dead($"KVM cannot go on at 0x{vcpu.State->regs.rip:x}: {vcpu.Describe()}"),
    };

    /// <summary>Makes the vCPU resume the guest with the registers as they are here.</summary>
    private void Prepare()
    {
        monitor.Engage();
        kvm_run* run = vcpu.State;
        ref kvm_regs general = ref run->regs;
        general.rax = registers.Eax;
        general.rbx = registers.Ebx;
        general.rcx = registers.Ecx;
        general.rdx = registers.Edx;
        general.rsi = registers.Esi;
        general.rdi = registers.Edi;
        general.rbp = registers.Ebp;
        general.rip = tables.NeedsFlush ? HostPages.FlushAndResume : HostPages.Resume;
        general.rsp = HostPages.FrameLinear;
        general.rflags = Eflags.AlwaysOne;
        pages.WriteFrame(registers);
        tables.NeedsFlush = false;
        run->kvm_dirty_regs = KvmNumbers.KVM_SYNC_X86_REGS;

        ref kvm_sregs special = ref run->sregs;
        ulong cr0 = TaskSwitched ? Cr0 | Cr0TaskSwitched : Cr0;
        if (!segmentsChanged && special.cs.selector == HostPages.CodeSelector && special.cr0 == cr0) return;
        special.cr0 = cr0;
        special.cs = KvmSegments.HostCode;
        special.ss = KvmSegments.HostData;
        special.ds = DataSegment(registers.Ds);
        special.es = DataSegment(registers.Es);
        special.fs = DataSegment(registers.Fs);
        special.gs = DataSegment(registers.Gs);
        segmentsChanged = false;
        run->kvm_dirty_regs |= KvmNumbers.KVM_SYNC_X86_SREGS;
    }

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

        ReadGuest(*frame, stub.Data);
        return Answer(vector, errorCode, stub.FaultAddress);
    }

    /// <summary>The monitor faulted: on the guest's stack, whose trap is then the engine's, or at the end, when it had delivered the trap.</summary>
    private CpuExit? AfterMonitorFault(in MonitoredTrap trap, in StubReport stub, uint errorCode)
    {
        ReadGuest(trap.Frame, stub.Data);
        return !trap.IsDelivered ? Answer(trap.Vector, trap.ErrorCode, trap.FaultAddress)
            : IsOfSegments(stub.Vector) ? CpuExit.Trap(stub.Vector, errorCode)
            : CpuExit.Dead($"trap {stub.Vector} (0x{errorCode:x}) in the engine's own code");
    }

    /// <returns>Null to enter the guest again.</returns>
    private CpuExit? Answer(byte vector, uint errorCode, uint faultAddress) => vector switch
    {
        Vector.PageFault => AfterPageFault(faultAddress, (PageAccess)errorCode & (PageAccess.Write | PageAccess.User)),
        Vector.GeneralProtection when errorCode == 0 && TryAnswer() => (registers.Eflags & Eflags.Trap) != 0 ? CpuExit.Trap(Vector.Debug) : null,
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
        if (translation.Refusal is { } reason) return CpuExit.Dead(reason);
        if (translation.Fault is { } errorCode) return CpuExit.Trap(Vector.PageFault, errorCode, linear);
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

    private CpuExit? AfterFailedEmulation()
    {
        ref kvm_regs general = ref vcpu.State->regs;
        if (IsInRing0) return CpuExit.Dead($"KVM cannot run the engine's own code at 0x{general.rip:x}: {vcpu.Describe()}");
        ReadInterruptedState();
        if (completer is null)
        {
            GuestCode code = ReadCode(stackalloc byte[GuestCode.LongestInstruction]);
            return CpuExit.Dead($"KVM gives up on {code.Text} at 0x{registers.Eip:x8} in ring {registers.PrivilegeLevel}: {vcpu.Describe()}");
        }

        return Complete();
    }

    /// <summary>Has the emulated CPU decide what the instruction does.</summary>
    private CpuExit? Complete()
    {
        Completions++;
        CpuExit exit = RunOne();
        if (exit.Kind != CpuExitKind.Budget) return exit with { RanNothing = exit.RanNothing && !ranSomething };
        ranSomething = true;
        return null;
    }

    /// <summary>Runs one instruction on the emulated CPU.</summary>
    private CpuExit RunOne()
    {
        if (completer is null) return CpuExit.Dead("single steps need the emulated CPU");
        GuestCode code = ReadCode(stackalloc byte[GuestCode.LongestInstruction]);
        CpuExit exit = completer.Run(ref registers, code, TaskSwitched);
        segmentsChanged = true;
        return TakeSegments() ?? exit;
    }

    /// <summary>Does what <c>rdtsc</c> and <c>cpuid</c> ask for, which fault because the answer is the engine's.</summary>
    private bool TryAnswer()
    {
        GuestCode code = ReadCode(stackalloc byte[GuestCode.LongestInstruction]);
        if (code.IsReadTimeStamp)
        {
            ulong now = timeStamp();
            (registers.Eax, registers.Edx) = ((uint)now, (uint)(now >> 32));
        }
        else if (code.IsIdentify)
        {
            (registers.Eax, registers.Ebx, registers.Ecx, registers.Edx) = CpuIdentity.Leaf(registers.Eax);
        }
        else
        {
            return false;
        }

        registers.Eip += (uint)code.Length;
        return true;
    }

    private GuestCode ReadCode(Span<byte> buffer)
    {
        pages.TryFind(registers.Cs, out Emulated.Descriptor segment);
        return GuestCode.Read(guestTables, pageDirectory, registers.Eip, segment.Base, buffer);
    }

    private bool IsInRing0 => (vcpu.State->sregs.cs.selector & 3) == 0;

    /// <summary>
    /// False if a signal came between an event's two halves: while an exception is on its way, or a stub has not halted yet.
    /// Entered again as it is, the vCPU comes out at once with the trap.
    /// </summary>
    private bool MayBeTouched
    {
        get
        {
            ref kvm_vcpu_events events = ref vcpu.State->events;
            return (events.exception_injected | events.exception_pending | events.interrupt_injected) == 0 && !(IsInRing0 && HostPages.IsStub(vcpu.State->regs.rip));
        }
    }

    /// <summary>The vCPU came out between two instructions: of the guest, or of a resumption that had not got to it yet.</summary>
    private void ReadInterruptedState()
    {
        if (IsInRing0)
        {
            if (monitor.Recover(vcpu.State->regs.rip) is { } trap) ReadInterruptedMonitor(trap);
            else tables.NeedsFlush = true;      // the resumption may not have got that far
            return;
        }

        ref kvm_regs general = ref vcpu.State->regs;
        ref kvm_sregs special = ref vcpu.State->sregs;
        ReadGuest(new TrapFrame { Rip = general.rip, Cs = special.cs.selector, Rflags = general.rflags, Rsp = general.rsp, Ss = special.ss.selector }, DataSelectors.Of(special));
    }

    private void ReadInterruptedMonitor(in MonitoredTrap trap)
    {
        ReadGuest(trap.Frame, DataSelectors.Of(vcpu.State->sregs));
        // A fault comes again; the instruction int n, which is behind the guest already, has to.
        if (!trap.IsDelivered && trap.Vector != Vector.PageFault) registers.Eip -= GuestCode.InterruptLength;
    }

    private void ReadGuest(in TrapFrame frame, in DataSelectors data)
    {
        ref kvm_regs general = ref vcpu.State->regs;
        registers.Eax = (uint)general.rax;
        registers.Ebx = (uint)general.rbx;
        registers.Ecx = (uint)general.rcx;
        registers.Edx = (uint)general.rdx;
        registers.Esi = (uint)general.rsi;
        registers.Edi = (uint)general.rdi;
        registers.Ebp = (uint)general.rbp;
        registers.Eip = (uint)frame.Rip;
        registers.Cs = (ushort)frame.Cs;
        registers.Eflags = (uint)frame.Rflags & ~Eflags.Resume;
        registers.Esp = (uint)frame.Rsp;
        registers.Ss = (ushort)frame.Ss;
        (registers.Ds, registers.Es, registers.Fs, registers.Gs) = (data.Ds, data.Es, data.Fs, data.Gs);
        (knownCs, knownSs, knownData) = (registers.Cs, registers.Ss, data);
        ranSomething = true;
    }

    /// <summary>Loads the segment registers that the host has changed, or all after a change of the descriptor table.</summary>
    /// <returns>The trap that a selector leads to, or null.</returns>
    private CpuExit? TakeSegments()
    {
        bool all = descriptorsChanged;
        if (all || registers.Cs != knownCs)
        {
            if (!pages.TryFind(registers.Cs, out Emulated.Descriptor code) || !code.IsCode || !code.IsPresent)
                return CpuExit.Trap(Vector.GeneralProtection, registers.Cs & 0xFFFCu);
            knownCs = registers.Cs;
        }

        if (all || registers.Ss != knownSs)
        {
            if (!pages.TryFind(registers.Ss, out Emulated.Descriptor stack) || !stack.IsWritable || !stack.IsPresent)
                return CpuExit.Trap(Vector.GeneralProtection, registers.Ss & 0xFFFCu);
            knownSs = registers.Ss;
        }

        if (all || DataSelectors.Of(registers) != knownData)
        {
            registers.Ds = DataSegment(registers.Ds).selector;
            registers.Es = DataSegment(registers.Es).selector;
            registers.Fs = DataSegment(registers.Fs).selector;
            registers.Gs = DataSegment(registers.Gs).selector;
            knownData = DataSelectors.Of(registers);
            segmentsChanged = true;
        }
        descriptorsChanged = false;
        return null;
    }

    /// <summary>What a data segment register has behind a selector; one that the guest may not have there is null.</summary>
    private kvm_segment DataSegment(ushort selector)
    {
        if (Segmentation.IsNull(selector)) return KvmSegments.Null(selector);
        bool usable = pages.TryFind(selector, out Emulated.Descriptor descriptor) && descriptor.IsPresent
            && Segmentation.MayHoldData(descriptor, selector, registers.PrivilegeLevel);
        return usable ? KvmSegments.From(selector, descriptor) : KvmSegments.Null(0);
    }

    private void ArmTimer(int thread, long until)
    {
        if (until == long.MaxValue) return;
        if (timer?.Thread != thread)
        {
            timer?.Dispose();
            timer = null;
            timer = new ThreadTimer(libc, thread);
        }
        timer.GoOffBy(until);
    }

    private bool TakeKick()
    {
        if (!kicked) return false;
        kicked = false;
        return true;
    }
}
