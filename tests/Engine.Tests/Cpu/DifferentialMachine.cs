using System.Diagnostics;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Tests.Cpu;

/// <summary>The emulated CPU in the same surroundings as the oracle: windows, selectors and descriptors of a Linux process.</summary>
internal sealed class DifferentialMachine : IDisposable
{
    /// <summary>Instructions after which a case is taken to loop and is not judged.</summary>
    public const int Budget = 20_000;

    /// <summary>The first of the entries for descriptors of the process's own; a guest has one table for all.</summary>
    public const int FirstLocal = 16;

    /// <summary>The same for a CPU that counts no instructions.</summary>
    private static readonly long Slice = Stopwatch.Frequency / 50;

    private const uint Directory = 0x1000, CodeTable = 0x2000, DataTable = 0x3000, CodeFrame = 0x4000, DataFrame = 0x5000;
    private const uint User = PageFlags.Present | PageFlags.User;

    private readonly GuestMemory memory = new(0x10000, 0);
    private readonly VirtualCpu cpu;
    private readonly byte[] pristine, before;
    private readonly byte[]? image;

    /// <param name="data">The contents of the data window.</param>
    /// <param name="segments">Three descriptors for user code.</param>
    /// <param name="selectors">Their selectors.</param>
    /// <param name="image">The x87, MMX and SSE registers every case starts with, if their changes are to be reported, too.</param>
    /// <param name="heat">How hot code is before it is compiled; null for never.</param>
    /// <param name="local">What the oracle has in a table of the process's own, from <see cref="FirstLocal"/> on.</param>
    /// <param name="make">Makes another CPU; null for the emulated one.</param>
    public DifferentialMachine(
        byte[] data, ReadOnlySpan<UserSegment> segments, ReadOnlySpan<ushort> selectors, byte[]? image = null, int? heat = null,
        ReadOnlySpan<UserSegment> local = default, Func<GuestMemory, Func<ulong>, VirtualCpu>? make = null)
    {
        (pristine, before, this.image) = (data, (byte[])data.Clone(), image);
        cpu = make?.Invoke(memory, () => 0) ?? new EmulatedCpu(memory, () => 0, heat);
        memory.Write32(Directory + (Oracle.CodeBase >> 22) * 4, CodeTable | User | PageFlags.Writable);
        memory.Write32(Directory + (Oracle.DataBase >> 22) * 4, DataTable | User | PageFlags.Writable);
        memory.Write32(CodeTable + (Oracle.CodeBase >> 12 & 1023) * 4, CodeFrame | User);
        for (uint at = 0; at < Oracle.DataSize; at += GuestMemory.PageSize)
        {
            uint writable = at < Oracle.WritableSize ? PageFlags.Writable : 0;
            memory.Write32(DataTable + ((Oracle.DataBase + at) >> 12 & 1023) * 4, (DataFrame + at) | User | writable);
        }

        memory.Write(CodeFrame, Oracle.CodeSize).Fill(0xCC);
        memory.Write(DataFrame, data);

        var descriptors = new ulong[32];
        descriptors[SnippetGenerator.UserCode >> 3] = CpuMachine.Segment(0, 0xFFFFF, 0xFB, 0xC);
        descriptors[SnippetGenerator.UserData >> 3] = CpuMachine.Segment(0, 0xFFFFF, 0xF3, 0xC);
        // What else a program on 64-bit Linux can see: 64-bit code, and the segment whose limit is the processor's number.
        descriptors[Oracle.LongModeCode >> 3] = CpuMachine.Segment(0, 0xFFFFF, 0xFB, 0xA);
        descriptors[0x7B >> 3] = CpuMachine.Segment(0, 0, 0xF5, 0x4);
        for (int i = 0; i < segments.Length; i++) descriptors[selectors[i] >> 3] = segments[i].Descriptor;
        for (int i = 0; i < local.Length; i++) descriptors[FirstLocal + i] = local[i].Flags == 0 ? 0 : local[i].Descriptor;
        cpu.LoadDescriptors(descriptors);
        cpu.SetAddressSpace(Directory);
        cpu.SetGatePrivilege(Vector.Breakpoint, 3);
        cpu.SetGatePrivilege(Vector.Overflow, 3);
    }

    /// <returns>What happened, or null if the code did not come to an end.</returns>
    public Outcome? Run(TestCase test)
    {
        Place(test);
        Outcome? outcome = RunPlaced(test);
        Remove(test);
        return outcome;
    }

    /// <summary>Puts the code where it runs.</summary>
    public void Place(TestCase test)
    {
        byte[] code = test.Code();
        memory.Write(CodeFrame + (uint)test.CodeOffset, code.AsSpan(0, (int)LengthInPage(test, code.Length)));
    }

    /// <summary>Takes it away.</summary>
    public void Remove(TestCase test) => memory.Write(CodeFrame + (uint)test.CodeOffset, LengthInPage(test, OracleTest.MaxCode)).Fill(0xCC);

    /// <summary>Runs code that is in its place, from the test's state.</summary>
    /// <returns>What happened, or null if the code did not come to an end.</returns>
    public Outcome? RunPlaced(TestCase test)
    {
        foreach (Patch patch in test.Patches)
        {
            memory.Write(DataFrame + (uint)patch.Offset, patch.Bytes);
            patch.Bytes.CopyTo(before, patch.Offset);
        }

        if (test.FlushFirst) cpu.FlushAll();
        cpu.TaskSwitched = false;
        if (image is not null) cpu.LoadFpu(image);
        uint[] r = test.Gpr;
        cpu.Registers = new GuestRegisters
        {
            Eax = r[0], Ecx = r[1], Edx = r[2], Ebx = r[3], Esp = r[4], Ebp = r[5], Esi = r[6], Edi = r[7],
            Eip = test.Eip, Eflags = test.Eflags,
            Cs = Oracle.IsLocal(test.Cs) ? LocalSelector(test.Cs >> 3) : test.Cs, Ss = test.Ss,
            Es = test.Es, Ds = test.Ds, Fs = test.Fs, Gs = test.Gs,
        };

        CpuExit exit = cpu.Run(cpu.CountsInstructions ? new CpuBudget(Budget) : new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + Slice));
        Outcome? outcome = exit.Kind switch
        {
            CpuExitKind.Trap => Observe(test, exit),
            CpuExitKind.Budget => null,
            _ => throw new InvalidOperationException($"{exit} after\n{test.Disassembly()}"),
        };

        foreach (Patch patch in test.Patches)
            pristine.AsSpan(patch.Offset, patch.Bytes.Length).CopyTo(before.AsSpan(patch.Offset));
        memory.Write(DataFrame, pristine.AsSpan(0, (int)Oracle.WritableSize));
        return outcome;
    }

    /// <summary>The selector of what has <see cref="Oracle.LocalSelector"/> in a process: guests have one table for all.</summary>
    public static ushort LocalSelector(int entry) => (ushort)(FirstLocal + entry << 3 | 3);

    private static uint LengthInPage(TestCase test, int length) => Math.Min((uint)length, Oracle.CodeSize - (uint)test.CodeOffset);

    /// <summary>Instructions that ran as machine code.</summary>
    public long CompiledInstructions => cpu.CompiledInstructionCount;

    /// <summary>Everything that was run.</summary>
    public long Instructions => cpu.InstructionCount;

    public void Dispose()
    {
        cpu.Dispose();
        memory.Dispose();
    }

    private Outcome Observe(TestCase test, CpuExit exit)
    {
        GuestRegisters r = cpu.Registers;
        OutcomeHead head = default;
        ReadOnlySpan<uint> gpr = [r.Eax, r.Ecx, r.Edx, r.Ebx, r.Esp, r.Ebp, r.Esi, r.Edi];
        gpr.CopyTo(head.Gpr);
        (head.Eflags, head.Eip) = (r.Eflags, r.Eip);
        (head.Trap, head.Error, head.Address) = (exit.Vector, exit.ErrorCode, exit.FaultAddress);
        (head.Es, head.Cs, head.Ss, head.Ds, head.Fs, head.Gs) = (r.Es, Oracle.IsLocal(test.Cs) && r.Cs == LocalSelector(test.Cs >> 3) ? test.Cs : r.Cs, r.Ss, r.Ds, r.Fs, r.Gs);
        byte[] changed = Changes();
        head.Changed = (uint)changed.Length;
        return new Outcome(head, changed);
    }

    /// <summary>The same list as oracle.c makes.</summary>
    private byte[] Changes()
    {
        var changes = new List<byte>();
        AddRuns(changes, memory.Read(DataFrame, Oracle.WritableSize), before.AsSpan(0, (int)Oracle.WritableSize), 0);
        if (image is null) return [.. changes];
        var now = new byte[Oracle.ImageSize];
        cpu.SaveFpu(now);
        Blank(now);
        AddRuns(changes, now, image, Oracle.ImageOffset);
        return [.. changes];
    }

    /// <summary>What no two processors agree on: the last instruction's place and operand, and what is reserved.</summary>
    private static void Blank(Span<byte> image)
    {
        image[6..24].Clear();
        image[28..32].Clear();
        for (int i = 0; i < 8; i++) image.Slice(32 + 16 * i + 10, 6).Clear();
        image[288..].Clear();
    }

    private static void AddRuns(List<byte> changes, ReadOnlySpan<byte> now, ReadOnlySpan<byte> then, int offset)
    {
        if (now.SequenceEqual(then)) return;
        for (int at = 0; at < now.Length; at += 4)
        {
            at += now[at..].CommonPrefixLength(then[at..]) & ~3;
            int from = at;
            while (at < now.Length && !now.Slice(at, 4).SequenceEqual(then.Slice(at, 4))) at += 4;
            if (at == from) continue;
            changes.AddRange(BitConverter.GetBytes((ushort)(offset + from)));
            changes.AddRange(BitConverter.GetBytes((ushort)(at - from)));
            changes.AddRange(now[from..at]);
        }
    }
}
