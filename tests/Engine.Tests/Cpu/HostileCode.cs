using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>Random code, descriptors and page tables, for any CPU.</summary>
internal static class HostileCode
{
    private const int Frames = 48, ForeignFrames = 16, Tables = 3;

    /// <summary>Page frames of devices, which come after those of memory.</summary>
    private const int DeviceFrames = 3;

    private const uint Directory = ForeignFrames * GuestMemory.PageSize, FirstTable = Directory + GuestMemory.PageSize;
    private const uint PaeDirectory = Directory + 0x7E0;
    private const int FirstOwnFrame = ForeignFrames + 1 + Tables;

    /// <summary>Where a CPU counts no instructions, code that ends in nothing runs so long.</summary>
    private static readonly long Slice = Stopwatch.Frequency / 500;

    /// <summary>Runs pieces of random code, and fails if one ends otherwise than it may or has written what it must not.</summary>
    /// <param name="seed">Of everything in it.</param>
    /// <param name="ownTables">Whether the code may find its page tables among its pages.</param>
    /// <param name="make">Makes the CPU.</param>
    /// <param name="pieces">How many.</param>
    /// <param name="run">Runs the CPU for a budget of instructions, in one go if null.</param>
    /// <param name="pae">Whether the page tables are PAE's.</param>
    /// <returns>What happened: the exits, the registers at each, and what memory holds at the end.</returns>
    public static string Run(
        int seed, bool ownTables, Func<GuestMemory, Func<ulong>, VirtualCpu> make, int pieces = 40, Func<VirtualCpu, int, CpuExit>? run = null,
        bool pae = false)
    {
        var story = new StringBuilder();
        var random = new Random(seed);
        using var memory = new GuestMemory(Frames * GuestMemory.PageSize, 0, DeviceFrames * GuestMemory.PageSize);
        using VirtualCpu cpu = make(memory, () => 0);
        random.NextBytes(memory.Write(0, memory.Size));
        uint[] places = pae ? BuildPaeTables(random, memory, ownTables) : BuildTables(random, memory, ownTables);
        byte[] foreign = memory.Read(0, Directory).ToArray(), tables = memory.Read(Directory, (1 + Tables) * GuestMemory.PageSize).ToArray();

        var descriptors = new ulong[32];
        for (int i = 17; i < 31; i++) descriptors[i] = RandomDescriptor(random);
        descriptors[12] = CpuMachine.Segment(0, 0xFFFFF, 0xBB, 0xC);
        descriptors[13] = CpuMachine.Segment(0, 0xFFFFF, 0xB3, 0xC);
        descriptors[14] = CpuMachine.Segment(0, 0xFFFFF, 0xFB, 0xC);
        descriptors[15] = CpuMachine.Segment(0, 0xFFFFF, 0xF3, 0xC);
        cpu.LoadDescriptors(descriptors);
        if (pae) cpu.SetPageTableFormat(PageTableFormat.Pae);
        cpu.SetAddressSpace(pae ? PaeDirectory : Directory);
        cpu.SetGatePrivilege(0x80, 3);

        for (int i = 0; i < pieces; i++)
        {
            Place(random, ref cpu.Registers, places);
            int budget = random.Next(1, 3000);
            long before = cpu.InstructionCount;
            CpuExit exit = run is not null ? run(cpu, budget)
                : cpu.Run(cpu.CountsInstructions ? new CpuBudget(budget) : new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + Slice));
            story.Append(CultureInfo.InvariantCulture, $"{exit} after {cpu.InstructionCount}: {cpu.Registers}\n");
            if (cpu.CountsInstructions)
            {
                Assert.InRange(cpu.InstructionCount - before, 0, budget);
                if (exit.Kind == CpuExitKind.Budget) Assert.Equal(budget, cpu.InstructionCount - before);
            }
            Assert.NotEqual(CpuExitKind.Kicked, exit.Kind);
            if (exit.Kind == CpuExitKind.Dead) Assert.StartsWith("bad page", exit.Reason);
            if (exit.Kind == CpuExitKind.DeviceAccess) Assert.Equal((Vector.PageFault, 0u), (exit.Vector, exit.ErrorCode & ~(uint)(PageAccess.Write | PageAccess.User)));
            if (random.Next(4) == 0) cpu.FlushAll();
            if (random.Next(4) == 0) cpu.FlushPage(null, places[random.Next(places.Length)]);
            if (random.Next(8) == 0) cpu.LoadDescriptors(descriptors);
        }

        story.Append(Convert.ToHexString(SHA256.HashData(memory.Read(0, memory.Size))));
        if (ownTables) return story.ToString();
        Assert.True(memory.Read(0, Directory).SequenceEqual(foreign), $"seed {seed}: a page that is mapped nowhere was written");
        ReadOnlySpan<byte> now = memory.Read(Directory, (uint)tables.Length);
        for (int at = 0; at < tables.Length; at += 4)
        {
            uint changed = BitConverter.ToUInt32(now[at..]) ^ BitConverter.ToUInt32(tables, at);
            Assert.True((changed & ~(PageFlags.Accessed | PageFlags.Dirty)) == 0, $"seed {seed}: a page table entry was written");
        }

        return story.ToString();
    }

    /// <summary>Fills the directory and its tables with pages of random rights, and a few bad entries.</summary>
    /// <returns>Linear addresses of pages.</returns>
    private static uint[] BuildTables(Random random, GuestMemory memory, bool ownTables)
    {
        memory.Write(Directory, (1 + Tables) * GuestMemory.PageSize).Clear();
        var places = new List<uint>();
        uint[] slots = [0x020, 0x300, 0x3FE];
        for (uint t = 0; t < Tables; t++)
        {
            uint table = FirstTable + t * GuestMemory.PageSize;
            memory.Write32(Directory + slots[t] * 4, table | CpuMachine.PageRights);
            uint first = (uint)random.Next(1024 - 40);
            for (uint i = 0; i < 40; i++)
            {
                if (random.Next(8) == 0) continue;
                int frame = random.Next(ownTables ? ForeignFrames : FirstOwnFrame, Frames + DeviceFrames);
                uint rights = random.Next(5) == 0 ? (uint)random.Next(8) : CpuMachine.PageRights;
                if (random.Next(60) == 0) rights |= PageFlags.LargePage;
                memory.Write32(table + (first + i) * 4, (uint)frame * GuestMemory.PageSize | rights);
                places.Add(slots[t] << 22 | (first + i) << 12);
            }
        }

        return [.. places];
    }

    /// <summary>The same with three levels: the first table leads to the others, and some of the entries' upper halves are bad.</summary>
    private static uint[] BuildPaeTables(Random random, GuestMemory memory, bool ownTables)
    {
        memory.Write(Directory, (1 + Tables) * GuestMemory.PageSize).Clear();
        var places = new List<uint>();
        uint middle = FirstTable;
        foreach (uint gib in (uint[])[0, 1, 3]) memory.Write32(PaeDirectory + gib * 8, middle | PageFlags.Present);
        for (uint t = 1; t < Tables; t++)
        {
            uint table = FirstTable + t * GuestMemory.PageSize, slot = (uint)random.Next(510);
            memory.Write32(middle + slot * 8, table | CpuMachine.PageRights);
            uint first = (uint)random.Next(512 - 40);
            for (uint i = first; i < first + 40; i++)
            {
                if (random.Next(8) == 0) continue;
                int frame = random.Next(ownTables ? ForeignFrames : FirstOwnFrame, Frames + DeviceFrames);
                uint rights = random.Next(5) == 0 ? (uint)random.Next(8) : CpuMachine.PageRights;
                if (random.Next(60) == 0) rights |= PageFlags.LargePage;
                memory.Write32(table + i * 8, (uint)frame * GuestMemory.PageSize | rights);
                if (random.Next(60) == 0) memory.Write32(table + i * 8 + 4, 1u << random.Next(32));
                foreach (uint gib in (uint[])[0, 1, 3]) places.Add(gib << 30 | slot << 21 | i << 12);
            }
        }

        return [.. places];
    }

    private static ulong RandomDescriptor(Random random)
    {
        // As the engine lets them through (ABI §6): code or data, ring 1 to 3, accessed, no conforming code.
        byte kind = (byte)(random.Next(8) << 1 | 1);
        if ((kind & 0xC) == 0xC) kind &= 0xB;
        byte access = (byte)(0x10 | random.Next(1, 4) << 5 | kind | (random.Next(8) == 0 ? 0 : 0x80));
        return CpuMachine.Segment((uint)random.NextInt64(), (uint)random.Next(1 << 20), access, (byte)(random.Next(16) & 0xD | (random.Next(2) * 4)));
    }

    private static void Place(Random random, ref GuestRegisters r, uint[] places)
    {
        uint Somewhere() => random.Next(5) switch
        {
            0 => (uint)random.NextInt64(),
            1 => places[random.Next(places.Length)] - (uint)random.Next(8),
            _ => places[random.Next(places.Length)] + (uint)random.Next(4096),
        };
        ushort Selector(ushort usual) => random.Next(3) != 0 ? usual : (ushort)(random.Next(17, 31) << 3 | random.Next(4));
        bool kernel = random.Next(2) == 0;
        ushort data = kernel ? CpuMachine.KernelData : CpuMachine.UserData;
        r = new GuestRegisters
        {
            Eax = Somewhere(), Ecx = random.Next(2) == 0 ? (uint)random.Next(100) : Somewhere(), Edx = Somewhere(), Ebx = Somewhere(),
            Esp = Somewhere(), Ebp = Somewhere(), Esi = Somewhere(), Edi = Somewhere(),
            Eip = Somewhere(), Eflags = 0x202 | (uint)random.Next() & 0xCD5,
            Cs = kernel ? CpuMachine.KernelCode : CpuMachine.UserCode, Ss = data,
            Ds = Selector(data), Es = Selector(data), Fs = Selector(0), Gs = Selector(0),
        };
    }
}
