using Iced.Intel;
using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

/// <summary>The addresses the host watches, without a cost for code that stays away from them.</summary>
/// <remarks>
/// A watched instruction begins a block that nothing links to, so every way to it leads through <see cref="EmulatedCpu"/>'s loop, which asks here.
/// A watched page has no tag in the TLB, so every access to it goes the <see cref="LongWay"/>, which asks here before it does anything;
/// the instruction then runs once more by itself, unwatched, and the access is reported after it.
/// </remarks>
internal sealed unsafe class Watchpoints
{
    private const int MostBytesKept = 16;

    // Not [], for which the runtime compiles code at each start.
    private static readonly WatchRange[] none = new WatchRange[0];

    private WatchRange[] code = none;
    private WatchRange[] data = none;

    // The instruction that was reported and has not been done yet: a stack pointer tells its doer from others.
    private (uint Linear, uint Esp)? passed;
    private WatchedAccess? found;
    private bool writing;

    /// <summary>Instructions somebody looks on at, for whom the guest does not come out.</summary>
    public AddressSet Observed { get; } = new();

    /// <summary>Whether instructions are watched.</summary>
    public bool HasCode => code.Length != 0 || Observed.Count != 0;

    /// <summary>Whether reads or writes are watched.</summary>
    public bool HasData => data.Length != 0;

    /// <summary>Whether what was found is an instruction, which has not been done.</summary>
    public bool IsBeforeInstruction => found?.Access == MemoryAccess.Execute;

    /// <summary>True while the instruction whose access was found runs by itself.</summary>
    public bool IsPassing { get; private set; }

    /// <summary>The repeated string instruction in the middle of which an access was found, and the iterations it may still do before it counts as one more.</summary>
    public (uint Eip, uint Left)? Repeat { get; set; }

    /// <summary>An access that a trap after its instruction kept from being reported; null if there is none.</summary>
    public WatchedAccess? Late { get; set; }

    /// <returns>The instructions that are watched now and were not before.</returns>
    public IReadOnlyList<WatchRange> Replace(CpuState* cpu, IReadOnlyList<WatchRange> ranges)
    {
        WatchRange[] before = code;
        code = [.. ranges.Where(range => (range.Access & MemoryAccess.Execute) != 0)];
        data = [.. ranges.Where(range => (range.Access & (MemoryAccess.Read | MemoryAccess.Write)) != 0)];
        cpu->Watching = HasData;
        if (passed is { } place && !IsStop(place.Linear)) passed = null;
        return [.. code.Except(before)];
    }

    public bool IsCode(uint linear) => Observed.Contains(linear) || IsStop(linear);

    private bool IsStop(uint linear)
    {
        foreach (WatchRange range in code)
            if (range.Overlaps(linear, 1)) return true;
        return false;
    }

    /// <summary>Whether accesses to a page must be seen; reading it counts only if reads are watched.</summary>
    public bool IsInPage(uint page, bool reading)
    {
        foreach (WatchRange range in data)
            if (range.Overlaps(page, GuestMemory.PageSize) && (!reading || (range.Access & MemoryAccess.Read) != 0)) return true;
        return false;
    }

    /// <summary>Whether to stop before the instruction at eip; yes only once.</summary>
    public bool StopsBefore(CpuState* cpu)
    {
        uint linear = cpu->Cs.Base + cpu->Registers.Eip;
        if (!IsStop(linear) || passed == (linear, cpu->Registers.Esp)) return false;
        passed = (linear, cpu->Registers.Esp);
        found = new WatchedAccess(MemoryAccess.Execute, linear, 1, cpu->Registers.Eip, []);
        return true;
    }

    /// <summary>The instruction at eip was reported, and is not done.</summary>
    public void Pass(CpuState* cpu) => passed = (cpu->Cs.Base + cpu->Registers.Eip, cpu->Registers.Esp);

    /// <summary>The instruction that was let pass is done.</summary>
    public void Done() => passed = null;

    /// <summary>The CPU is somewhere else now.</summary>
    public void Forget()
    {
        passed = null;
        Late = null;
        Repeat = null;
    }

    /// <summary>Asked by the long way round before an access; for a watched one it stops the instruction there.</summary>
    public bool Permits(CpuState* cpu, uint linear, uint bytes, bool write)
    {
        MemoryAccess wanted = MemoryAccess.None;
        foreach (WatchRange range in data)
            if (range.Overlaps(linear, bytes)) wanted |= range.Access;
        // An operand is opened for reading and writing even by an instruction that only writes; which it was shows after it.
        MemoryAccess access = wanted & (write ? MemoryAccess.Read | MemoryAccess.Write : MemoryAccess.Read);
        if (access == MemoryAccess.None) return true;

        found = new WatchedAccess(access, linear, bytes, Eip: 0, Before: []);
        writing = write;
        cpu->Cause = ExitCause.Watched;
        return false;
    }

    /// <summary>Stopped inside an instruction, at an access: it is about to run by itself.</summary>
    public void BeginPass(CpuState* cpu)
    {
        Mmu mmu = CpuState.OwnerOf(cpu).Mmu;
        MemoryAccess access = found!.Access;
        if (writing && (access & MemoryAccess.Read) != 0 && !ReadsWhatItWrites(mmu.Peek(cpu->Cs.Base + cpu->Registers.Eip, InstructionReader.MaxInstructionBytes)))
            access &= ~MemoryAccess.Read;
        byte[] before = mmu.Peek(found.Address, Math.Min(found.Length, MostBytesKept));
        Repeat = cpu->RepeatLeft == 0 ? null : (cpu->Registers.Eip, cpu->RepeatLeft);
        found = access == MemoryAccess.None ? null : found with { Access = access, Eip = cpu->Registers.Eip, Before = before };
        IsPassing = true;
        cpu->Watching = false;
    }

    public void EndPass(CpuState* cpu)
    {
        IsPassing = false;
        cpu->Watching = HasData;
    }

    /// <summary>What was found, once; null if there was nothing to report.</summary>
    public WatchedAccess? Take()
    {
        WatchedAccess? taken = found;
        found = null;
        return taken;
    }

    private static bool ReadsWhatItWrites(byte[] code)
    {
        Decoder decoder = Decoder.Create(32, code);
        decoder.Decode(out Instruction instruction);
        foreach (UsedMemory memory in new InstructionInfoFactory().GetInfo(instruction).GetUsedMemory())
            if (memory.Access is OpAccess.ReadWrite or OpAccess.ReadCondWrite) return true;
        return false;
    }
}
