using System.Runtime.InteropServices;
using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

/// <summary>Linear to host addresses: page walks, the two TLBs, and which frames hold translated code.</summary>
internal sealed unsafe class Mmu : IDisposable
{
    private readonly GuestMemory memory;
    private readonly JumpCache jumps;
    private readonly TlbEntry* user = (TlbEntry*)NativeMemory.AlignedAlloc((nuint)(2 * TlbEntry.Entries * sizeof(TlbEntry)), 64);
    private readonly bool[] holdsCode;
    private uint pageDirectory;

    public Mmu(GuestMemory memory, JumpCache jumps)
    {
        this.memory = memory;
        this.jumps = jumps;
        holdsCode = new bool[memory.FrameLimit];
        FlushAll();
    }

    /// <summary>Why the guest must end, once a walk has raised <see cref="ExitCause.Dead"/>.</summary>
    public string DeathReason { get; private set; } = "";

    /// <summary>What the host watches.</summary>
    public Watchpoints Watches { get; } = new();

    public TlbEntry* ForLevel(int privilegeLevel) => privilegeLevel == 3 ? user : user + TlbEntry.Entries;

    public bool HoldsCode(uint frame) => holdsCode[frame];

    public uint PhysicalOf(byte* host) => (uint)(host - memory.Base);

    /// <summary>Translates by page walk for the current privilege level and remembers the result.</summary>
    /// <returns>False if a page fault was raised or the guest is dead.</returns>
    public bool TryTranslate(CpuState* cpu, uint linear, bool write, out byte* host)
    {
        bool isUser = cpu->PrivilegeLevel == 3;
        PageAccess access = (write ? PageAccess.Write : PageAccess.Read) | (isUser ? PageAccess.User : PageAccess.Read);
        host = null;
        Translation translation;
        try
        {
            translation = PageWalker.Walk(memory, pageDirectory, linear, access);
        }
        catch (GuestMemoryException)
        {
            return Die(cpu, $"bad page directory {pageDirectory:x8}");
        }

        if (translation.Bad is { } reason) return Die(cpu, reason);
        if (translation.Fault is { } errorCode) return CpuState.RaisePageFault(cpu, errorCode, linear);

        host = memory.Base + translation.Physical;
        uint page = linear & TlbEntry.PageMask;
        uint frame = translation.Physical >> GuestMemory.PageShift;
        if (write) memory.MarkChanged(frame);
        bool fastWrites = translation.Writable && translation.Dirty && !holdsCode[frame] && memory.HasChanged(frame);
        bool hidden = Watches.HasData && Watches.IsInPage(page, reading: true);
        if (Watches.HasData && Watches.IsInPage(page, reading: false)) fastWrites = false;
        *TlbEntry.For(cpu->Tlb, linear) = new TlbEntry
        {
            ReadTag = hidden ? TlbEntry.NoTag : page,
            WriteTag = fastWrites ? page : TlbEntry.NoTag,
            Addend = (nint)host - (nint)linear,
        };
        return true;
    }

    /// <summary>Translates for reading or fetching, by the TLB if it knows the page.</summary>
    public bool TryRead(CpuState* cpu, uint linear, out byte* host)
    {
        TlbEntry* entry = TlbEntry.For(cpu->Tlb, linear);
        if (entry->ReadTag != (linear & TlbEntry.PageMask)) return TryTranslate(cpu, linear, write: false, out host);
        host = (byte*)(entry->Addend + (nint)linear);
        return true;
    }

    /// <summary>Translates for writing, by the TLB if it knows the page.</summary>
    public bool TryWrite(CpuState* cpu, uint linear, out byte* host)
    {
        TlbEntry* entry = TlbEntry.For(cpu->Tlb, linear);
        if (entry->WriteTag != (linear & TlbEntry.PageMask)) return TryTranslate(cpu, linear, write: true, out host);
        host = (byte*)(entry->Addend + (nint)linear);
        return true;
    }

    /// <summary>From now on writes to this frame are noticed: by guests through the slow path, by the host through the watch.</summary>
    public void ProtectCode(uint frame)
    {
        if (holdsCode[frame]) return;
        holdsCode[frame] = true;
        memory.Watch(frame);
        nint host = (nint)memory.Base + ((nint)frame << GuestMemory.PageShift);
        for (TlbEntry* entry = user; entry < user + 2 * TlbEntry.Entries; entry++)
            if (entry->WriteTag != TlbEntry.NoTag && entry->Addend + (nint)entry->WriteTag == host) entry->WriteTag = TlbEntry.NoTag;
    }

    public void UnprotectCode(uint frame)
    {
        holdsCode[frame] = false;
        memory.Unwatch(frame);
    }

    public void SetAddressSpace(uint directory)
    {
        pageDirectory = directory;
        FlushAll();
    }

    public void FlushAll()
    {
        for (TlbEntry* entry = user; entry < user + 2 * TlbEntry.Entries; entry++) Forget(entry);
        jumps.Clear();
    }

    /// <summary>Forgets the pages from <paramref name="first"/> to <paramref name="last"/>, both linear addresses.</summary>
    public void FlushRange(uint first, uint last)
    {
        for (TlbEntry* entry = user; entry < user + 2 * TlbEntry.Entries; entry++)
            if (entry->ReadTag >= first && entry->ReadTag <= last) Forget(entry);
        jumps.ForgetRange(first, last);
    }

    public void FlushPage(uint? directory, uint linear)
    {
        if (directory is not null && directory != pageDirectory) return;
        uint page = linear & TlbEntry.PageMask;
        for (int level = 2; level <= 3; level++)
        {
            TlbEntry* entry = TlbEntry.For(ForLevel(level), linear);
            if (entry->ReadTag == page) Forget(entry);
        }

        jumps.ForgetPage(linear);
    }

    public void FlushSlot(uint directory, uint index)
    {
        if (directory == pageDirectory) FlushRange(index << 22, index << 22 | 0x3FFFFF);
    }

    /// <summary>Bytes at a linear address of the current address space, as many as are mapped; changes nothing.</summary>
    public byte[] Peek(uint linear, uint length)
    {
        List<byte> bytes = [];
        while (bytes.Count < length && PageWalker.Peek(memory, pageDirectory, linear + (uint)bytes.Count) is { } physical) bytes.Add(memory.Read8(physical));
        return [.. bytes];
    }

    public void Dispose() => NativeMemory.AlignedFree(user);

    private static void Forget(TlbEntry* entry) => entry->ReadTag = entry->WriteTag = TlbEntry.NoTag;

    private bool Die(CpuState* cpu, string reason)
    {
        DeathReason = reason;
        cpu->Cause = ExitCause.Dead;
        return false;
    }
}
