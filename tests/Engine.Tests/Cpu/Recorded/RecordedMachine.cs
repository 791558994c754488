using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>The emulated CPU in ring 3, with the first 1088 KiB of memory as a real-mode program sees them.</summary>
/// <remarks>A selector of real mode becomes a descriptor: what it names begins at sixteen times its value and ends after 64 KiB.</remarks>
internal sealed class RecordedMachine : IDisposable
{
    private const uint Directory = 0x180000, Table = Directory + GuestMemory.PageSize, RamSize = 0x200000;
    private const uint Rights = PageFlags.Present | PageFlags.Writable | PageFlags.User, DirtyBit = 0x40;
    private const int Budget = 1000;

    /// <summary>What an exception pushes in real mode.</summary>
    private const uint FrameBytes = 6;
    private const ushort EsSelector = 0x0B, CsSelector = 0x13, SsSelector = 0x1B, DsSelector = 0x23, FsSelector = 0x2B, GsSelector = 0x33;

    /// <summary>The flags that a program of ring 3 sees and sets as in real mode.</summary>
    private const uint ComparedFlags = SnippetGenerator.Arithmetic | SnippetGenerator.Direction, AlwaysOne = 2;

    private const byte Halt = 0xF4, Data = 0xF3, Code = 0xFB, ShortFlags = 0x0, FlatFlags = 0xC;

    private static readonly string[] names = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];

    private readonly GuestMemory memory = new(RamSize, 0);
    private readonly EmulatedCpu cpu;
    private readonly byte[] expected = new byte[LeftOut.Top];
    private readonly ulong[] descriptors = new ulong[32];
    private readonly bool isFlat;

    /// <param name="flat">For recoded instructions: all segments are flat, and code has 32 bits.</param>
    /// <param name="heat">How hot code is before it is compiled; null for never.</param>
    public RecordedMachine(bool flat, int? heat)
    {
        isFlat = flat;
        cpu = new EmulatedCpu(memory, () => 0, heat);
        memory.Write32(Directory, Table | Rights);
        for (uint page = 0; page < RecordedRun.FlatCode; page += GuestMemory.PageSize) MapPage(page);
        MapPage(RecordedRun.FlatCode);
        cpu.SetAddressSpace(Directory);
        for (int vector = 0; vector < 256; vector++) cpu.SetGatePrivilege((byte)vector, 3);
    }

    public long CompiledInstructions => cpu.CompiledInstructionCount;

    public long Instructions => cpu.InstructionCount;

    /// <summary>Runs a recorded instruction.</summary>
    /// <param name="test">The recording.</param>
    /// <param name="run">How it is put before the CPU.</param>
    /// <param name="allowance">What may differ.</param>
    /// <returns>The first difference from the recording in words, or null if there is none.</returns>
    public string? Run(RecordedTest test, RecordedRun run, Allowance allowance = Allowance.None)
    {
        foreach (RecordedByte entry in test.Before.Memory) Put(entry);
        if (run.Code is not null) memory.Write(run.Start, run.Code);
        else if (test.Exception is null && run.End is { } end) Put(new RecordedByte(RecordedTest.Linear(test.Final(RecordedRegister.Cs), end), Halt));

        LoadSegments(test);
        LoadRegisters(test, run);
        CpuExit exit = cpu.Run(new CpuBudget(Budget));
        string? difference = IsAllowedFault(test, run, exit, allowance) ? null : DifferenceOfEnd(test, run, exit, allowance) ?? DifferenceOfRegisters(test, run, allowance) ?? DifferenceOfMemory(test);
        Clean(test);
        return difference;
    }

    public void Dispose()
    {
        cpu.Dispose();
        memory.Dispose();
    }

    private void MapPage(uint page) => memory.Write32(Table + page / GuestMemory.PageSize * 4, page | Rights);

    private void Put(RecordedByte entry)
    {
        memory.Write8(entry.Address, entry.Value);
        expected[entry.Address] = entry.Value;
    }

    private void LoadSegments(RecordedTest test)
    {
        Set(EsSelector, RecordedRegister.Es, Data);
        Set(CsSelector, RecordedRegister.Cs, Code);
        Set(SsSelector, RecordedRegister.Ss, Data);
        Set(DsSelector, RecordedRegister.Ds, Data);
        Set(FsSelector, RecordedRegister.Fs, Data);
        Set(GsSelector, RecordedRegister.Gs, Data);
        cpu.LoadDescriptors(descriptors);

        void Set(ushort selector, RecordedRegister register, byte access) => descriptors[selector >> 3] = isFlat
            ? CpuMachine.Segment(0, 0xFFFFF, access, FlatFlags)
            : CpuMachine.Segment(RecordedTest.Linear(test.Initial(register), 0), 0xFFFF, access, ShortFlags);
    }

    private void LoadRegisters(RecordedTest test, RecordedRun run) => cpu.Registers = new GuestRegisters
    {
        Eax = test.Initial(RecordedRegister.Eax), Ecx = test.Initial(RecordedRegister.Ecx), Edx = test.Initial(RecordedRegister.Edx), Ebx = test.Initial(RecordedRegister.Ebx),
        Esp = test.Initial(RecordedRegister.Esp), Ebp = test.Initial(RecordedRegister.Ebp), Esi = test.Initial(RecordedRegister.Esi), Edi = test.Initial(RecordedRegister.Edi),
        Eip = run.Start, Eflags = test.Initial(RecordedRegister.Eflags) & ComparedFlags | AlwaysOne,
        Es = EsSelector, Cs = CsSelector, Ss = SsSelector, Ds = DsSelector, Fs = FsSelector, Gs = GsSelector,
    };

    /// <summary>Whether it is a fault that the recorded processor does not have.</summary>
    private bool IsAllowedFault(RecordedTest test, RecordedRun run, CpuExit exit, Allowance allowance)
    {
        if (exit.Kind != CpuExitKind.Trap || cpu.Registers.Eip != run.Start) return false;
        return exit.Vector switch
        {
            Vector.DivideError => allowance.HasFlag(Allowance.LostDivideError) && test.Exception is null && (byte)test.Final(RecordedRegister.Eax) == 0x80,
            Vector.GeneralProtection or Vector.StackFault => allowance.HasFlag(Allowance.WrappedPair) && test.Exception is null or { Vector: Vector.BoundRange },
            _ => false,
        };
    }

    /// <summary>hlt ends a test: in ring 3 it is a protection fault, at its own eip.</summary>
    private string? DifferenceOfEnd(RecordedTest test, RecordedRun run, CpuExit exit, Allowance allowance)
    {
        byte vector = test.Exception?.Vector ?? Vector.GeneralProtection;
        if (vector == Vector.GeneralProtection && test.Exception is not null && allowance.HasFlag(Allowance.StackFault) && exit.Vector == Vector.StackFault) vector = exit.Vector;
        string truth = test.Exception is null ? "the hlt" : Vector.Name(vector);
        if (exit.Kind != CpuExitKind.Trap) return $"{exit.Kind} instead of {truth}";
        bool isSamePlace = run.End is not { } end || cpu.Registers.Eip == end;
        return exit.Vector == vector && isSamePlace ? null
            : $"{Vector.Name(exit.Vector)} at {cpu.Registers.Eip:x} instead of {truth} at {run.End:x}";
    }

    private string? DifferenceOfRegisters(RecordedTest test, RecordedRun run, Allowance allowance)
    {
        bool isOpen = test.Exception is not null && allowance.HasFlag(Allowance.RegistersAtFault);
        bool isOpenToFlags = test.Exception is not null && allowance.HasFlag(Allowance.FlagsAtFault);
        uint popped = test.Exception is not null && allowance.HasFlag(Allowance.PoppedAtFault) ? 2u : 0;
        GuestRegisters r = cpu.Registers;
        ReadOnlySpan<uint> mine = [r.Eax, r.Ecx, r.Edx, r.Ebx, r.Esp, r.Ebp, r.Esi, r.Edi];
        for (int i = 0; i < mine.Length; i++)
        {
            uint truth = test.Final(RecordedRegister.Eax + i);
            if (test.Exception is not null && i == (int)RecordedRegister.Esp) truth = truth & ~0xFFFFu | (truth + FrameBytes - popped & 0xFFFF);
            bool isPointer = i is (int)RecordedRegister.Ecx or (int)RecordedRegister.Esi or (int)RecordedRegister.Edi;
            if (mine[i] != truth && !(isOpen && isPointer)) return $"{names[i]} {mine[i]:x} instead of {truth:x}";
        }

        uint? flags = test.Exception is null ? test.Final(RecordedRegister.Eflags) : test.Pushed(2);
        uint wrong = (r.Eflags ^ flags ?? r.Eflags) & ComparedFlags & ~run.UndefinedFlags(test);
        if (allowance.HasFlag(Allowance.UndefinedByRecording)) wrong &= test.DefinedFlags;
        if (isOpen || isOpenToFlags) wrong &= SnippetGenerator.Direction;
        return wrong == 0 ? null : $"eflags {r.Eflags & ComparedFlags:x} instead of {flags & ComparedFlags:x}, wrong {wrong:x}";
    }

    /// <summary>Every byte that was written must be in the recording, and every byte of the recording must have been.</summary>
    private string? DifferenceOfMemory(RecordedTest test)
    {
        var frame = new HashSet<uint>(test.FrameAddresses());
        foreach (RecordedByte entry in test.After.Memory)
            if (!frame.Contains(entry.Address)) expected[entry.Address] = entry.Value;
        foreach (RecordedByte entry in test.After.Memory)
            if (!frame.Contains(entry.Address) && DifferenceAt(entry.Address) is { } difference) return difference;
        foreach (uint page in WrittenPages())
        {
            ReadOnlySpan<byte> mine = memory.Read(page, GuestMemory.PageSize);
            int same = mine.CommonPrefixLength(expected.AsSpan((int)page, GuestMemory.PageSize));
            if (same < GuestMemory.PageSize) return DifferenceAt(page + (uint)same);
        }

        return null;
    }

    private string? DifferenceAt(uint address)
    {
        byte mine = memory.Read8(address), truth = expected[address];
        return mine == truth ? null : $"[{address:x}] {mine:x2} instead of {truth:x2}";
    }

    private IEnumerable<uint> WrittenPages()
    {
        for (uint page = 0; page < LeftOut.Top; page += GuestMemory.PageSize)
            if ((memory.Read32(Table + page / GuestMemory.PageSize * 4) & DirtyBit) != 0) yield return page;
    }

    /// <summary>Memory is zero between tests, and no page is written to.</summary>
    private void Clean(RecordedTest test)
    {
        foreach (uint page in WrittenPages())
        {
            memory.Write(page, GuestMemory.PageSize).Clear();
            expected.AsSpan((int)page, GuestMemory.PageSize).Clear();
            MapPage(page);
        }

        foreach (RecordedByte entry in test.Before.Memory) Put(entry with { Value = 0 });
        foreach (RecordedByte entry in test.After.Memory) Put(entry with { Value = 0 });
        if (test.Exception is null && !isFlat) Put(new RecordedByte(RecordedTest.Linear(test.Final(RecordedRegister.Cs), test.Final(RecordedRegister.Eip) - 1), 0));
        cpu.FlushAll();
    }
}
