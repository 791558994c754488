using CsCheck;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Random page tables of either format beside a reader of them that is written from the processor's manual (Intel SDM volume 3, 4.3, 4.4, 4.6 to 4.8), entry by entry.</summary>
public class PageWalkProperties
{
    private const uint Frames = 24, Devices = 2;
    private const uint P = 1, W = 2, U = 4, A = 0x20, D = 0x40;

    [Theory]
    [InlineData(PagingMode.TwoLevel)]
    [InlineData(PagingMode.Pae)]
    public void A_walk_finds_changes_and_refuses_what_the_manual_says(PagingMode mode) =>
        Gen.Int.Sample(seed =>
        {
            Random random = new(seed);
            using GuestMemory memory = new((Frames - Devices) << 12, (int)Devices);
            uint directory = Fill(random, memory, mode);
            PageTables tables = new(memory, PageTableFormat.Of(mode));
            for (int i = 0; i < 200; i++)
            {
                uint linear = Linear(random);
                bool write = random.Next(2) == 0, user = random.Next(2) == 0;
                byte[] before = memory.Read(0, memory.Size).ToArray();
                byte[] expected = [.. before];
                Outcome outcome = Manual(expected, mode, directory, linear, write, user);

                Assert.Equal(Peeked(outcome, before, mode, directory, linear), tables.Find(directory, linear));
                Assert.Equal(before, memory.Read(0, memory.Size).ToArray());
                Translation found = tables.Walk(directory, linear, (write ? PageAccess.Write : 0) | (user ? PageAccess.User : 0));
                Assert.Equal((seed, i, outcome.Physical, outcome.Fault, outcome.IsBad), (seed, i, found.Ok ? found.Physical : null, found.Fault, found.Bad is not null));
                Assert.Equal(expected, memory.Read(0, memory.Size).ToArray());
                if (found.Ok) Assert.Equal((outcome.Writable, outcome.User, outcome.Dirty), (found.Writable, found.User, found.Dirty));
            }
        }, iter: 150, threads: 1);

    [Theory]
    [InlineData(PagingMode.TwoLevel)]
    [InlineData(PagingMode.Pae)]
    public void What_the_emulated_CPU_reads_and_writes_is_where_the_manual_says(PagingMode mode) =>
        Gen.Int.Sample(seed =>
        {
            Random random = new(seed);
            using GuestMemory memory = new((Frames - Devices) << 12, (int)Devices);
            uint directory = Fill(random, memory, mode);
            using EmulatedCpu cpu = new(memory, () => 0);
            _ = new DescriptorTable(cpu.LoadDescriptors);
            cpu.SetPageTableFormat(PageTableFormat.Of(mode));
            cpu.SetAddressSpace(directory);
            for (int i = 0; i < 100; i++)
            {
                uint linear = Linear(random) & ~3u;
                bool write = random.Next(2) == 0;
                byte[] expected = memory.Read(0, memory.Size).ToArray();
                // The instruction is fetched first, from wherever its page leads.
                uint code = Linear(random) & ~0xFFFu;
                Outcome fetched = Manual(expected, mode, directory, code, write: false, user: false);
                if (fetched.Physical is not { } at) continue;
                byte[] instruction = [write ? (byte)0x89 : (byte)0x8B, 0x01];       // mov [ecx], eax; mov eax, [ecx]
                if (InTables(at)) continue;
                instruction.CopyTo(expected, at);
                memory.Write(at, instruction);
                Outcome outcome = Manual(expected, mode, directory, linear, write, user: false);
                if (write && outcome.Physical is { } written) BitConverter.TryWriteBytes(expected.AsSpan((int)written), 0x12345678);

                cpu.Registers = new GuestRegisters
                {
                    Eip = code, Ecx = linear, Eax = 0x12345678, Eflags = 0x202, Cs = DescriptorTable.KernelCodeSelector,
                    Ss = DescriptorTable.KernelDataSelector, Ds = DescriptorTable.KernelDataSelector, Es = DescriptorTable.KernelDataSelector,
                };
                cpu.FlushAll();
                CpuExit exit = cpu.Run(new CpuBudget(1));
                Assert.Equal((seed, i, outcome.IsBad ? CpuExitKind.Dead : outcome.Fault is null ? CpuExitKind.Budget : CpuExitKind.Trap), (seed, i, exit.Kind));
                if (outcome.Fault is { } fault) Assert.Equal((14, fault, linear), (exit.Vector, exit.ErrorCode, exit.FaultAddress));
                if (!write && outcome.Physical is { } read) Assert.Equal(BitConverter.ToUInt32(expected, (int)read), cpu.Registers.Eax);
                Assert.Equal(expected, memory.Read(0, memory.Size).ToArray());
            }
        }, iter: 100, threads: 1);

    /// <summary>Tables in the first eight pages lead to each other and to pages; most entries are good.</summary>
    private static uint Fill(Random random, GuestMemory memory, PagingMode mode)
    {
        random.NextBytes(memory.Write(0, memory.Size));
        int step = mode == PagingMode.Pae ? 8 : 4;
        for (uint at = 0; at < 8 * 4096; at += (uint)step)
        {
            ulong entry = random.Next(10) == 0 ? (ulong)random.NextInt64() : (uint)random.Next((int)Frames) << 12;
            if (at >> 12 < 4) entry = entry & ~0x7FFFUL | (uint)random.Next(8) << 12;      // upper levels lead to tables
            entry |= random.Next(12) switch { 0 => (uint)random.Next(4096), 1 => 0, 2 => P, 3 => P | W, 4 => P | U, _ => P | W | U };
            if (random.Next(6) != 0) entry &= ~0x98UL;
            memory.Write32(at, (uint)entry);
            if (step == 8) memory.Write32(at + 4, (uint)(entry >> 32));
        }
        if (mode != PagingMode.Pae) return 0x1000;
        for (uint i = 0; i < 4; i++)
        {
            memory.Write32(0x1020 + i * 8, (1 + i % 3) << 12 | (i == 2 && random.Next(2) == 0 ? (uint)random.Next(4096) : P));
            memory.Write32(0x1024 + i * 8, random.Next(20) == 0 ? 1u : 0);
        }
        return 0x1020;
    }

    private static bool InTables(uint physical) => physical < 8 * 4096;

    private static uint Linear(Random random) => random.Next(8) switch
    {
        0 => (uint)random.NextInt64(),
        1 => 0xFFA00000 + (uint)random.Next(0x600000),
        int gib => (uint)(gib % 4) << 30 | (uint)random.Next(64) << 21 | (uint)random.Next(1 << 21),
    };

    private readonly record struct Outcome(uint? Physical, uint? Fault, bool IsBad, bool Writable = false, bool User = false, bool Dirty = false);

    /// <summary>Where a look that leaves no trace leads, whatever it may do there.</summary>
    private static uint? Peeked(in Outcome outcome, byte[] memory, PagingMode mode, uint directory, uint linear)
    {
        if (outcome.IsBad) return null;
        byte[] copy = [.. memory];
        return Manual(copy, mode, directory, linear, write: false, user: false).Physical;
    }

    private static Outcome Manual(byte[] memory, PagingMode mode, uint directory, uint linear, bool write, bool user)
    {
        uint asked = (write ? W : 0) | (user ? U : 0);
        bool pae = mode == PagingMode.Pae;
        if (linear >= (pae ? 0xFFE00000 : 0xFFC00000)) return new(null, asked, false);
        (int Shift, int Bits)[] levels = pae ? [(30, 2), (21, 9), (12, 9)] : [(22, 10), (12, 10)];
        uint table = directory, rights = W | U;
        List<(int At, ulong Entry)> met = [];
        for (int i = 0; i < levels.Length; i++)
        {
            bool isPointer = pae && i == 0, isLast = i == levels.Length - 1;
            int at = (int)(table + (linear >> levels[i].Shift & (1u << levels[i].Bits) - 1) * (pae ? 8u : 4u));
            ulong entry = pae ? BitConverter.ToUInt64(memory, at) : BitConverter.ToUInt32(memory, at);
            if ((entry & P) == 0) return new(null, asked, false);
            // The ABI's own rules: no large pages, upper levels without other flags; in two levels of this era no PWT either.
            uint allowed = isPointer ? P : isLast ? (pae ? 0xF7Fu : 0xF77u) : P | W | U | A | D;
            if ((entry & 0xFFF & ~allowed) != 0 || entry >> 12 >= Frames) return new(null, null, true);
            if (!isPointer) rights &= (uint)entry;
            met.Add((at, entry));
            table = (uint)entry & 0xFFFFF000;
        }
        if ((asked & ~rights) != 0) return new(null, asked | P, false);
        for (int i = pae ? 1 : 0; i < met.Count; i++)
        {
            uint used = (uint)met[i].Entry | A | (write && i == met.Count - 1 ? D : 0);
            // An entry may be its own table: bits set before must stay.
            BitConverter.TryWriteBytes(memory.AsSpan(met[i].At), BitConverter.ToUInt32(memory, met[i].At) | used);
        }
        ulong last = met[^1].Entry;
        return new(table | linear & 0xFFF, null, false, (rights & W) != 0, (rights & U) != 0, write || (last & D) != 0);
    }
}
