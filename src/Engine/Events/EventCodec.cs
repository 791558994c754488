using LguestPS.Checkpoints;
using LguestPS.Machines;
using LguestPS.State;
using LguestPS.Symbols;

namespace LguestPS.Events;

/// <summary>Writes events down and reads them again.</summary>
internal static class EventCodec
{
    /// <summary>Writes an event without the host's time and without the bytes of a DMA, for which a hash stands: what two runs of the same guest have in common.</summary>
    public static void WriteEssence(StateWriter state, LguestEvent happened) => Write(state, happened, whole: false);

    public static void Write(StateWriter state, LguestEvent happened) => Write(state, happened, whole: true);

    /// <param name="state">Where one was written.</param>
    /// <param name="machine">The guest it is of.</param>
    /// <param name="whole">False if only its essence was written; then the bytes of a DMA are missing.</param>
    /// <exception cref="InvalidStateException">There is no event.</exception>
    public static LguestEvent Read(StateReader state, Machine machine, bool whole = true)
    {
        var kind = state.ReadEnum<EventKinds>("the kind of an event");
        long sequence = state.ReadCompact();
        TimeSpan guestTime = TimeSpan.FromTicks(state.ReadCompact());
        DateTime hostTime = whole ? ReadHostTime(state) : default;
        GuestSymbols? symbols = machine.Symbols;
        string name = machine.Name;
        switch (kind)
        {
            case EventKinds.Hypercall:
                return new HypercallEvent
                {
                    Sequence = sequence, Guest = name, GuestTime = guestTime, HostTime = hostTime,
                    Call = ReadCall(state, machine), Result = state.ReadOptional(state.ReadUInt32), PointedAt = state.ReadBool() ? state.ReadBytes() : null,
                };
            case EventKinds.Dma:
                return new DmaEvent
                {
                    Sequence = sequence, Guest = name, GuestTime = guestTime, HostTime = hostTime,
                    Direction = state.ReadEnum<DmaDirection>("a direction"), Key = state.ReadUInt32(), Address = state.ReadUInt32(),
                    Device = state.ReadBool() ? state.ReadString() : null,
                    UsedLength = state.ReadOptional(state.ReadUInt32),
                    Sections = ReadSections(state, whole),
                };
            case EventKinds.Trap:
                return new TrapEvent
                {
                    Sequence = sequence, Guest = name, GuestTime = guestTime, HostTime = hostTime, Symbols = symbols,
                    Vector = state.ReadByte(), ErrorCode = state.ReadOptional(state.ReadUInt32), Address = state.ReadOptional(state.ReadUInt32),
                    Eip = state.ReadUInt32(), PrivilegeLevel = state.ReadByte(), Outcome = state.ReadEnum<TrapOutcome>("an outcome"),
                };
            case EventKinds.Interrupt:
                return new InterruptEvent
                {
                    Sequence = sequence, Guest = name, GuestTime = guestTime, HostTime = hostTime, Symbols = symbols,
                    Irq = state.ReadByte(), Eip = state.ReadUInt32(),
                };
            case EventKinds.Intervention:
                return new InterventionEvent
                {
                    Sequence = sequence, Guest = name, GuestTime = guestTime, HostTime = hostTime, Symbols = symbols,
                    Operation = state.ReadEnum<InterventionOperation>("an operation"), By = state.ReadString(), Eip = state.ReadUInt32(),
                    Call = state.ReadBool() ? state.ReadString() : null, Result = state.ReadOptional(state.ReadUInt32), Changes = ReadChanges(state),
                };
            case EventKinds.Ended:
                return new GuestEndedEvent
                {
                    Sequence = sequence, Guest = name, GuestTime = guestTime, HostTime = hostTime, Symbols = symbols,
                    Ending = state.ReadEnum<EndingKind>("an ending"), Reason = state.ReadString(), Eip = state.ReadUInt32(),
                };
            default:
                throw new InvalidStateException($"an event is of kind {kind}");
        }
    }

    public static void WriteCall(StateWriter state, Hypercall call)
    {
        state.WriteCompact(call.Number);
        for (int i = 0; i < 4; i++) state.WriteCompact(call[i]);
        state.WriteCompact(call.Slot ?? -1);
        state.WriteCompact(call.Eip);
    }

    /// <exception cref="InvalidStateException">No guest can make such a call.</exception>
    public static Hypercall ReadCall(StateReader state, Machine machine)
    {
        uint number = Word();
        (uint, uint, uint, uint) arguments = (Word(), Word(), Word(), Word());
        long slot = state.ReadCompact();
        if (slot is < -1 or >= Abi.GuestDataLayout.RingSize) throw new InvalidStateException($"a call is in ring slot {slot}");
        return new Hypercall(machine.Abi.FindCall(number), number, arguments, slot < 0 ? null : (int)slot, Word(), machine.Symbols);

        uint Word()
        {
            long value = state.ReadCompact();
            return value is >= 0 and <= uint.MaxValue ? (uint)value : throw new InvalidStateException("a word of a call is none");
        }
    }

    private static void Write(StateWriter state, LguestEvent happened, bool whole)
    {
        state.Write((int)happened.Kind);
        state.WriteCompact(happened.Sequence);
        state.WriteCompact(happened.GuestTime.Ticks);
        if (whole) state.WriteCompact(happened.HostTime.Ticks);
        switch (happened)
        {
            case HypercallEvent call:
                WriteCall(state, call.Call);
                state.Write(call.Result, state.Write);
                state.Write(call.PointedAt is not null);
                if (call.PointedAt is { } pointedAt) state.Write(pointedAt);
                break;
            case InterventionEvent intervention:
                state.Write((int)intervention.Operation);
                state.Write(intervention.By);
                state.Write(intervention.Eip);
                state.Write(intervention.Call is not null);
                if (intervention.Call is { } changed) state.Write(changed);
                state.Write(intervention.Result, state.Write);
                state.Write(intervention.Changes.Length);
                foreach (InterventionChange change in intervention.Changes)
                {
                    state.Write(change.Target);
                    state.Write(change.PhysicalAddress, state.Write);
                    state.Write(change.From);
                    state.Write(change.To);
                }
                break;
            case DmaEvent dma:
                state.Write((int)dma.Direction);
                state.Write(dma.Key);
                state.Write(dma.Address);
                state.Write(dma.Device is not null);
                if (dma.Device is { } device) state.Write(device);
                state.Write(dma.UsedLength, state.Write);
                state.Write(dma.Sections.Length);
                foreach (DmaSection section in dma.Sections)
                {
                    state.Write(section.Address);
                    state.Write(section.Length);
                    if (whole) state.Write(section.Data);
                    else state.Write(ContentHash.Of(section.Data));
                }
                break;
            case TrapEvent trap:
                state.Write(trap.Vector);
                state.Write(trap.ErrorCode, state.Write);
                state.Write(trap.Address, state.Write);
                state.Write(trap.Eip);
                state.Write((byte)trap.PrivilegeLevel);
                state.Write((int)trap.Outcome);
                break;
            case InterruptEvent interrupt:
                state.Write((byte)interrupt.Irq);
                state.Write(interrupt.Eip);
                break;
            case GuestEndedEvent ended:
                state.Write((int)ended.Ending);
                state.Write(ended.Reason);
                state.Write(ended.Eip);
                break;
            default:
                throw new NotSupportedException($"events of kind {happened.Kind} cannot be written down");
        }
    }

    private static DmaSection[] ReadSections(StateReader state, bool whole)
    {
        DmaSection[] sections = new DmaSection[state.ReadInt32(0, Abi.DmaLayout.Sections, "the number of sections")];
        for (int i = 0; i < sections.Length; i++)
        {
            uint address = state.ReadUInt32();
            int length = state.ReadInt32();
            byte[] data = [];
            if (whole) data = state.ReadBytes();
            else state.ReadUInt64();
            sections[i] = new DmaSection(address, length, data);
        }
        return sections;
    }

    private static InterventionChange[] ReadChanges(StateReader state)
    {
        // Each takes some bytes, so what is left bounds their number.
        InterventionChange[] changes = new InterventionChange[state.ReadInt32(0, state.Left, "the number of changes")];
        for (int i = 0; i < changes.Length; i++)
            changes[i] = new InterventionChange(state.ReadString(), state.ReadOptional(state.ReadUInt32), state.ReadBytes(), state.ReadBytes());
        return changes;
    }

    private static DateTime ReadHostTime(StateReader state)
    {
        long ticks = state.ReadCompact();
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks ? new DateTime(ticks, DateTimeKind.Utc) : throw new InvalidStateException("an event's time does not exist");
    }
}
