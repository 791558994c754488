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
        MemoryPlace memory;
        using (Replica replica = history.ReplicaAt(at, stop)) memory = MemoryPlace.Of(place, replica.Guest, stop);
        if (LastWrite(memory, at) is not ({ } write, { } through))
        {
            using Replica first = history.ReplicaAt(history.Start, stop);
            ulong? initial = memory.ValueIn(first.Guest);
            return memory.Holds(initial, place) ? HostStep(place, history.Start, ValueOrigin.Initial, "before the recording", initial) : Elsewhere(memory, at);
        }
        ValuePlace written = through.Common(ValuePlace.Memory(write.Address, (uint)write.Length)) ?? through;
        if (write.IsByHost)
        {
            ulong? brought = ValueAfter(written, write);
            return memory.Holds(brought, place.Like(written, through)) ? HostStep(written, write.Position, ValueOrigin.Input, write.By, brought) : Elsewhere(memory, at);
        }

        using Replica writer = history.ReplicaAt(write.Position, stop);
        InstructionTrace.Done done = trace.Next(writer);
        // An instruction that repeats itself is over only later; what it had to do is known before.
        ValueSource found = done.Instruction is { } instruction ? ValueSources.Of(instruction, written) ?? new ValueSource(written, ValueOrigin.Unknown, []) : new ValueSource(written, ValueOrigin.Unknown, []);
        ValueStep step = Step(found, write.Position, done.Instruction?.Instruction ?? default, ValueAt(found.Part, writer.Guest));
        if (!memory.Holds(step.Value, place.Like(found.Part, through))) return Elsewhere(memory, at);
        source = found;
        return step;
    }

    /// <summary>The last access that wrote to bytes of memory before a place, by whichever of their addresses.</summary>
    private (GuestMemoryAccess? Write, ValuePlace? Through) LastWrite(MemoryPlace memory, RunPosition before)
    {
        (GuestMemoryAccess? Write, ValuePlace? Through) latest = default;
        foreach (ValuePlace through in memory.Aliases)
            if (LastWrite(memory, through, latest.Write?.Position ?? history.Start, before) is { } write && (latest.Write is null || latest.Write.Position.IsBefore(write.Position))) latest = (write, through);
        return latest;
    }

    /// <summary>The last one by one of their addresses: in the last stretch first, then in ever more at once.</summary>
    /// <param name="memory">Those bytes.</param>
    /// <param name="through">The address.</param>
    /// <param name="since">Earlier ones do not matter.</param>
    /// <param name="before">Nor do later ones.</param>
    private GuestMemoryAccess? LastWrite(MemoryPlace memory, ValuePlace through, RunPosition since, RunPosition before)
    {
        List<RunPosition> marks = [.. history.Checkpoints.Select(kept => kept.At).Where(at => at.IsBefore(before))];
        RunPosition to = before;
        for (int count = 1; marks.Count > 0 && since.IsBefore(to); count *= 2)
        {
            RunPosition from = marks[Math.Max(0, marks.Count - count)];
            MemoryAccessQuery writes = new() { Address = through.Address, Length = through.Length, From = PositionExpression.Of(from), To = PositionExpression.Of(to), Threads = query.Threads, Pulse = query.Pulse, Spacing = query.Spacing };
            if (new AccessQuestion(history, writes).Ask(stop).LastOrDefault(write => memory.IsReachedBy(write, through)) is { } last) return last;
            marks.RemoveRange(Math.Max(0, marks.Count - count), Math.Min(count, marks.Count));
            to = from;
        }
        return null;
    }

    /// <summary>The end of the way: what is in memory is not what was written there last, by any address that is known.</summary>
    private ValueStep Elsewhere(MemoryPlace memory, RunPosition at) =>
        HostStep(memory.Place, at, ValueOrigin.Unknown, "written by an address of another address space", memory.Value);

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

    /// <summary>What is at a place where a guest stands; null for more than 8 bytes, or where nothing is mapped.</summary>
    internal static ulong? ValueAt(ValuePlace place, Guest guest)
    {
        if (!place.IsMemory) return place.ValueIn(guest.Cpu.Registers);
        byte[] bytes = new byte[sizeof(ulong)];
        return place.Length <= LongestValue && LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, place.Address, bytes.AsSpan(0, (int)place.Length)) ? BitConverter.ToUInt64(bytes) : null;
    }

    private void Pulse() => query.Pulse?.Invoke(0);
}
