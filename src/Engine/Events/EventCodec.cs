using LguestPS.State;

namespace LguestPS.Events;

/// <summary>Writes events down and reads them again, as <see cref="EventSchemas"/> says.</summary>
internal static class EventCodec
{
    /// <summary>Writes an event without the host's time and without the bytes of a DMA, for which a hash stands: what two runs of the same guest have in common.</summary>
    public static void WriteEssence(StateWriter state, LguestEvent happened) => Write(state, happened, whole: false);

    public static void Write(StateWriter state, LguestEvent happened) => Write(state, happened, whole: true);

    /// <param name="state">Where one was written.</param>
    /// <param name="origin">The guest it is of.</param>
    /// <param name="whole">False if only its essence was written; then the bytes of a DMA are missing.</param>
    /// <exception cref="InvalidStateException">There is no event.</exception>
    public static LguestEvent Read(StateReader state, EventOrigin origin, bool whole = true)
    {
        var kind = state.ReadEnum<EventKinds>("the kind of an event");
        EventSchema schema = EventSchemas.Find(kind) ?? throw new InvalidStateException($"an event is of kind {kind}");
        EventHeader header = new(state.ReadCompact(), origin, TimeSpan.FromTicks(state.ReadCompact()), whole ? ReadHostTime(state) : default);
        return schema.Read(new FieldSource(state, origin, whole), header);
    }

    /// <summary>The number of an event that was written down, without the rest of it.</summary>
    /// <exception cref="InvalidStateException">There is no event.</exception>
    public static long ReadSequence(byte[] written)
    {
        StateReader state = new(written, []);
        _ = state.ReadEnum<EventKinds>("the kind of an event");
        return state.ReadCompact();
    }

    public static void WriteCall(StateWriter state, Hypercall call)
    {
        state.WriteCompact(call.Number);
        for (int i = 0; i < Hypercall.MostArguments; i++) state.WriteCompact(call[i]);
        state.WriteCompact(call.Slot ?? -1);
        state.WriteCompact(call.Eip);
    }

    /// <exception cref="InvalidStateException">No guest can make such a call.</exception>
    public static Hypercall ReadCall(StateReader state, EventOrigin origin)
    {
        uint number = Word();
        (uint, uint, uint, uint) arguments = (Word(), Word(), Word(), Word());
        long slot = state.ReadCompact();
        if (slot is < -1 or >= Abi.GuestDataLayout.RingSize) throw new InvalidStateException($"a call is in ring slot {slot}");
        return new Hypercall(origin.Abi.FindCall(number), number, arguments, slot < 0 ? null : (int)slot, Word(), origin.Symbols);

        uint Word()
        {
            long value = state.ReadCompact();
            return value is >= 0 and <= uint.MaxValue ? (uint)value : throw new InvalidStateException($"a word of a call is {value}");
        }
    }

    private static void Write(StateWriter state, LguestEvent happened, bool whole)
    {
        state.Write((int)happened.Kind);
        state.WriteCompact(happened.Sequence);
        state.WriteCompact(happened.GuestTime.Ticks);
        if (whole) state.WriteCompact(happened.HostTime.Ticks);
        EventSchemas.Of(happened).Write(state, happened, whole);
    }

    private static DateTime ReadHostTime(StateReader state)
    {
        long ticks = state.ReadCompact();
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks ? new DateTime(ticks, DateTimeKind.Utc) : throw new InvalidStateException("an event's time does not exist");
    }
}
