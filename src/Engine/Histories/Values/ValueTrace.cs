using Iced.Intel;
using LguestPS.Paging;
using LguestPS.Recordings;

namespace LguestPS.Histories;

/// <summary>Follows a value back through copies and computations to where it came from.</summary>
internal sealed class ValueTrace
{
    private const uint LongestValue = 8;

    private readonly GuestHistory history;
    private readonly ValueQuery query;
    private readonly CancellationToken stop;
    private readonly SymbolTable? symbols;
    private readonly InstructionTrace trace;
    private readonly ValuePlace start;

    /// <exception cref="LguestException">InvalidAddress: there is no such place.</exception>
    public ValueTrace(GuestHistory history, ValueQuery query, CancellationToken stop)
    {
        (this.history, this.query, this.stop) = (history, query, stop);
        start = query.Register is not { } name ? ValuePlace.Memory(query.Address, query.Length)
            : ValuePlace.Parse(name) ?? throw new LguestException(LguestError.InvalidAddress, $"'{name}' is not a general register; name one such as eax, dx or cl, or an address");
        if (query.Length is 0 or > LongestValue || query.Address + (query.Length - 1) < query.Address)
            throw new LguestException(LguestError.InvalidAddress, $"{query.Length} bytes at 0x{query.Address:x8} are no value; it has 1 to {LongestValue} bytes");
        symbols = history.Symbols;
        trace = new InstructionTrace(history, stop);
    }

    public IEnumerable<ValueStep> Steps()
    {
        ValuePlace place = start;
        RunPosition at;
        using (Replica replica = history.ReplicaAt(query.Last(history, stop), stop, Pulse)) at = replica.Position;
        for (int number = 1; number <= query.MostSteps; number++)
        {
            ValueStep step = place.IsMemory ? BackFromMemory(place, at, out ValueSource? source) : BackFromRegister(place, at, out source);
            if (number == query.MostSteps && step.Origin is ValueOrigin.Copy or ValueOrigin.Computation) step = step with { Origin = ValueOrigin.Unknown };
            yield return step with { Number = number };
            if (source is not { Places: [var next] }) yield break;
            (place, at) = (next, step.Position);
        }
    }

    private ValueStep BackFromRegister(ValuePlace place, RunPosition at, out ValueSource? source)
    {
        foreach (InstructionTrace.Done done in trace.Back(at))
        {
            stop.ThrowIfCancellationRequested();
            if (done.Instruction is { } instruction)
            {
                if (ValueSources.Of(instruction, place) is { } found)
                {
                    source = found;
                    return Step(found, done.Position, instruction.Instruction, found.Part.ValueIn(done.After));
                }
            }
            else if (place.ValueIn(done.Before) != place.ValueIn(done.After))
            {
                source = null;
                bool isCall = done.Pending.Contains('(', StringComparison.Ordinal);
                return HostStep(place, done.Position, isCall ? ValueOrigin.Hypercall : ValueOrigin.Input, done.Pending, place.ValueIn(done.After));
            }
        }
        source = null;
        bool isStart = place.IsMemory || trace.ReachedStart;
        return HostStep(place, isStart ? history.Start : at, isStart ? ValueOrigin.Initial : ValueOrigin.Unknown, isStart ? "before the recording" : "further back than is looked", ValueAt(place, isStart ? history.Start : at));
    }

    private ValueStep BackFromMemory(ValuePlace place, RunPosition at, out ValueSource? source)
    {
        source = null;
        if (LastWrite(place, at) is not { } write)
            return HostStep(place, history.Start, ValueOrigin.Initial, "before the recording", ValueAt(place, history.Start));
        ValuePlace written = place.Common(ValuePlace.Memory(write.Address, (uint)write.Length)) ?? place;
        if (write.IsByHost)
            return HostStep(written, write.Position, ValueOrigin.Input, write.By, ValueAfter(written, write));

        using Replica replica = history.ReplicaAt(write.Position, stop);
        Guest guest = replica.Guest;
        InstructionTrace.Done done = trace.Next(replica);
        // An instruction that repeats itself is over only later; what it had to do is known before.
        ValueSource found = done.Instruction is { } instruction ? ValueSources.Of(instruction, written) ?? new ValueSource(written, ValueOrigin.Unknown, []) : new ValueSource(written, ValueOrigin.Unknown, []);
        source = found;
        return Step(found, write.Position, done.Instruction?.Instruction ?? default, ValueAt(found.Part, guest));
    }

    /// <summary>The last access that wrote to a place before another: in the last stretch first, then in ever more at once.</summary>
    private GuestMemoryAccess? LastWrite(ValuePlace place, RunPosition before)
    {
        List<RunPosition> marks = [.. history.Checkpoints.Select(kept => kept.At).Where(at => at.IsBefore(before))];
        RunPosition to = before;
        for (int count = 1; marks.Count > 0; count *= 2)
        {
            RunPosition from = marks[Math.Max(0, marks.Count - count)];
            MemoryAccessQuery writes = new() { Address = place.Address, Length = place.Length, From = PositionExpression.Of(from), To = PositionExpression.Of(to), Threads = query.Threads, Pulse = query.Pulse, Spacing = query.Spacing };
            if (new AccessQuestion(history, writes).Ask(stop).LastOrDefault() is { } last) return last;
            marks.RemoveRange(Math.Max(0, marks.Count - count), Math.Min(count, marks.Count));
            to = from;
        }
        return null;
    }

    private ValueStep Step(ValueSource found, RunPosition at, Instruction instruction, ulong? value)
    {
        uint eip = instruction.IP32;
        return new ValueStep
        {
            Guest = history.Guest, Number = 0, Position = at, Place = found.Part.Text(symbols), Value = value, Origin = found.Origin,
            Sources = [.. found.Places.Select(place => place.Text(symbols))], Instruction = InstructionText.Of(instruction, symbols), Eip = eip, Function = symbols?.Find(eip)?.ToString(),
        };
    }

    private ValueStep HostStep(ValuePlace place, RunPosition at, ValueOrigin origin, string what, ulong? value) => new()
    {
        Guest = history.Guest, Number = 0, Position = at, Place = place.Text(symbols), Value = value, Origin = origin, Sources = [], Instruction = what,
    };

    private static ulong? ValueAfter(ValuePlace place, GuestMemoryAccess write)
    {
        ulong value = 0;
        for (uint i = place.Length; i-- > 0;)
        {
            uint at = place.Address + i - write.Address;
            if (at >= write.After.Length) return null;
            value = value << 8 | write.After[at];
        }
        return value;
    }

    private ulong? ValueAt(ValuePlace place, RunPosition at)
    {
        using Replica replica = history.ReplicaAt(at, stop);
        return ValueAt(place, replica.Guest);
    }

    private static ulong? ValueAt(ValuePlace place, Guest guest)
    {
        if (!place.IsMemory) return place.ValueIn(guest.Cpu.Registers);
        byte[] bytes = new byte[sizeof(ulong)];
        return place.Length <= LongestValue && LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, place.Address, bytes.AsSpan(0, (int)place.Length)) ? BitConverter.ToUInt64(bytes) : null;
    }

    private void Pulse() => query.Pulse?.Invoke(0);
}
