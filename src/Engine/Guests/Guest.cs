using LguestPS.Boot;
using LguestPS.Breakpoints;
using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Devices;
using LguestPS.Dma;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Guests;
using LguestPS.Hypercalls;
using LguestPS.Memory;
using LguestPS.Segments;
using LguestPS.Symbols;
using LguestPS.Traps;

namespace LguestPS;

/// <summary>A guest: its memory, its vCPU and everything the host knows about it (what the original called struct lguest).</summary>
/// <remarks>
/// A guest advances only while somebody enumerates <see cref="Run"/> or <see cref="Step"/>, and has one such driver at a time.
/// Between two events it stands still and every property is consistent. <see cref="Stop"/>, <see cref="SendConsole(string)"/>
/// and the properties may be used from any thread; after <see cref="Dispose"/> the properties keep their last values.
/// </remarks>
public sealed partial class Guest : IDisposable
{
    private readonly Lock gate = new();
    private readonly RunLoop loop;
    private GuestRegisters lastRegisters;
    private long? lastInstructionCount;
    private TimeSpan lastTime;
    private long lastDirectTraps;
    private RunMeter? collected;
    private GuestInspector? inspector;
    private string? driver;
    private int driverThread;
    private bool isTurning;
    private bool disposeWanted;
    private bool disposed;

    internal Guest(GuestDefinition definition, AbiProfile abi, GuestMemory memory, GuestClock clock, VirtualCpu cpu, string cpuReason, DeviceBus devices)
    {
        Definition = definition;
        Abi = abi;
        Memory = memory;
        Clock = clock;
        Cpu = cpu;
        CpuReason = cpuReason;
        Devices = devices;
        Data = new GuestData(memory, abi.Data ?? throw new ArgumentException("this profile cannot be run", nameof(abi)));
        Events = new EventRecorder(this);
        Descriptors = new DescriptorTable(cpu.LoadDescriptors);
        Gates = new GateTable(cpu);
        Bindings = new DmaBindings(memory);
        Ring = new HypercallRing(Data);
        Interrupts = new InterruptController(this);
        Interceptor = new Interceptor(this);
        Executor = new HypercallExecutor(this);
        Hypercalls = new HypercallEditor(this);
        loop = new RunLoop(this);
        devices.WakeGuest = Wake;
    }

    /// <summary>The guest's name.</summary>
    public string Name => Definition.Name;

    public GuestDefinition Definition { get; }

    /// <summary>The era of the ABI this guest speaks.</summary>
    public AbiProfile Abi { get; }

    /// <summary>The vCPU it runs on: emulated, kvm or scripted.</summary>
    public string CpuName => Cpu.Name;

    /// <summary>Why it runs on that one.</summary>
    public string CpuReason { get; }

    public GuestState State => HasEnded ? GuestState.Ended
        : driver is not null ? GuestState.Running
        : Standstill == Standstill.NotStarted ? GuestState.Created : GuestState.Paused;

    /// <summary>Where the guest stands, or last stood.</summary>
    public Standstill Standstill { get; private set; } = Standstill.NotStarted;

    /// <summary><see cref="Standstill"/> or the ending, in words.</summary>
    public string StateReason => Ending?.Reason ?? Standstill switch
    {
        Standstill.NotStarted => "not started",
        Standstill.Hypercall => $"before hypercall {PendingHypercall?.Name}",
        Standstill.RingEntry => $"in the ring, before {NextCall?.Name}; {PendingHypercall?.Name} stays pending",
        Standstill.Dma => $"before DMA to {PendingDma?.Device ?? "no device"}",
        Standstill.Instruction => $"before the instruction at 0x{Registers.Eip:x8}",
        Standstill.Breakpoint => $"{BreakpointHit}",
        Standstill.Trap => $"before trap {PendingTrap}",
        Standstill.Interrupt => $"before irq {PendingInterrupt}",
        Standstill.Event => "its events wait to be taken",
        Standstill.StopRequested => "stopped on request",
        Standstill.WaitingForInput => "waiting for input",
        Standstill.TimeLimit => "the time limit was reached",
        Standstill.InstructionLimit => "the instruction limit was reached",
        Standstill.EndOfRecording => "the recording is over",
        _ => "",
    };

    /// <summary>What is next and where, in a line: a call, a DMA, a trap, an interrupt, or the instruction.</summary>
    public string Position
    {
        get
        {
            lock (gate) return disposed ? StateReason : GuestPosition.Of(this);
        }
    }

    /// <summary>Who drives the guest now, or null.</summary>
    public string? Driver => driver;

    /// <summary>How the guest ended, or null.</summary>
    public GuestEnding? Ending { get; private set; }

    public bool HasEnded => Ending is not null;

    /// <summary>The hypercall that the trap handler has set and the run loop has not yet done; null if there is none.</summary>
    public Hypercall? PendingHypercall { get; internal set; }

    /// <summary>What runs next of a pending hypercall, once a pending DMA is served: a ring entry, or the direct call itself.</summary>
    public Hypercall? NextCall
    {
        get
        {
            lock (gate)
            {
                if (disposed || PendingHypercall is null) return null;
                return Data.IsInitialised && Ring.Peek(Abi, PendingHypercall) is { } entry ? entry : PendingHypercall;
            }
        }
    }

    /// <summary>A DMA that waits for its device, or null.</summary>
    public PendingDma? PendingDma { get; internal set; }

    /// <summary>A trap that the host has not dealt with yet, for which a breakpoint or a step has asked; else null.</summary>
    public PendingTrap? PendingTrap { get; internal set; }

    /// <summary>A virtual interrupt (0 to 31) that is about to be delivered, for which a breakpoint or a step has asked; else null.</summary>
    public int? PendingInterrupt { get; internal set; }

    /// <summary>Changes what the guest asks of its host while it stands still.</summary>
    public HypercallEditor Hypercalls { get; }

    /// <summary>The breakpoints of this guest, in the order they were set.</summary>
    public IReadOnlyList<Breakpoint> Breakpoints => Interceptor.All;

    /// <summary>The breakpoint at which the guest stands, and how it got there; null if it stands elsewhere.</summary>
    public BreakpointHit? BreakpointHit => Standstill == Standstill.Breakpoint ? Interceptor.Stop : null;

    /// <summary>True between HALT and the next interrupt.</summary>
    public bool IsHalted { get; internal set; }

    /// <summary>The names of the kernel's code and data: those of the definition's file of symbols, or an ELF kernel's own; null if there are none. Read when first asked for.</summary>
    /// <exception cref="LguestException">FileUnavailable or InvalidImage: the definition's file of symbols cannot be used.</exception>
    public SymbolTable? Symbols => SymbolSource?.Table;

    /// <summary>Looks into the guest while it stands still, and changes it.</summary>
    public GuestInspector Inspector => inspector ??= new GuestInspector(this);

    /// <summary>What was counted in the runs that asked for it (<see cref="RunOptions.CollectSummary"/>), up to now; null if none did.</summary>
    public RunSummary? Summary => collected?.Summarise();

    /// <summary>The registers between two instructions.</summary>
    public GuestRegisters Registers
    {
        get
        {
            lock (gate) return disposed ? lastRegisters : Cpu.Registers;
        }
    }

    /// <summary>Instructions run so far; null on KVM, which cannot count them.</summary>
    public long? InstructionCount
    {
        get
        {
            lock (gate) return disposed ? lastInstructionCount : CountInstructions();
        }
    }

    /// <summary>Guest time since it was started.</summary>
    public TimeSpan GuestTime
    {
        get
        {
            lock (gate) return disposed ? lastTime : Clock.Elapsed;
        }
    }

    /// <summary>How many events there were so far, wanted or not.</summary>
    public long EventCount => Events.Count;

    /// <summary>How many system calls and page faults KVM has handed to the guest by itself so far; they are in no other count.</summary>
    public long DirectTrapCount
    {
        get
        {
            lock (gate) return disposed ? lastDirectTraps : CountDirectTraps();
        }
    }

    /// <summary>The newest 64 KiB of what the guest has written to its console.</summary>
    public string ConsoleText => Devices.Console?.Output.Scrollback ?? "";

    /// <summary>Receives console output as it is made, on the thread that drives the guest.</summary>
    public Action<ReadOnlyMemory<byte>>? ConsoleOutput { get; set; }

    /// <summary>Receives, in a sentence, what goes wrong on the host's side while the guest runs, such as a full file system; on the thread that drives or ends the guest.</summary>
    public Action<string>? Warning { get; set; }

    /// <summary>The guest's disks in the order of their slots, as they are now.</summary>
    public IReadOnlyList<GuestDisk> Disks => Devices.Disks.Select(disk => disk.State).ToArray();

    /// <summary>The guest's network cards in the order of their slots, as they are now.</summary>
    public IReadOnlyList<GuestNetwork> Networks => Devices.Networks.Select(card => card.State).ToArray();

    internal GuestMemory Memory { get; }
    internal GuestClock Clock { get; }
    internal VirtualCpu Cpu { get; }
    internal DeviceBus Devices { get; }
    internal GuestData Data { get; }
    internal EventRecorder Events { get; }
    internal DescriptorTable Descriptors { get; }
    internal GateTable Gates { get; }
    internal DmaBindings Bindings { get; }
    internal HypercallRing Ring { get; }
    internal InterruptController Interrupts { get; }
    internal Interceptor Interceptor { get; }
    internal HypercallExecutor Executor { get; set; }
    internal KernelStack Stack { get; set; }

    internal GuestSymbols? SymbolSource { get; init; }

    /// <summary>Counts what happens while a run wants a summary, else null.</summary>
    internal RunMeter? Meter { get; private set; }

    /// <summary>First linear address of the kernel's mapping of all memory.</summary>
    internal uint PageOffset { get; init; }

    /// <summary>Guest-physical address of the current page directory.</summary>
    internal uint PageDirectory { get; private set; }

    /// <summary>What a guest of v2.6.23 is told to tell it apart from others (ABI §2).</summary>
    internal ushort Id { get; set; }

    /// <summary>Whether the guest asked (hypercall TS) for trap 7 on its next FPU instruction.</summary>
    internal bool WantsFpuTrap { get; set; }

    /// <summary>Loads a guest's images into fresh memory and leaves it ready to run its first instruction.</summary>
    /// <exception cref="LguestException">InvalidDefinition, FileUnavailable, InvalidImage or NotSupported; nothing stays open then.</exception>
    public static Guest Create(GuestDefinition definition) => GuestBuilder.Build(definition);

    /// <summary>What <see cref="Create"/> would load where, without making a guest.</summary>
    /// <exception cref="LguestException">As for <see cref="Create"/>.</exception>
    public static LoadPlan Plan(GuestDefinition definition) => GuestBuilder.Plan(definition);

    /// <summary>Runs the guest and gives its events as they occur; the guest advances only as they are taken.</summary>
    /// <returns>Ends when the guest ends, pauses (see <see cref="Standstill"/>) or is stopped.</returns>
    /// <exception cref="LguestException">On the first event: GuestBusy or GuestEnded.</exception>
    public IEnumerable<LguestEvent> Run(RunOptions options, CancellationToken stop = default) =>
        Drive(options.Driver, options.Filter, () => RunGoal.ToRun(options, this, stop), options.CollectSummary, stop);

    /// <summary>Moves the guest to its next standstill, as the options say, and gives what happened on the way.</summary>
    /// <exception cref="LguestException">On the first event: GuestBusy or GuestEnded.</exception>
    public IEnumerable<LguestEvent> Step(StepOptions options, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1);
        if (options.Unit is StepUnit.Over or StepUnit.Out or StepUnit.Address) CheckCanWatch();
        return Drive(options.Driver, options.Filter, () => RunGoal.ToStep(options, this, stop), summary: false, stop);
    }

    /// <summary>Sets a breakpoint; a guest that is running heeds it within a few milliseconds.</summary>
    /// <param name="target">Where.</param>
    /// <param name="condition">Asked at each hit, on the thread that drives the guest; on false it was none. Null for always.</param>
    /// <param name="action">Done at each hit, on that thread, in place of stopping. Null to stop.</param>
    /// <param name="enabled">Whether the guest heeds it from now on.</param>
    /// <exception cref="LguestException">NotSupported: the guest's CPU cannot watch addresses.</exception>
    public Breakpoint AddBreakpoint(BreakpointTarget target, Func<BreakpointHit, bool>? condition = null, Action<BreakpointHit>? action = null, bool enabled = true)
    {
        if (target.Ranges.Any()) CheckCanWatch();
        Breakpoint breakpoint = Interceptor.Add(target, condition, action, enabled);
        Wake();
        return breakpoint;
    }

    /// <summary>Takes a breakpoint away.</summary>
    /// <returns>False if this guest does not have it.</returns>
    public bool RemoveBreakpoint(Breakpoint breakpoint) => Interceptor.Remove(breakpoint);

    /// <summary>Ends the guest; if it is being driven, as soon as its driver sees it (at most a few milliseconds).</summary>
    public void Stop()
    {
        lock (gate)
        {
            if (HasEnded) return;
            if (driver is null) End(EndingKind.Stopped, "stopped");
            else loop.StopWanted = true;
        }
        Wake();
    }

    /// <summary>Types bytes into the guest's console. They wait until the guest takes them.</summary>
    /// <exception cref="LguestException">GuestEnded; NotSupported if the guest has no console; ConsoleFull, and then nothing was typed.</exception>
    public void SendConsole(ReadOnlySpan<byte> bytes)
    {
        if (!TrySendConsole(bytes))
            throw new LguestException(LguestError.ConsoleFull, $"Guest '{Name}' has too much unread console input; at most {ConsoleInput.MostWaiting} bytes can wait. Nothing of this was typed; let the guest run until it has read them.");
    }

    /// <summary>As <see cref="SendConsole(ReadOnlySpan{byte})"/>, if there is room for all of it.</summary>
    /// <returns>False if too much waits already; then nothing was typed.</returns>
    /// <exception cref="LguestException">GuestEnded; NotSupported if the guest has no console.</exception>
    public bool TrySendConsole(ReadOnlySpan<byte> bytes)
    {
        if (!ConsoleToTypeInto().Input.TryEnter(bytes)) return false;
        Wake();
        return true;
    }

    /// <summary>Types bytes no faster than the guest takes them: waits while 64 KiB or more are unread. Somebody must drive the guest meanwhile.</summary>
    /// <returns>Bytes typed: all of them unless <paramref name="stop"/> came first.</returns>
    /// <exception cref="LguestException">GuestEnded, perhaps in the middle; NotSupported if the guest has no console.</exception>
    public int SendConsole(ReadOnlySpan<byte> bytes, CancellationToken stop)
    {
        int typed = 0;
        while (typed < bytes.Length && !stop.IsCancellationRequested)
        {
            typed += ConsoleToTypeInto().Input.EnterSome(bytes[typed..], stop);
            Wake();
        }
        return typed;
    }

    /// <inheritdoc cref="SendConsole(ReadOnlySpan{byte})"/>
    public void SendConsole(string text) => SendConsole(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Puts everything the guest has written to its disks where it survives a crash of this machine (fsync).</summary>
    /// <remarks>
    /// Without this, an acknowledged write survives the death of this process but not that of the machine;
    /// it is done by itself when the guest ends or is removed. Writes that a snapshot keeps in memory are not kept at all.
    /// </remarks>
    /// <exception cref="LguestException">DiskFailure: that is not certain; says which disk and why.</exception>
    public void SyncDisks()
    {
        string[] problems = [.. Devices.Disks.Select(disk => disk.Sync()).OfType<string>()];
        if (problems.Length > 0) throw new LguestException(LguestError.DiskFailure, $"Guest '{Name}': {string.Join("; ", problems)}");
    }

    /// <summary>Follows the console's output from here on, or from the start.</summary>
    /// <exception cref="LguestException">NotSupported: the guest has no console.</exception>
    public ConsoleReader ReadConsole(bool fromStart)
    {
        ConsoleTranscript output = (Devices.Console ?? throw NoConsole()).Output;
        return new ConsoleReader(output, fromStart ? 0 : output.Written);
    }

    /// <summary>Frees memory and files; while somebody drives the guest, as soon as they let go.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            disposeWanted = true;
            if (driver is not null)
            {
                loop.StopWanted = true;
            }
            else
            {
                Release();
                return;
            }
        }
        Wake();
    }

    public override string ToString() => $"{Name} ({State})";

    /// <summary>Looks at the guest while it stands still. Whoever drives it may, between two events; others only when nobody does.</summary>
    /// <exception cref="LguestException">GuestBusy, or GuestEnded if its memory is gone.</exception>
    internal T Look<T>(Func<T> look)
    {
        lock (gate)
        {
            CheckIsAtHand();
            return look();
        }
    }

    /// <summary>Changes the guest while it stands still, and puts the change into its stream of events: while nobody drives it, or in the action of a breakpoint.</summary>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; and what <paramref name="change"/> throws, which then has changed nothing.</exception>
    internal void Intervene(InterventionOperation operation, string by, Func<InterventionChange[]> change) =>
        Intervene(operation, by, () => new Intervention(Call: null, Result: null, change()));

    /// <inheritdoc cref="Intervene(InterventionOperation, string, Func{InterventionChange[]})"/>
    internal void Intervene(InterventionOperation operation, string by, Func<Intervention> change)
    {
        lock (gate)
        {
            if (Interceptor.IsDeciding && !HasEnded) CheckIsAtHand();
            else CheckIsFree();
            uint eip = Cpu.Registers.Eip;
            if (Recording is { } recording) recording.Intervene(Do);
            else Do();

            void Do() => Events.Intervened(operation, by, eip, change());
        }
    }

    /// <summary>The guest stands elsewhere now than its driver left it.</summary>
    internal void StandsElsewhere()
    {
        if (!HasEnded && driver is null) Standstill = loop.WhereItStands();
    }

    /// <summary>Ends the guest. The first ending counts.</summary>
    internal void End(EndingKind kind, string reason)
    {
        if (HasEnded) return;
        Ending = new GuestEnding(kind, reason);
        Devices.Unplug();
        Standstill = Standstill.Ended;
        Devices.Console?.Close();
        SyncOnEnd();
    }

    internal void Warn(string what) => Warning?.Invoke(what);

    internal void SetPageDirectory(uint directory)
    {
        PageDirectory = directory;
        Cpu.SetAddressSpace(directory);
    }

    /// <summary>The guest-physical address behind one of the kernel's linear addresses, as its own page tables have it.</summary>
    /// <exception cref="GuestKilledException">The page is not mapped so; the reason is <paramref name="why"/> and the address.</exception>
    internal uint KernelAddress(uint linear, PageAccess access, string why)
    {
        Translation translation = PageWalker.Walk(Memory, PageDirectory, linear, access);
        if (translation.Bad is { } bad) throw new GuestKilledException(bad);
        return translation.Ok ? translation.Physical : throw new GuestKilledException($"{why} 0x{linear:x8}");
    }

    internal void CheckCanWatch()
    {
        if (!Cpu.CanWatch)
            throw new LguestException(LguestError.NotSupported, $"Guest '{Name}' runs on the {Cpu.Name} CPU, which cannot watch addresses.");
    }

    private long CountDirectTraps() => DirectTraps.Vectors.Sum(Cpu.CountDirectTraps);

    private long? CountInstructions() => Cpu.CountsInstructions ? Cpu.InstructionCount : null;

    private void Wake()
    {
        lock (gate)
        {
            if (disposed) return;
            Cpu.Kick();
            Clock.Wake();
        }
    }

    private IEnumerable<LguestEvent> Drive(string who, EventFilter filter, Func<RunGoal> makeGoal, bool summary, CancellationToken stop)
    {
        TakeSeat(who);
        try
        {
            using CancellationTokenRegistration wake = stop.Register(Wake);
            Events.Filter = filter;
            Meter = summary ? collected ??= new RunMeter(this) : null;
            RunGoal goal = makeGoal();
            bool goesOn;
            do
            {
                Meter?.Resume();
                isTurning = true;
                Standstill stood = loop.Run(goal);
                isTurning = false;
                Meter?.Pause();
                if (HasEnded) Events.AnnounceEnd(Ending!);
                else Standstill = stood;
                goesOn = stood == Standstill.Event || (stood == Standstill.Breakpoint && (!Interceptor.Decide() || goal.PassesBreakpoint()));
                while (Events.TryTake(out LguestEvent? happened)) yield return happened;
            }
            while (goesOn);
        }
        finally
        {
            LeaveSeat();
        }
    }

    private void TakeSeat(string who)
    {
        lock (gate)
        {
            CheckIsFree();
            driver = who;
            driverThread = Environment.CurrentManagedThreadId;
            Clock.Start();
        }
    }

    private void CheckIsFree()
    {
        if (Ending is { } ending) throw new LguestException(LguestError.GuestEnded, $"Guest '{Name}' has ended: {ending.Reason}. Create it anew to run it again.");
        CheckIsHere();
        if (driver is not null) throw Busy();
    }

    private void CheckIsHere()
    {
        if (disposed || disposeWanted) throw new LguestException(LguestError.GuestEnded, $"Guest '{Name}' has been removed.");
    }

    /// <summary>Whoever drives the guest has it at hand between two events; others only while nobody does.</summary>
    private void CheckIsAtHand()
    {
        CheckIsHere();
        if (driver is not null && (isTurning || driverThread != Environment.CurrentManagedThreadId)) throw Busy();
    }

    private LguestException Busy() => new(LguestError.GuestBusy, $"Guest '{Name}' is being run by {driver}; stop it or wait for it first.");

    private void LeaveSeat()
    {
        lock (gate)
        {
            driver = null;
            isTurning = false;
            Recording?.Reach();
            if (loop.StopWanted) End(EndingKind.Stopped, "stopped");
            // An early leaver may have left it anywhere; say where.
            if (Standstill == Standstill.Event || (Standstill == Standstill.Breakpoint && Interceptor.Stop is null)) Standstill = loop.WhereItStands();
            if (disposeWanted) Release();
        }
    }

    private ConsoleDevice ConsoleToTypeInto()
    {
        if (Ending is { } ending) throw new LguestException(LguestError.GuestEnded, $"Guest '{Name}' has ended: {ending.Reason}.");
        return Devices.Console ?? throw NoConsole();
    }

    private LguestException NoConsole() => new(LguestError.NotSupported, $"Guest '{Name}' has no console; add 'console' to its devices.");

    private void SyncOnEnd()
    {
        foreach (BlockDevice disk in Devices.Disks)
            if (disk.Sync() is { } problem) Warn(problem);
    }

    private void Release()
    {
        End(EndingKind.Stopped, "removed");
        SyncOnEnd();
        lastRegisters = Cpu.Registers;
        lastInstructionCount = CountInstructions();
        lastTime = Clock.Elapsed;
        lastDirectTraps = CountDirectTraps();
        disposed = true;
        Devices.Dispose();
        Cpu.Dispose();
        Clock.Dispose();
        Memory.Dispose();
    }
}
