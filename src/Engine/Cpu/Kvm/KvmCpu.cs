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
    private readonly Kicker kicker;
    private readonly VcpuState state;
    private uint pageDirectory;
    private string? failure;

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
        kicker = new Kicker(libc);
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
            state = new VcpuState(vcpu, pages, tables);
            state.Start();
            vcpu.BringsOutAll = assistance == Assistance.AtEveryFault;      // then most exits are not a stub's
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

    public override ref GuestRegisters Registers => ref state.Registers;

    public override bool CountsInstructions => false;

    public override long InstructionCount => 0;

    public override bool TaskSwitched
    {
        get => state.TaskSwitched;
        set => state.TaskSwitched = value;
    }

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
            kicker.Begin();
            if (kicker.TakeKick()) return CpuExit.KickedAtOnce;
            if (state.TakeSegments() is { } refused) return refused;
            if (budget.IsSingleStep) return RunOne();

            kicker.Arm(budget.Until);
            return RunUntilExit();
        }
        catch (ErrnoException e)
        {
            failure = $"KVM failed: {e.Message}";
            return CpuExit.Dead(failure);
        }
        finally
        {
            kicker.End();
            GC.KeepAlive(this);
        }
    }

    public override void Kick()
    {
        kicker.Kick();
        watched?.Kick();
    }

    public override void SetAddressSpace(uint directory)
    {
        pageDirectory = directory;
        tables.SetAddressSpace(directory);
        monitor.SetAddressSpace(directory);
        completer?.SetAddressSpace(directory);
    }

    public override void SetPageTableFormat(PageTableFormat format)
    {
        guestTables.SetFormat(format);
        tables.ForgetAll();
        monitor.SetFormat(format);
        completer?.SetPageTableFormat(format);
    }

    public override bool AcceptsVmcall
    {
        get;
        set
        {
            field = value;
            if (completer is not null) completer.Cpu.AcceptsVmcall = value;
        }
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
        state.DescriptorsChanged();
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
        kicker.Dispose();
        vcpu.Dispose();
        vm.Dispose();
        own.Dispose();
    }

    private CpuExit RunUntilExit()
    {
        state.RanSomething = false;
        bool signalled = false;
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
                kicker.Drain();
                signalled = true;
                if (!state.MayBeTouched)
                {
                    monitor.Bypass();
                    continue;
                }
                state.ReadInterrupted(monitor);
            }
            else if (AfterExit(why) is { } exit)
            {
                return exit;
            }

            if (signalled)      // perhaps not this time, but before a trap that only filled a page
            {
                signalled = false;
                if (kicker.AfterSignal(state.RanSomething) is { } over) return over;
            }
            Prepare();
        }
    }

    /// <summary>Makes the vCPU resume the guest.</summary>
    private void Prepare()
    {
        monitor.Engage();
        state.Prepare();
    }
}
