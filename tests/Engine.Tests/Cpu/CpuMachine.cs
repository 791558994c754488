using System.Diagnostics;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>A CPU, the emulated one if nothing else is said, with a little memory, page tables and a flat descriptor table, and nothing else.</summary>
/// <remarks>
/// Initially code, data and stack are one writable user page each, so the same code runs in rings 1 and 3;
/// the pages next to them are absent.
/// </remarks>
internal sealed class CpuMachine : IDisposable
{
    public const uint Code = 0x08048000, Data = 0x10000000, Stack = 0x0BFFF000, StackTop = Stack + 0x1000;
    public const ushort KernelCode = 0x61, KernelData = 0x69, UserCode = 0x73, UserData = 0x7B;
    public const uint Directory = 0x1000;
    public const uint PageRights = PageFlags.Present | PageFlags.Writable | PageFlags.User;

    private uint nextFrame = Directory + 0x1000;

    public CpuMachine(int ring = 3, uint ramBytes = 1 << 20, Func<GuestMemory, Func<ulong>, VirtualCpu>? make = null)
    {
        Memory = new GuestMemory(ramBytes, 0);
        Func<ulong> timeStamp = () => TimeStamp(Cpu!);
        Cpu = make?.Invoke(Memory, timeStamp) ?? new EmulatedCpu(Memory, timeStamp);
        Descriptors[12] = Segment(0, 0xFFFFF, 0xBB, 0xC);
        Descriptors[13] = Segment(0, 0xFFFFF, 0xB3, 0xC);
        Descriptors[14] = Segment(0, 0xFFFFF, 0xFB, 0xC);
        Descriptors[15] = Segment(0, 0xFFFFF, 0xF3, 0xC);
        LoadDescriptors();
        Cpu.SetAddressSpace(Directory);
        Page(Code);
        Page(Data);
        Page(Stack);
        SetRing(ring);
        Registers.Eip = Code;
        Registers.Esp = StackTop;
    }

    public GuestMemory Memory { get; }

    public VirtualCpu Cpu { get; }

    /// <summary>What rdtsc reads.</summary>
    public Func<VirtualCpu, ulong> TimeStamp { get; set; } = _ => 0;

    public ulong[] Descriptors { get; } = new ulong[32];

    public ref GuestRegisters Registers => ref Cpu.Registers;

    /// <param name="limit">The 20 bits as they stand in the descriptor.</param>
    /// <param name="access">Present, privilege, kind (e.g. 0xF3: present, ring 3, writable data, accessed).</param>
    /// <param name="flags">Granularity 8, default size 4, spare 1.</param>
    public static ulong Segment(uint @base, uint limit, byte access, byte flags) =>
        (limit & 0xFFFF) | ((ulong)(@base & 0xFFFFFF) << 16) | ((ulong)access << 40) | ((ulong)(limit >> 16) << 48)
        | ((ulong)flags << 52) | ((ulong)(@base >> 24) << 56);

    public void SetRing(int ring)
    {
        (ushort code, ushort data) = ring == 1 ? (KernelCode, KernelData) : (UserCode, UserData);
        Registers.Cs = code;
        Registers.Ss = Registers.Ds = Registers.Es = data;
        Registers.Fs = Registers.Gs = 0;
        Registers.Eflags = 0x202;
    }

    public void LoadDescriptors() => Cpu.LoadDescriptors(Descriptors);

    /// <summary>Maps a fresh frame.</summary>
    /// <returns>Its guest-physical address.</returns>
    public uint Page(uint linear, uint rights = PageRights)
    {
        uint frame = Frame();
        Map(linear, frame, rights);
        return frame;
    }

    /// <summary>Writes a page table entry, and a directory entry that forbids nothing if there is none. Flushes nothing.</summary>
    public void Map(uint linear, uint physical, uint rights = PageRights)
    {
        uint directoryEntry = DirectoryEntryAddress(linear);
        if ((Memory.Read32(directoryEntry) & PageFlags.Present) == 0) Memory.Write32(directoryEntry, Frame() | PageRights);
        Memory.Write32(TableEntryAddress(linear), physical | rights);
    }

    /// <summary>Takes a page away, as a guest would with a hypercall after it.</summary>
    public void Unmap(uint linear)
    {
        Memory.Write32(TableEntryAddress(linear), 0);
        Cpu.FlushPage(null, linear);
    }

    /// <summary>Has all pages of an address's page table forgotten, as SET_PMD does.</summary>
    public void FlushTable(uint linear) => Cpu.FlushRange(Directory, linear & ~0x3FFFFFu, linear | 0x3FFFFF);

    public uint Frame()
    {
        uint frame = nextFrame;
        nextFrame += GuestMemory.PageSize;
        return frame;
    }

    public static uint DirectoryEntryAddress(uint linear) => Directory + (linear >> 22) * 4;

    public uint TableEntryAddress(uint linear) =>
        (Memory.Read32(DirectoryEntryAddress(linear)) & PageFlags.Frame) + ((linear >> 12) & 1023) * 4;

    public uint TableEntry(uint linear) => Memory.Read32(TableEntryAddress(linear));

    public uint DirectoryEntry(uint linear) => Memory.Read32(DirectoryEntryAddress(linear));

    public uint Physical(uint linear) => (TableEntry(linear) & PageFlags.Frame) | (linear & 0xFFF);

    public uint Read32(uint linear) => Memory.Read32(Physical(linear));

    public void Write32(uint linear, uint value) => Memory.Write32(Physical(linear), value);

    /// <summary>Puts bytes at a linear address, page by page, and <paramref name="linear"/> into eip.</summary>
    public void Bytes(uint linear, params ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++) Memory.Write8(Physical(linear + (uint)i), bytes[i]);
        Registers.Eip = linear;
    }

    /// <summary>Assembles code at <see cref="Code"/> and points eip at it.</summary>
    public void Assemble(Action<Assembler> write) => Assemble(Code, write);

    public void Assemble(uint linear, Action<Assembler> write) => Bytes(linear, Encode(linear, write));

    public static byte[] Encode(uint linear, Action<Assembler> write)
    {
        var assembler = new Assembler(32);
        write(assembler);
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), linear);
        return stream.ToArray();
    }

    /// <summary>Waits until the guest, which another thread runs, has changed a word of its memory: then it certainly runs.</summary>
    public void AwaitChange(uint linear, uint from)
    {
        uint physical = Physical(linear);
        Assert.True(SpinWait.SpinUntil(() => Memory.Read32(physical) != from, TimeSpan.FromMinutes(5)), "the guest does not run");
    }

    public CpuExit Run(long budget = 100_000) => Cpu.Run(new CpuBudget(budget));

    /// <summary>For a CPU that counts no instructions.</summary>
    public CpuExit Run(TimeSpan limit) => Cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency)));

    public void Dispose()
    {
        Cpu.Dispose();
        Memory.Dispose();
    }
}
