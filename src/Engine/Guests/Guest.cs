using LguestPS.Breakpoints;
using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Devices;
using LguestPS.Events;
using LguestPS.Guests;
using LguestPS.Hypercalls;
using LguestPS.Inspection;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.Recordings;
using LguestPS.Run;
using LguestPS.Traps;

namespace LguestPS;

/// <summary>A guest, for whoever runs it, steps it or looks at it.</summary>
/// <remarks>
/// A guest advances only while somebody enumerates <see cref="Run"/> or <see cref="Step"/>, and has one such driver at a time.
/// Between two events it stands still and every property is consistent. <see cref="Stop"/>, <see cref="SendConsole(string)"/>
/// and the properties may be used from any thread; after <see cref="Dispose"/> the properties keep their last values.
/// </remarks>
public sealed partial class Guest : IDisposable
{
    private readonly Runner runner;
    private readonly ConsoleTyping typing;
    private readonly Readings readings;

    internal Guest(GuestDefinition definition, Machine machine, Func<string> cpuReason, DeviceSet devices, IDeviceTransport transport)
    {
        Definition = definition;
        Machine = machine;
        Devices = devices;
        Seat = new DriverSeat(machine);
        readings = new Readings(this, cpuReason);
        Stall = new StallReport(this);
        Events = new EventRecorder(machine);
        DeviceHost = new DeviceHost(machine, Events, Seat.Gate);
        Transport = transport;
        transport.Attach(DeviceHost);
        Ring = new HypercallRing(machine.Data);
        Interceptor = new Interceptor(this);
        Executor = new HypercallExecutor(machine, Ring, transport.Operations, Events);
        Hypercalls = new HypercallEditor(this);
        Inspector = new GuestInspector(this);
        Rebooter = new Rebooter(this);
        Loop = new RunLoop(this);
        runner = new Runner(this, Seat, Loop);
        Timeline = new GuestTimeline(this, new TimeTravel(this, Seat, Loop, runner));
        typing = new ConsoleTyping(this);
        machine.Ended = HasJustEnded;
        devices.WakeGuest = Wake;
    }

    /// <summary>The guest's name.</summary>
    public string Name => Definition.Name;

    public GuestDefinition Definition { get; }

    /// <summary>The era of the ABI this guest speaks.</summary>
    public AbiProfile Abi => Machine.Abi;

    /// <summary>The vCPU it runs on: emulated, kvm or scripted.</summary>
    public string CpuName => Cpu.Name;

    /// <summary>Why it runs on that one.</summary>
    public string CpuReason => readings.CpuReason;

    public GuestState State => HasEnded ? GuestState.Ended
        : Driver is not null ? GuestState.Running
        : Standstill == Standstill.NotStarted ? GuestState.Created : GuestState.Paused;

    /// <summary>Where the guest stands, or last stood.</summary>
    public Standstill Standstill => runner.Standstill;

    /// <summary><see cref="Standstill"/> or the ending, in words.</summary>
    public string StateReason => StandstillText.Of(this);

    /// <summary>What is next and where, in a line: a call, a DMA, a trap, an interrupt, or the instruction.</summary>
    public string Location => readings.WhileLive(() => GuestLocation.Of(this)) ?? StateReason;

    /// <summary>How far its run has come.</summary>
    public RunPosition RunPosition => readings.RunPosition;

    /// <summary>Who drives the guest now, or null.</summary>
    public string? Driver => Seat.Driver;

    /// <summary>How the guest ended, or null.</summary>
    public GuestEnding? Ending => Machine.Ending;

    public bool HasEnded => Ending is not null;

    /// <summary>The hypercall that the trap handler has set and the run loop has not yet done; null if there is none.</summary>
    public Hypercall? PendingHypercall => Machine.Pending.Call;

    /// <summary>What runs next of a pending hypercall, once a pending DMA or kick is served: a ring entry, or the direct call itself.</summary>
    public Hypercall? NextCall => readings.WhileLive(() => Executor.Next);

    /// <summary>A DMA that waits for its device, or null.</summary>
    public PendingDma? PendingDma => Machine.Pending.Transfer as PendingDma;

    /// <summary>A NOTIFY that is done, and that the host has not looked at yet; or null.</summary>
    public PendingKick? PendingKick => Machine.Pending.Transfer as PendingKick;

    /// <summary>A trap that the host has not dealt with yet, for which a breakpoint or a step has asked; else null.</summary>
    public PendingTrap? PendingTrap => Machine.Pending.Trap;

    /// <summary>A virtual interrupt (0 to 31) that is about to be delivered, for which a breakpoint or a step has asked; else null.</summary>
    public int? PendingInterrupt => Machine.Pending.Interrupt;

    /// <summary>Changes what the guest asks of its host while it stands still.</summary>
    public HypercallEditor Hypercalls { get; }

    /// <summary>The breakpoints of this guest, in the order they were set.</summary>
    public IReadOnlyList<Breakpoint> Breakpoints => Interceptor.All;

    /// <summary>The breakpoint at which the guest stands, and how it got there; null if it stands elsewhere.</summary>
    public BreakpointHit? BreakpointHit => Standstill == Standstill.Breakpoint ? Interceptor.Stop : null;

    /// <summary>True between HALT and the next interrupt.</summary>
    public bool IsHalted => Machine.IsHalted;

    /// <summary>The names of the kernel's code and data: those of the definition's file of symbols, or an ELF kernel's own; null if there are none. Read when first asked for.</summary>
    /// <exception cref="LguestException">FileUnavailable or InvalidImage: the definition's file of symbols cannot be used.</exception>
    public SymbolTable? Symbols => Machine.Symbols?.Table;

    /// <summary>Takes the guest to other places of its run.</summary>
    public GuestTimeline Timeline { get; }

    /// <summary>Looks into the guest while it stands still, and changes it.</summary>
    public GuestInspector Inspector { get; }

    /// <summary>What was counted in the runs that asked for it (<see cref="RunOptions.CollectSummary"/>), up to now; null if none did.</summary>
    public RunSummary? Summary => runner.Summary;

    /// <summary>The registers between two instructions.</summary>
    public GuestRegisters Registers => readings.Registers;

    /// <summary>Instructions run so far; null on KVM, which cannot count them.</summary>
    public long? InstructionCount => readings.InstructionCount;

    /// <summary>Guest time since it was started.</summary>
    public TimeSpan GuestTime => readings.GuestTime;

    /// <summary>How many events there were so far, wanted or not.</summary>
    public long EventCount => Events.Count;

    /// <summary>How many system calls and page faults KVM has handed to the guest by itself so far; they are in no other count.</summary>
    public long DirectTrapCount => readings.DirectTrapCount;

    /// <summary>How many of the instructions that were run on the emulated CPU ran as machine code made from them; those that were run again to step back count, too.</summary>
    public long CompiledInstructionCount => readings.CompiledInstructionCount;

    /// <summary>The code in which the guest spent its instructions, hottest first, as far as samples tell (<see cref="GuestDefinition.SampleEvery"/>). At any time, also while it runs and after it has ended.</summary>
    /// <exception cref="LguestException">NotRecorded: samples were not asked for when the guest was made.</exception>
    public IReadOnlyList<HotCode> HotCode(HotCodeUnit unit = HotCodeUnit.Function) => HotCodeList.Of(this, unit);

    /// <summary>
    /// In a sentence, the fault that the guest was handed at least ten thousand times in a row and at one place (trap, address, instruction, how often);
    /// null if that has not happened. It is said once as a warning (<see cref="DriveOptions.Warning"/>).
    /// </summary>
    public string? NoProgress => Stall.Text;

    /// <summary>The newest 64 KiB of what the guest has written to its console.</summary>
    public string ConsoleText => Devices.Console?.Output.Scrollback ?? "";

    /// <summary>How often the guest was rebooted in place, by itself or by somebody.</summary>
    public long Reboots => Rebooter.Count;

    /// <summary>The names that the guest's devices have in events, in the order of their slots: console, block0, net0.</summary>
    public IReadOnlyList<string> DeviceNames => Devices.All.Select(device => device.Name).ToArray();

    /// <summary>The guest's disks in the order of their slots, as they are now.</summary>
    public IReadOnlyList<GuestDisk> Disks => Devices.Disks.Select(disk => disk.State).ToArray();

    /// <summary>The guest's network cards in the order of their slots, as they are now.</summary>
    public IReadOnlyList<GuestNetwork> Networks => Devices.Networks.Select(card => card.State).ToArray();

    internal Rebooter Rebooter { get; }
    internal ProgressWatch Progress { get; } = new();
    internal StallReport Stall { get; }
    internal Machine Machine { get; }
    internal DriverSeat Seat { get; }
    internal DeviceSet Devices { get; }
    internal IDeviceTransport Transport { get; }
    internal DeviceHost DeviceHost { get; }
    internal EventRecorder Events { get; }
    internal HypercallRing Ring { get; }
    internal Interceptor Interceptor { get; }
    internal RunLoop Loop { get; }
    internal HypercallExecutor Executor { get; set; }
    internal Recording? Recording { get; private set; }

    internal GuestMemory Memory => Machine.Memory;
    internal GuestClock Clock => Machine.Clock;
    internal VirtualCpu Cpu => Machine.Cpu;
    internal GuestData Data => Machine.Data;

    /// <summary>Loads a guest's images into fresh memory and leaves it ready to run its first instruction.</summary>
    /// <exception cref="LguestException">InvalidDefinition, FileUnavailable, InvalidImage or NotSupported; nothing stays open then.</exception>
    public static Guest Create(GuestDefinition definition) => Boot.GuestBuilder.Build(definition);

    /// <summary>What <see cref="Create"/> would load where, without making a guest.</summary>
    /// <exception cref="LguestException">As for <see cref="Create"/>.</exception>
    public static LoadPlan Plan(GuestDefinition definition) => Boot.GuestBuilder.Plan(definition);

    /// <summary>Runs the guest and gives its events as they occur; the guest advances only as they are taken.</summary>
    /// <returns>Ends when the guest ends, pauses (see <see cref="Standstill"/>) or is stopped.</returns>
    /// <exception cref="LguestException">On the first event: GuestBusy or GuestEnded.</exception>
    public IEnumerable<LguestEvent> Run(RunOptions options, CancellationToken stop = default) =>
        runner.Drive(options, () => RunGoal.ToRun(options, this, stop), options.CollectSummary, stop);

    /// <summary>Moves the guest to its next standstill, as the options say, and gives what happened on the way.</summary>
    /// <exception cref="LguestException">On the first event: GuestBusy or GuestEnded.</exception>
    public IEnumerable<LguestEvent> Step(StepOptions options, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1);
        if (options.Unit is StepUnit.Over or StepUnit.Out or StepUnit.Address) Interceptor.CheckCanWatch();
        return runner.Drive(options, () => RunGoal.ToStep(options, this, stop), summary: false, stop);
    }

    /// <summary>Sets a breakpoint; a guest that is running heeds it within a few milliseconds.</summary>
    /// <param name="target">Where.</param>
    /// <param name="condition">Asked at each hit, on the thread that drives the guest; if it is false, the hit does not count. Null for always.</param>
    /// <param name="action">Done at each hit, on that thread, in place of stopping. Null to stop.</param>
    /// <param name="enabled">Whether the guest heeds it from now on.</param>
    /// <exception cref="LguestException">NotSupported: the guest's CPU cannot watch addresses.</exception>
    public Breakpoint AddBreakpoint(BreakpointTarget target, Func<BreakpointHit, bool>? condition = null, Action<BreakpointHit>? action = null, bool enabled = true)
    {
        if (target.Ranges.Any()) Interceptor.CheckCanWatch();
        Breakpoint breakpoint = Interceptor.Add(target, condition, action, enabled);
        Wake();
        return breakpoint;
    }

    /// <summary>Takes a breakpoint away.</summary>
    /// <returns>False if this guest does not have it.</returns>
    public bool RemoveBreakpoint(Breakpoint breakpoint) => Interceptor.Remove(breakpoint);

    /// <summary>Ends the guest; if it is being driven, as soon as its driver sees it (at most a few milliseconds).</summary>
    /// <param name="warning">Receives, in a sentence, what goes wrong on the host's side as the guest ends; of a guest that is being driven, its driver does (<see cref="DriveOptions.Warning"/>).</param>
    public void Stop(Action<string>? warning = null)
    {
        if (runner.Stop(warning)) Wake();
    }

    /// <summary>Boots the guest again in place, as its reset button would, even if it has ended; if it is being driven, as soon as its driver sees it.</summary>
    /// <param name="by">Who does it, for the event.</param>
    /// <exception cref="LguestException">GuestEnded if it was removed; NotSupported: it has ended, and has left a shared network.</exception>
    public void Reboot(string by) => runner.Reboot(by);

    /// <summary>Types bytes into the guest's console. They wait until the guest takes them.</summary>
    /// <exception cref="LguestException">GuestEnded; NotSupported if the guest has no console; ConsoleFull, and then nothing was typed.</exception>
    public void SendConsole(ReadOnlySpan<byte> bytes) => typing.TypeAll(bytes);

    /// <inheritdoc cref="SendConsole(ReadOnlySpan{byte})"/>
    public void SendConsole(string text) => typing.TypeAll(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>As <see cref="SendConsole(ReadOnlySpan{byte})"/>, if there is room for all of it.</summary>
    /// <returns>False if too much waits already; then nothing was typed.</returns>
    /// <exception cref="LguestException">GuestEnded; NotSupported if the guest has no console.</exception>
    public bool TrySendConsole(ReadOnlySpan<byte> bytes) => typing.TryType(bytes);

    /// <summary>Types bytes no faster than the guest takes them: waits while 64 KiB or more are unread. Somebody must drive the guest meanwhile.</summary>
    /// <returns>Bytes typed: all of them unless <paramref name="stop"/> came first.</returns>
    /// <exception cref="LguestException">GuestEnded, perhaps in the middle; NotSupported if the guest has no console.</exception>
    public int SendConsole(ReadOnlySpan<byte> bytes, CancellationToken stop) => typing.Type(bytes, stop);

    /// <summary>Follows the console's output from here on, or from the start.</summary>
    /// <exception cref="LguestException">NotSupported: the guest has no console.</exception>
    public ConsoleReader ReadConsole(bool fromStart) => typing.Read(fromStart);

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

    /// <summary>Ends the guest and frees its memory and files; if it is being driven, as soon as its driver lets go.</summary>
    /// <inheritdoc cref="Stop"/>
    public void Remove(Action<string>? warning)
    {
        if (runner.Remove(warning)) Wake();
    }

    /// <summary>As <see cref="Remove"/>, with its warnings dropped.</summary>
    public void Dispose() => Remove(warning: null);

    public override string ToString() => $"{Name} ({State})";

    /// <inheritdoc cref="Runner.Intervene"/>
    internal void Intervene(InterventionOperation operation, string by, Func<Intervention> change, Action? then = null) => runner.Intervene(operation, by, change, then);

    /// <summary>The guest stands elsewhere now than its driver left it.</summary>
    internal void StandsElsewhere() => runner.StandsElsewhere();

    internal void Wake()
    {
        lock (Seat.Gate)
        {
            if (!readings.AreLive) return;
            Cpu.Kick();
            Clock.Wake();
        }
    }

    /// <summary>Frees everything; the seat's gate is held and the guest is not being driven.</summary>
    internal void Release()
    {
        Machine.End(EndingKind.Stopped, "removed");
        Devices.Sync(DeviceHost.Warn);
        readings.Keep();
        Seat.IsGone = true;
        Devices.Dispose();
        Cpu.Dispose();
        Clock.Dispose();
        Memory.Dispose();
    }

    private void HasJustEnded()
    {
        Devices.Unplug();
        runner.Standstill = Standstill.Ended;
        Devices.Console?.Close();
        Devices.Sync(DeviceHost.Warn);
    }

}
