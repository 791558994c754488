using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Recordings;

namespace LguestPS.Histories;

/// <summary>Sees functions begin and return. Only the blocks at their first instructions and at the places they return to are looked at; all else runs as it always does.</summary>
internal sealed class CallAnalyst(IReadOnlyDictionary<uint, CallTarget> targets, CallSites sites, SymbolTable symbols) : IAnalyst<CallHit>, IObserver
{
    private const byte NearCall = 0xE8, IndirectCall = 0xFF;
    private const int NearCallLength = 5, LongestCall = 7;

    // An indirect call by a register or a word of memory: opcode, ModR/M, and what follows it.
    private static readonly int[] IndirectCallLengths = [2, 3, 4, 6, 7];

    private readonly Dictionary<uint, CallSite> returns = [];
    private readonly HashSet<uint> calls = [], jumps = [];
    private readonly Dictionary<ulong, int> open = [];
    private readonly HashSet<(ulong Frame, uint Address)> seen = [];
    private Replica? replica;
    private ArgumentReader arguments = null!;
    private ProcessNames processes = null!;
    private EmulatedCpu cpu = null!;
    private Action<CallHit>? found;
    private (CallHit? Hit, ulong Frame, bool Began) last;

    public int Begin(Replica replica, Action<CallHit> found)
    {
        IReadOnlyList<CallSite> known = sites.Known;
        if (replica != this.replica)
        {
            this.replica = replica;
            cpu = (EmulatedCpu)replica.Guest.Cpu;
            arguments = new ArgumentReader(replica.Guest, symbols);
            processes = new ProcessNames(replica.Guest, symbols);
            returns.Clear();
            calls.Clear();
            foreach (CallSite site in known) Note(site);
            cpu.Observe(this, [.. targets.Keys, .. returns.Keys, .. calls], []);
        }
        else
        {
            foreach (CallSite site in known) Watch(site);
        }
        open.Clear();
        seen.Clear();
        last = default;
        this.found = found;
        return known.Count;
    }

    public void End()
    {
        Tell();
        found = null;
    }

    public void Before(uint linear)
    {
        if (found is null) return;
        Tell();
        // The word above is where this returns to, if a call has led here; and where it returned from, if it is after one.
        if (returns.ContainsKey(linear)) Returned(linear);
        if (calls.Contains(linear)) Replaced(linear);
        if (targets.TryGetValue(linear, out CallTarget? target)) Begun(target);
    }

    public void NotDone() => last = default;

    public void Accessed(WatchedAccess access, bool isCounted)
    {
    }

    private ref GuestRegisters Registers => ref cpu.Registers;

    /// <summary>What was seen last has been done by now.</summary>
    private void Tell()
    {
        if (last.Hit is not { } hit) return;
        if (last.Began) open[last.Frame] = open.GetValueOrDefault(last.Frame) + 1;
        last = default;
        found!(hit);
    }

    private void Begun(CallTarget target)
    {
        Guest guest = replica!.Guest;
        uint slot = Registers.Esp;
        if (!cpu.TryPeek(slot, out uint returnAddress)) return;
        if (!returns.ContainsKey(returnAddress) && !jumps.Contains(returnAddress))
        {
            CallSite? site = SiteAt(returnAddress, target);
            if (site is null) jumps.Add(returnAddress);
            else Learn(site);
        }
        if (jumps.Contains(returnAddress))
        {
            // What a call did not put there, such as the start of a thread, may yet be where a function that was named returns to.
            if (!target.IsCertain) return;
            if (!returns.ContainsKey(returnAddress)) Learn(new CallSite(returnAddress, []));
        }
        (uint directory, ulong frame) = FrameAt(slot);
        last = (new CallBegun(GuestPosition.Of(guest), slot, directory, target, returnAddress, arguments.Read(target, ref Registers), processes.Current(ref Registers), guest.Machine.PageDirectory), frame, true);
    }

    /// <summary>A frame that was there before this stretch may end here, too: each is told of once.</summary>
    private void Returned(uint address)
    {
        uint slot = Registers.Esp - 4;
        (uint directory, ulong frame) = FrameAt(slot);
        if (!open.Remove(frame) & !seen.Add((frame, address))) return;
        found!(new CallReturned(GuestPosition.Of(replica!.Guest), slot, directory, address, Registers.Eax));
    }

    private void Replaced(uint address)
    {
        uint slot = Registers.Esp - 4;
        (uint directory, ulong frame) = FrameAt(slot);
        if (!open.Remove(frame) & !seen.Add((frame, address))) return;
        found!(new CallReplaced(GuestPosition.Of(replica!.Guest), slot, directory));
    }

    private (uint Directory, ulong Frame) FrameAt(uint slot)
    {
        uint directory = slot >= replica!.Guest.Machine.PageOffset ? 0 : replica.Guest.Machine.PageDirectory;
        return (directory, (ulong)directory << 32 | slot);
    }

    private void Learn(CallSite site)
    {
        sites.Add(site);
        Watch(site);
    }

    private void Note(CallSite site)
    {
        returns.TryAdd(site.ReturnAddress, site);
        calls.UnionWith(site.Calls);
    }

    private void Watch(CallSite site)
    {
        if (returns.ContainsKey(site.ReturnAddress)) return;
        Note(site);
        cpu.ObserveAlso(site.ReturnAddress);
        foreach (uint call in site.Calls) cpu.ObserveAlso(call);
    }

    /// <summary>What there is before a return address: the call of this function, or one that may call others.</summary>
    /// <returns>Null if it is no call.</returns>
    private CallSite? SiteAt(uint returnAddress, CallTarget target)
    {
        byte[] code = cpu.Mmu.Peek(returnAddress - LongestCall, LongestCall);
        if (code.Length != LongestCall) return null;
        if (code[^NearCallLength] == NearCall)
        {
            uint called = returnAddress + BitConverter.ToUInt32(code, code.Length - 4);
            return new CallSite(returnAddress, called == target.Address ? [] : [returnAddress - NearCallLength]);
        }
        uint[] indirect = [.. IndirectCallLengths.Where(length => IsIndirectCall(code.AsSpan(code.Length - length))).Select(length => returnAddress - (uint)length)];
        return indirect.Length == 0 ? null : new CallSite(returnAddress, indirect);
    }

    private static bool IsIndirectCall(ReadOnlySpan<byte> code)
    {
        if (code[0] != IndirectCall) return false;
        Iced.Intel.Decoder decoder = Iced.Intel.Decoder.Create(32, code.ToArray());
        decoder.Decode(out Iced.Intel.Instruction instruction);
        return instruction.FlowControl == Iced.Intel.FlowControl.IndirectCall && instruction.Length == code.Length;
    }
}
