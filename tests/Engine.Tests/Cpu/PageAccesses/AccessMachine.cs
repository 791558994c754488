using System.Diagnostics;
using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Segments;

namespace LguestPS.Tests.Cpu.PageAccesses;

/// <summary>What the CPU knows of a page from before.</summary>
internal enum PriorEntry
{
    /// <summary>Nothing: all was flushed.</summary>
    Unknown,
    Absent,
    ReadOnly,
    Supervisor,
    Full,
}

/// <summary>How a guest has its changed entries taken note of.</summary>
internal enum Announcement
{
    FlushAll,
    FlushPage,
    FlushPageHere,
    FlushTable,
    FlushUser,
    OtherAddressSpace,

    /// <summary>Not at all: what was present may be used on.</summary>
    None,
}

/// <summary>One case of the matrix.</summary>
internal readonly record struct AccessCase(AccessKind Kind, int Ring, uint Page, PriorEntry Prior, Announcement Announcement, ulong[] Entries)
{
    public override string ToString() =>
        $"{Kind.Name} in ring {Ring} of {Page:x8}, entries {string.Join(' ', Entries.Select(e => $"{e:x}"))}, before {Prior}, {Announcement}";
}

/// <summary>What was seen.</summary>
internal sealed record AccessResult(CpuExit Exit, GuestRegisters Registers, ulong[] Entries, byte[] Bytes);

/// <summary>A CPU whose tables lead to one page of which everything can be changed, beside code, a stack and data of its own.</summary>
internal sealed class AccessMachine : IDisposable
{
    public const uint Code = 0x08048000, UserPage = 0x40000000, KernelPage = 0xC0000000;
    private const uint Stack = 0x08049000, Directory = 0x1000, OtherDirectory = 0x8000, OwnTable = 0x2000, BesideTable = 0x3000, OwnMiddle = 0x5000, BesideMiddle = 0x6000;
    private const uint CodeFrame = 0x10000, StackFrame = 0x11000, BeforeFrame = 0x13000, BeforeCodeFrame = 0x14000;
    private const uint FrameSize = 0x1000, OldFrame = EntrySpace.Page + FrameSize;
    private const uint P = 1, All = 7, AccessedDirty = 0x60;
    private const int Seen = 0x28;

    private readonly GuestMemory memory = new(AccessTruth.Frames << 12, 0, (AccessTruth.FramesWithDevices - AccessTruth.Frames) << 12);
    private readonly VirtualCpu cpu;
    private readonly TableKind tables;
    private readonly bool pae;
    private readonly uint codeOffset;
    private AccessKind? kind;

    public AccessMachine(TableKind tables, Func<GuestMemory, VirtualCpu> make)
    {
        this.tables = tables;
        pae = tables == TableKind.Pae;
        cpu = make(memory);
        codeOffset = EntrySpace.CodePage - EntrySpace.Page;
        var descriptors = new ulong[DescriptorTable.Entries];
        descriptors[12] = CpuMachine.Segment(0, 0xFFFFF, 0xBB, 0xC);
        descriptors[13] = CpuMachine.Segment(0, 0xFFFFF, 0xB3, 0xC);
        descriptors[14] = CpuMachine.Segment(0, 0xFFFFF, 0xFB, 0xC);
        descriptors[15] = CpuMachine.Segment(0, 0xFFFFF, 0xF3, 0xC);
        cpu.LoadDescriptors(descriptors);
        cpu.SetGatePrivilege(0x80, 3);
        cpu.SetPageTableFormat(EntrySpace.Format(tables));
        FillTables(Directory);
        FillTables(OtherDirectory);
        for (uint i = 0; i < AccessKind.All.Length; i++) memory.Write(CodeFrame + i * 16, [.. AccessKind.All[i].Code, 0xCD, 0x80]);
        foreach (uint offset in (uint[])[0, codeOffset])
        {
            memory.Write(EntrySpace.Page + offset, Contents(isOld: false));
            memory.Write(OldFrame + offset, Contents(isOld: true));
        }
        foreach (uint before in (uint[])[BeforeFrame, BeforeCodeFrame]) memory.Write(before + FrameSize - 4, Before);
        byte[] image = new byte[512];
        BitConverter.TryWriteBytes(image, 0x37F);
        BitConverter.TryWriteBytes(image.AsSpan(24), 0x1F80);
        AccessKind.Vector.CopyTo(image, 160);
        cpu.LoadFpu(image);
        cpu.SetAddressSpace(Directory);
    }

    public VirtualCpu Cpu => cpu;

    /// <summary>What the last bytes of the page before are: the last is the opcode of a <c>mov $…,%eax</c>.</summary>
    public static byte[] Before => [0xA1, 0xA2, 0xA3, 0xB8];

    /// <summary>What the page holds at first, or the one that was there before.</summary>
    public static byte[] Contents(bool isOld)
    {
        byte[] bytes = [.. Enumerable.Range(0, Seen).Select(i => (byte)(isOld ? 0x80 + i : i + 1))];
        ((byte[])[0xCD, 0x80]).CopyTo(bytes, 4);
        ((byte[])[isOld ? (byte)0x48 : (byte)0x40, 0xCD, 0x80]).CopyTo(bytes, (int)AccessKind.CodeAt);
        return bytes;
    }

    /// <summary>Does one access and puts everything back.</summary>
    /// <returns>What it was; and before it, where something was known before, what that was.</returns>
    public AccessResult Run(in AccessCase test, out AccessResult? before)
    {
        Use(test.Kind);
        before = null;
        if (test.Prior != PriorEntry.Unknown)
        {
            cpu.FlushAll();
            SetEntries(test.Page, Prior(tables, test.Prior));
            before = Access(test);
            SetEntries(test.Page, test.Entries);
            Announce(test.Announcement, test.Page);
        }
        else
        {
            SetEntries(test.Page, test.Entries);
            cpu.FlushAll();
        }
        return Access(test);
    }

    /// <summary>The entries that were there before.</summary>
    public static ulong[] Prior(TableKind tables, PriorEntry prior)
    {
        uint rights = prior switch { PriorEntry.Absent => 0u, PriorEntry.ReadOnly => 5, PriorEntry.Supervisor => 3, _ => 7 };
        ulong upper = EntrySpace.Table | All | 0x20, lower = OldFrame | rights | AccessedDirty;
        return tables == TableKind.Pae ? [EntrySpace.MiddleTable | P, upper, lower] : [upper, lower];
    }

    public void Dispose()
    {
        cpu.Dispose();
        memory.Dispose();
    }

    /// <summary>The state that an access begins in.</summary>
    public static GuestRegisters Start(in AccessCase test)
    {
        (ushort code, ushort data) = test.Ring == 1 ? (CpuMachine.KernelCode, CpuMachine.KernelData) : (CpuMachine.UserCode, CpuMachine.UserData);
        GuestRegisters registers = new()
        {
            Eip = Code + (uint)Array.IndexOf(AccessKind.All, test.Kind) * 16, Esp = Stack + FrameSize, Eflags = 0x202,
            Eax = AccessKind.Eax, Edx = AccessKind.Edx, Cs = code, Ss = data, Ds = data, Es = data,
        };
        test.Kind.Start(ref registers, test.Page);
        return registers;
    }

    private AccessResult Access(in AccessCase test)
    {
        cpu.Registers = Start(test);
        CpuExit exit = cpu.CountsInstructions ? cpu.Run(new CpuBudget(100)) : cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + 300 * Stopwatch.Frequency));
        uint offset = FrameOffset;
        byte[] bytes =
        [
            .. memory.Read(EntrySpace.Page + offset, Seen), .. memory.Read(OldFrame + offset, Seen), .. memory.Read(BeforeOf(test.Kind) + FrameSize - 4, 4),
        ];
        AccessResult result = new(exit, cpu.Registers, Entries(test.Page), bytes);
        if (!test.Kind.Writes) return result;
        memory.Write(EntrySpace.Page + offset, Contents(isOld: false));
        memory.Write(OldFrame + offset, Contents(isOld: true));
        memory.Write(BeforeOf(test.Kind) + FrameSize - 4, Before);
        return result;
    }

    /// <summary>Instructions are fetched from frames of their own, so that writes do not drop them.</summary>
    private uint FrameOffset => kind!.Fetches ? codeOffset : 0;

    private static uint BeforeOf(AccessKind kind) => kind.Fetches ? BeforeCodeFrame : BeforeFrame;

    private void Use(AccessKind next)
    {
        if (kind == next) return;
        kind = next;
        Put(BesideTable + (pae ? 511u * 8 : 1023 * 4), BeforeOf(next) | All | AccessedDirty);
    }

    private void Announce(Announcement how, uint page)
    {
        switch (how)
        {
            case Announcement.FlushAll: cpu.FlushAll(); break;
            case Announcement.FlushPage: cpu.FlushPage(null, page); break;
            case Announcement.FlushPageHere: cpu.FlushPage(Directory, page); break;
            case Announcement.FlushTable: cpu.FlushRange(Directory, page, page + (pae ? 0x1FFFFFu : 0x3FFFFF)); break;
            case Announcement.FlushUser: cpu.FlushUser(KernelPage); break;
            case Announcement.OtherAddressSpace:
                cpu.SetAddressSpace(OtherDirectory);
                cpu.FlushPage(Directory, page);
                cpu.SetAddressSpace(Directory);
                break;
        }
    }

    private void SetEntries(uint page, ulong[] entries)
    {
        ReadOnlySpan<uint> places = Places(page);
        for (int level = 0; level < entries.Length; level++)
        {
            ulong entry = entries[level];
            if (level == entries.Length - 1 && (entry & ~0xFFFUL) is EntrySpace.Page or OldFrame) entry += FrameOffset;
            Put(places[level], entry);
        }
    }

    private ulong[] Entries(uint page)
    {
        uint[] places = Places(page);
        ulong[] entries = [.. places.Select(place => pae ? memory.Read64(place) : memory.Read32(place))];
        if (entries[^1] >> 12 is (EntrySpace.CodePage >> 12) or (EntrySpace.CodePage >> 12) + 1) entries[^1] -= FrameOffset;
        return entries;
    }

    private uint[] Places(uint page) => pae
        ? [Directory + (page >> 30) * 8, EntrySpace.MiddleTable + (page >> 21 & 511) * 8, EntrySpace.Table + (page >> 12 & 511) * 8]
        : [Directory + (page >> 22) * 4, EntrySpace.Table + (page >> 12 & 1023) * 4];

    private void Put(uint at, ulong entry)
    {
        memory.Write32(at, (uint)entry);
        if (pae) memory.Write32(at + 4, (uint)(entry >> 32));
    }

    /// <summary>What does not change: the way to the code, the stack and the pages before those that are tried.</summary>
    private void FillTables(uint directory)
    {
        uint entry = pae ? 8u : 4, mask = pae ? 511u : 1023;
        foreach ((uint linear, uint middle, uint table, uint frame) in ((uint, uint, uint, uint)[])
        [
            (Code, OwnMiddle, OwnTable, CodeFrame), (Stack, OwnMiddle, OwnTable, StackFrame),
            (UserPage - 1, OwnMiddle, BesideTable, BeforeFrame), (KernelPage - 1, BesideMiddle, BesideTable, BeforeFrame),
        ])
        {
            if (pae) Put(directory + (linear >> 30) * 8, middle | P);
            Put(pae ? middle + (linear >> 21 & 511) * 8 : directory + (linear >> 22) * 4, table | All | AccessedDirty);
            Put(table + (linear >> 12 & mask) * entry, frame | All | AccessedDirty);
        }
    }
}
