using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Recordings;

namespace LguestPS.Histories;

/// <summary>Sees accesses to a range of memory: the guest's own, and what the host writes there. Accesses to other pages are not slower for it.</summary>
internal sealed class AccessAnalyst(GuestHistory history, MemoryAccessQuery query, SymbolTable? symbols) : IAnalyst<GuestMemoryAccess>, IObserver
{
    private const int MostBytes = 16;

    private readonly bool wantsWrites = (query.Access & MemoryAccess.Write) != 0;
    private Replica? replica;
    private ProcessNames? processes;
    private EmulatedCpu cpu = null!;
    private GuestMemory memory = null!;
    private Action<GuestMemoryAccess>? found;
    private GuestMemoryAccess? before, hostWrite;
    private uint hostPhysical;

    private uint LastByte => query.Address + query.Length - 1;

    public int Begin(Replica replica, Action<GuestMemoryAccess> found)
    {
        if (replica != this.replica)
        {
            this.replica = replica;
            cpu = (EmulatedCpu)replica.Guest.Cpu;
            memory = replica.Guest.Memory;
            processes = symbols is null ? null : new ProcessNames(replica.Guest, symbols);
            WatchRange[] data = (query.Access & (MemoryAccess.Read | MemoryAccess.Write)) is var access and not MemoryAccess.None ? [new WatchRange(query.Address, query.Length, access)] : [];
            uint[] code = (query.Access & MemoryAccess.Execute) != 0 ? [.. Enumerable.Range(0, (int)query.Length).Select(i => query.Address + (uint)i)] : [];
            cpu.Observe(this, code, data);
            memory.HostWriting = HostWrites;
        }
        (before, hostWrite) = (null, null);
        this.found = found;
        if (wantsWrites) ObserveHost(on: true);
        return 0;
    }

    public void End()
    {
        Settle();
        found = null;
        if (wantsWrites) ObserveHost(on: false);
    }

    public void Before(uint linear)
    {
        if (found is null) return;
        Settle();
        before = Make(MemoryAccess.Execute, linear, 1, cpu.Registers.Eip, [], [], GuestPosition.Of(replica!.Guest));
    }

    public void NotDone() => before = null;

    public void Accessed(WatchedAccess access, bool isCounted)
    {
        if (found is null) return;
        Settle(access);
        RunPosition after = GuestPosition.Of(replica!.Guest);
        // Where the guest stands before it; the virtual clock goes by instructions.
        RunPosition at = !isCounted ? after : after with
        {
            Instructions = after.Instructions - 1,
            Nanoseconds = after.Nanoseconds - (replica.Guest.Definition.Clock == ClockKind.Virtual ? 1 : 0),
        };
        byte[] now = new byte[Math.Max(access.Before.Length, Math.Min(access.Length, MostBytes))];
        if (!LinearMemory.TryRead(replica.Guest.Machine.PageTables, replica.Guest.Machine.PageDirectory, access.Address, now)) now = [];
        found(Make(access.Access, access.Address, (int)access.Length, access.Eip, access.Before, now, at) with
        {
            Physical = replica.Guest.Machine.PageTables.Find(replica.Guest.Machine.PageDirectory, access.Address),
        });
    }

    /// <summary>What was seen last is done by now, and what the host was about to write is there.</summary>
    /// <param name="since">What the guest has done since, perhaps to the same bytes; null for nothing.</param>
    private void Settle(WatchedAccess? since = null)
    {
        if (before is { } executed) found!(executed);
        if (hostWrite is { } write)
        {
            byte[] now = memory.Read(hostPhysical, (uint)write.Length).ToArray();
            for (uint i = 0; since is not null && i < since.Before.Length; i++)
                if (since.Address + i - write.Address is var at && at < now.Length) now[at] = since.Before[i];
            found!(write with { After = now });
        }
        (before, hostWrite) = (null, null);
    }

    private void HostWrites(uint physical, uint length)
    {
        if (found is null) return;
        uint first = query.Address - replica!.Guest.Machine.PageOffset;
        uint from = Math.Max(first, physical), to = Math.Min(first + query.Length, physical + length);
        if (from >= to) return;
        Settle();
        hostPhysical = from;
        to = Math.Min(to, from + MostBytes);
        RunPosition at = GuestPosition.Of(replica.Guest);
        hostWrite = Make(MemoryAccess.Write, query.Address + (from - first), (int)(to - from), cpu.Registers.Eip, memory.Read(from, to - from).ToArray(), [], at) with
        {
            IsByHost = true, Event = at.Events + 1, Physical = from,
        };
    }

    /// <summary>The host writes by physical addresses: those that belong to the range are known where the kernel maps all memory.</summary>
    private void ObserveHost(bool on)
    {
        uint offset = replica!.Guest.Machine.PageOffset;
        if (query.Address < offset) return;
        uint last = Math.Min((LastByte - offset) >> GuestMemory.PageShift, memory.FrameLimit - 1);
        for (uint frame = (query.Address - offset) >> GuestMemory.PageShift; frame <= last; frame++) memory.Observe(frame, on);
    }

    private GuestMemoryAccess Make(MemoryAccess access, uint address, int length, uint eip, byte[] was, byte[] now, RunPosition at) => new()
    {
        Guest = history.Guest, Position = at, Access = access, Address = address, Symbol = symbols?.Find(address)?.ToString(), Length = length, Before = was, After = now,
        Eip = eip, Function = symbols?.Find(eip)?.ToString(), IsByHost = false, Process = processes?.Current(ref cpu.Registers), PageDirectory = replica!.Guest.Machine.PageDirectory,
    };
}
