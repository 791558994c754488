using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LguestPS.Cpu;
using LguestPS.Machines;
using LguestPS.State;

namespace LguestPS.Events;

/// <summary>Turns what happens into events, for as long as somebody wants them; counts everything.</summary>
/// <remarks>The filter is asked before anything is allocated, so an event that is not wanted costs a few nanoseconds.</remarks>
internal sealed class EventRecorder(Machine machine)
{
    private const int MostUntaken = 1 << 16;

    private readonly Queue<LguestEvent> happened = new();
    private EventFilter filter = EventFilter.Everything;
    private Action? servedInside;
    private readonly WallClock wallClock = new();
    private readonly EventOrigin origin = EventOrigin.Of(machine);

    /// <summary>When the host began with what the next event is about, by the clock that <see cref="Stopwatch"/> reads; or one of the two below.</summary>
    private long begun;

    private const long Unknown = 0;

    /// <summary>It begins when the host next does something that an event may come of. The clock is read only then: that takes as long as all else of an event.</summary>
    private const long NotYet = -1;

    public long Count { get; private set; }

    /// <summary>Whether the event of the guest's end has been made.</summary>
    public bool IsEndAnnounced { get; set; }

    /// <summary>Counts while a run wants a summary, else null.</summary>
    public IEventMeter? Meter { get; set; }

    /// <summary>What the run is recorded on, or null.</summary>
    public ITape? Tape { get; set; }

    /// <summary>What the host does from here on is for the next event: the vCPU came out.</summary>
    public void Begin() => begun = MakesAny ? Stopwatch.GetTimestamp() : NotYet;

    /// <summary>The guest is taken up again: what the host did since the last event is not for the next. Mostly the vCPU goes on at once.</summary>
    public void TakeUp() => begun = NotYet;

    /// <summary>The host has something to do.</summary>
    public void Resume()
    {
        if (begun == NotYet) Begin();
    }

    /// <summary>The host is about to do a hypercall.</summary>
    public void Resume(uint call)
    {
        if (begun == NotYet && (filter.WantsHypercall(call) || IsRecorded)) begun = Stopwatch.GetTimestamp();
    }

    /// <summary><see cref="Count"/> without the announcement of the end, which is not the guest's doing.</summary>
    public long Happened => IsEndAnnounced ? Count - 1 : Count;

    /// <summary>True while an event waits to be taken.</summary>
    public bool Any => happened.Count != 0;

    /// <summary>Events that wait to be taken, in order.</summary>
    public IEnumerable<LguestEvent> Untaken => happened;

    /// <summary>What is wanted from now on. Of events the last driver left untaken, only those wanted now remain.</summary>
    public EventFilter Filter
    {
        set
        {
            filter = value;
            SiftBehind(sequence: 0);
        }
    }

    /// <summary>Forgets events up to one, which were taken, and those that are not wanted now.</summary>
    public void SiftBehind(long sequence)
    {
        for (int left = happened.Count; left > 0; left--)
        {
            LguestEvent untaken = happened.Dequeue();
            if (untaken.Sequence > sequence && filter.Wants(untaken)) happened.Enqueue(untaken);
        }
    }

    public bool TryTake([NotNullWhen(true)] out LguestEvent? next) => happened.TryDequeue(out next);

    public void Done(Hypercall call, uint? result)
    {
        Count++;
        Meter?.Done(call);
        bool wanted = filter.WantsHypercall(call.Number);
        if (wanted || IsRecorded)
        {
            Add(wanted, new HypercallEvent
            {
                Header = Header(), Call = call, Result = result, PointedAt = call.Definition?.CopyPointedAt(machine.Memory, call),
            });
        }
        if (servedInside is not { } sent) return;
        servedInside = null;
        sent();
    }

    /// <summary>Whether a DMA of this device would be recorded: asked first, because its data has to be copied while it is served.</summary>
    public bool WantsDma(string? device)
    {
        Resume();
        return WantsDmaOf(device) || IsRecorded;
    }

    private bool WantsDmaOf(string? device) => Wants(EventKinds.Dma) && filter.WantsDevice(device);

    private bool Wants(EventKinds kind) => filter.Wants(kind);

    public void Served(DmaDirection direction, uint key, uint address, string? device, DmaSection[]? sections, uint? usedLength)
    {
        Count++;
        Meter?.Served(device);
        if (sections is null) return;
        Add(WantsDmaOf(device), new DmaEvent
        {
            Header = Header(), Direction = direction, Key = key, Address = address, Device = device, Sections = sections, UsedLength = usedLength,
        });
    }

    /// <summary>Records a DMA to another guest, which a hypercall serves itself: its event comes after the hypercall's, as that of any other DMA.</summary>
    public void ServedInside(uint key, uint address, string device, DmaSection[]? sections, uint? usedLength) =>
        servedInside = () => Served(DmaDirection.Send, key, address, device, sections, usedLength);

    /// <summary>Whether what a device does with the buffers of a virtqueue would be recorded: asked first, because the bytes have to be copied meanwhile.</summary>
    public bool WantsVirtqueue(string device, int queue)
    {
        Resume();
        return filter.WantsQueue(EventKinds.Virtqueue, device, queue) || IsRecorded;
    }

    /// <summary>A kick was looked at, and its device is about to do something.</summary>
    /// <param name="kick">It.</param>
    /// <param name="status">For a change of a status, what it is now; else null.</param>
    /// <param name="text">For early console text, that; else null.</param>
    public void Kicked(PendingKick kick, byte? status = null, byte[]? text = null)
    {
        Count++;
        Meter?.Kicked(kick.Device);
        bool wanted = filter.WantsQueue(EventKinds.Kick, kick.Device, kick.Queue);
        if (!wanted && !IsRecorded) return;
        Add(wanted, new KickEvent
        {
            Header = Header(), Purpose = kick.Purpose, Address = kick.Address, Device = kick.Device, Queue = kick.Queue, Status = status, Data = text,
        });
    }

    /// <summary>A device took a chain from the available ring.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="queue">Which of its virtqueues, from 0.</param>
    /// <param name="head">The first descriptor of the chain.</param>
    /// <param name="descriptors">The chain, with what is there to read; null unless it is wanted (<see cref="WantsVirtqueue"/>).</param>
    public void ChainTaken(string device, int queue, int head, VirtqueueDescriptor[]? descriptors)
    {
        Count++;
        if (descriptors is not null) AddVirtqueue(VirtqueueOperation.Taken, device, queue, head, usedLength: null, descriptors);
    }

    /// <summary>A device gave a buffer back in the used ring.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="queue">Which of its virtqueues, from 0.</param>
    /// <param name="head">The first descriptor of the chain.</param>
    /// <param name="usedLength">Bytes that the device has written.</param>
    /// <param name="descriptors">The chain, with what the device has written; null unless it is wanted.</param>
    public void BufferReturned(string device, int queue, int head, uint usedLength, VirtqueueDescriptor[]? descriptors)
    {
        Count++;
        Meter?.Returned(device);
        if (descriptors is not null) AddVirtqueue(VirtqueueOperation.Returned, device, queue, head, usedLength, descriptors);
    }

    /// <param name="exit">The vCPU's.</param>
    /// <param name="eip">Where it was.</param>
    /// <param name="privilegeLevel">From which ring.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="access">What was done with a device or a port; need not be known unless such events are made (<see cref="Makes"/>).</param>
    public void Trapped(in CpuExit exit, uint eip, int privilegeLevel, TrapOutcome outcome, RegisterAccess? access = null)
    {
        Count++;
        Meter?.Trapped(exit.Vector, outcome);
        if (!Makes(EventKinds.Trap)) return;
        Add(filter.WantsTrap(access?.Device), new TrapEvent
        {
            Header = Header(), Vector = exit.Vector,
            ErrorCode = Vector.HasErrorCode(exit.Vector) ? exit.ErrorCode : null,
            Address = exit.Vector == Vector.PageFault ? exit.FaultAddress : null,
            Eip = eip, PrivilegeLevel = privilegeLevel, Outcome = outcome, Accessed = access,
        });
    }

    public void Interrupted(int irq, uint eip)
    {
        Count++;
        Meter?.Interrupted(irq);
        if (!Makes(EventKinds.Interrupt)) return;
        Add(Wants(EventKinds.Interrupt), new InterruptEvent
        {
            Header = Header(), Irq = irq, Eip = eip,
        });
    }

    /// <summary>Records what somebody changed in the standing guest. It waits for the next driver, whose filter then decides.</summary>
    public void Intervened(InterventionOperation operation, string by, uint eip, Intervention done)
    {
        Count++;
        begun = Unknown;      // how long it has stood still is nobody's work
        Add(wanted: true, new InterventionEvent
        {
            Header = Header(), Operation = operation, By = by, Changes = done.Changes, Call = done.Call, Result = done.Result, Eip = eip,
        });
    }

    /// <summary>The guest has not ended for good: its next end is announced again.</summary>
    public void Revive() => IsEndAnnounced = false;

    /// <summary>The guest was rebooted.</summary>
    /// <param name="reboots">How often by now.</param>
    /// <param name="by">Who did it; null for the guest itself.</param>
    /// <param name="eip">Where it stood before.</param>
    public void Rebooted(long reboots, string? by, uint eip)
    {
        Count++;
        bool wanted = by is not null || Wants(EventKinds.Rebooted);     // what somebody does waits for the next driver, whose filter then decides
        if (!wanted && !IsRecorded) return;
        Add(wanted, new GuestRebootedEvent
        {
            Header = Header(), Reboots = reboots, By = by, Eip = eip,
        });
    }

    /// <summary>Records the end, once, after everything else.</summary>
    public void AnnounceEnd(GuestEnding ending)
    {
        if (IsEndAnnounced) return;
        IsEndAnnounced = true;
        Count++;
        if (!Makes(EventKinds.Ended)) return;
        Add(Wants(EventKinds.Ended), new GuestEndedEvent
        {
            Header = Header(), Ending = ending.Kind, Reason = ending.Reason, Eip = machine.Cpu.Registers.Eip,
        });
    }

    public void Save(StateWriter state)
    {
        state.Part("events");
        state.Write(Count);
        state.Write(happened.Count);
        foreach (LguestEvent untaken in happened) EventCodec.Write(state, untaken);
    }

    public void Load(StateReader state)
    {
        state.Part("events");
        Count = state.ReadCount("the number of events");
        IsEndAnnounced = false;
        happened.Clear();
        for (int left = state.ReadInt32(0, MostUntaken, "the number of events not taken"); left > 0; left--) happened.Enqueue(EventCodec.Read(state, origin));
    }

    /// <summary>A recording for a file has every event, whoever else wants it.</summary>
    private bool IsRecorded => Tape is { KeepsEvents: true };

    /// <summary>Whether an event may be made of what comes next, whatever it is; of single hypercalls it is not known before.</summary>
    private bool MakesAny => (filter.Kinds != EventKinds.None && filter is not { Kinds: EventKinds.Hypercall, Hypercalls: not null }) || IsRecorded;

    /// <summary>Whether an event of this kind would be made, if there were one.</summary>
    public bool Makes(EventKinds kind) => Wants(kind) || IsRecorded;

    private EventHeader Header()
    {
        long now = Stopwatch.GetTimestamp();
        TimeSpan took = begun is Unknown or NotYet ? TimeSpan.Zero : Stopwatch.GetElapsedTime(begun, now);
        begun = now;
        return new EventHeader(Count, origin, machine.Clock.ElapsedAt(now), wallClock.At(now), took);
    }

    private void Add(bool wanted, LguestEvent made)
    {
        Tape?.NoteEvent(made);
        if (wanted) happened.Enqueue(made);
    }

    private void AddVirtqueue(VirtqueueOperation operation, string device, int queue, int head, uint? usedLength, VirtqueueDescriptor[] descriptors) =>
        Add(filter.WantsQueue(EventKinds.Virtqueue, device, queue), new VirtqueueEvent
        {
            Header = Header(), Operation = operation, Device = device, Queue = queue, Head = head, UsedLength = usedLength, Descriptors = descriptors,
        });
}
