using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Cpu.Emulated;

/// <summary>Linear to host addresses: page walks, the two TLBs for data, where instructions are fetched, and which frames hold translated code.</summary>
internal sealed unsafe class Mmu : IDisposable
{
    private readonly GuestMemory memory;
    private readonly PageTables tables;
    private readonly JumpCache jumps;
    private readonly TlbEntry* user = (TlbEntry*)NativeMemory.AlignedAlloc(2 * TlbEntry.AddendOffset, 64);
    private readonly FetchedPages fetched = new();
    private readonly bool[] holdsCode;

    /// <summary>The entries of the kernel's TLB that may hold pages that only this address space has, each once.</summary>
    private readonly List<int> localEntries = [];
    private readonly bool[] isLocal = new bool[TlbEntry.Entries];

    /// <summary>The lowest address at which a page of every address space may be known.</summary>
    private uint lowestGlobal = uint.MaxValue;
    private uint pageDirectory;

    public Mmu(PageTables tables, JumpCache jumps)
    {
        this.tables = tables;
        memory = tables.Memory;
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

    /// <summary>Translates for reading.</summary>
    /// <returns>False if a page fault or an access to devices was raised, or the guest is dead.</returns>
    public bool TryRead(CpuState* cpu, uint linear, out byte* host)
    {
        TlbEntry* entry = TlbEntry.For(cpu->Tlb, linear);
        uint page = linear & TlbEntry.PageMask;
        if ((entry->ReadTag & ~TlbEntry.LongWay) != page) return TryTranslate(cpu, linear, write: false, out host);
        host = (byte*)(TlbEntry.AddendOf(entry) + (nint)linear);
        if (entry->ReadTag != page) entry->ReadTag = ReadTagFor(page);
        return true;
    }

    /// <summary>Translates for writing.</summary>
    /// <returns>False if a page fault or an access to devices was raised, or the guest is dead.</returns>
    public bool TryWrite(CpuState* cpu, uint linear, out byte* host)
    {
        TlbEntry* entry = TlbEntry.For(cpu->Tlb, linear);
        uint page = linear & TlbEntry.PageMask;
        if ((entry->WriteTag & ~TlbEntry.LongWay) != page) return TryTranslate(cpu, linear, write: true, out host);
        host = (byte*)(TlbEntry.AddendOf(entry) + (nint)linear);
        if (entry->WriteTag == page) return true;
        uint frame = PhysicalOf(host) >> GuestMemory.PageShift;
        memory.MarkChanged(frame);
        entry->WriteTag = WriteTagFor(page, frame);
        return true;
    }

    /// <summary>Translates for fetching an instruction.</summary>
    /// <returns>False if a page fault or an access to devices was raised, or the guest is dead.</returns>
    public bool TryFetch(CpuState* cpu, uint linear, out byte* host)
    {
        host = null;
        if (!fetched.TryFind(cpu->PrivilegeLevel, linear, out uint frame))
        {
            if (!TryWalk(cpu, linear, write: false, out Translation translation)) return false;
            frame = translation.Physical >> GuestMemory.PageShift;
            bool isGlobal = translation.Global && cpu->PrivilegeLevel != 3;
            if (isGlobal) NoteGlobal(linear);
            fetched.Add(cpu->PrivilegeLevel, linear, frame, isGlobal);
        }

        host = memory.Base + ((nint)frame << GuestMemory.PageShift | (nint)(linear & ~TlbEntry.PageMask));
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
            if (entry->WriteTag != TlbEntry.NoTag && TlbEntry.AddendOf(entry) + (nint)(entry->WriteTag & TlbEntry.PageMask) == host) entry->WriteTag |= TlbEntry.LongWay;
    }

    public void UnprotectCode(uint frame)
    {
        holdsCode[frame] = false;
        memory.Unwatch(frame);
    }

    /// <summary>Switches to another page directory. The kernel's global pages stay known, as on a processor with CR4.PGE.</summary>
    public void SetAddressSpace(uint directory)
    {
        pageDirectory = directory;
        Forget(user, TlbEntry.Entries);
        foreach (int entry in localEntries) Forget(user + TlbEntry.Entries + entry);
        ForgetLocalEntries();
        if (fetched.HasLocalKernelPage) jumps.Clear();
        else jumps.ClearUser();
        fetched.ClearLocal();
    }

    public void SetFormat(PageTableFormat format)
    {
        tables.SetFormat(format);
        FlushAll();
    }

    public void FlushAll()
    {
        Forget(user, 2 * TlbEntry.Entries);
        ForgetLocalEntries();
        lowestGlobal = uint.MaxValue;
        fetched.Clear();
        jumps.Clear();
    }

    /// <summary>The host watches something else: every access and every way to a block is looked at anew. No translation is forgotten.</summary>
    public void TakeWatches()
    {
        for (TlbEntry* entry = user; entry < user + 2 * TlbEntry.Entries; entry++)
        {
            entry->ReadTag |= TlbEntry.LongWay;
            entry->WriteTag |= TlbEntry.LongWay;
        }

        jumps.Clear();
    }

    /// <summary>Every way to a block is looked for anew.</summary>
    public void ForgetWays() => jumps.Clear();

    /// <summary>Forgets the pages from <paramref name="first"/> to <paramref name="last"/>, both linear addresses.</summary>
    public void FlushRange(uint first, uint last)
    {
        for (TlbEntry* entry = user; entry < user + 2 * TlbEntry.Entries; entry++)
            if (entry->ReadTag >= first && entry->ReadTag <= last) Forget(entry);
        fetched.ForgetRange(first, last);
        jumps.ForgetRange(first, last);
    }

    public void FlushPage(uint? directory, uint linear)
    {
        if (directory is not null && directory != pageDirectory && linear < lowestGlobal) return;
        uint page = linear & TlbEntry.PageMask;
        for (int level = 2; level <= 3; level++)
        {
            TlbEntry* entry = TlbEntry.For(ForLevel(level), linear);
            if ((entry->ReadTag & TlbEntry.PageMask) == page) Forget(entry);
        }

        fetched.ForgetPage(linear);
        jumps.ForgetPage(linear);
    }

    public void FlushRange(uint directory, uint first, uint last)
    {
        if (directory == pageDirectory || last >= lowestGlobal) FlushRange(first, last);
    }

    /// <summary>Bytes at a linear address of the current address space, as many as are mapped; changes nothing.</summary>
    public byte[] Peek(uint linear, uint length)
    {
        List<byte> bytes = [];
        while (bytes.Count < length && tables.Find(pageDirectory, linear + (uint)bytes.Count) is { } physical) bytes.Add(memory.Read8(physical));
        return [.. bytes];
    }

    /// <summary>A word at a linear address of the current address space; changes nothing.</summary>
    public bool TryPeek(CpuState* cpu, uint linear, out uint value)
    {
        TlbEntry* entry = TlbEntry.For(cpu->Tlb, linear);
        if ((entry->ReadTag & ~TlbEntry.LongWay) == (linear + 3 & TlbEntry.PageMask))
        {
            value = *(uint*)(TlbEntry.AddendOf(entry) + (nint)linear);
            return true;
        }

        value = 0;
        for (uint i = 0; i < 4; i++)
        {
            if (tables.Find(pageDirectory, linear + i) is not { } physical) return false;
            value |= (uint)memory.Read8(physical) << (int)(8 * i);
        }

        return true;
    }

    public void Dispose() => NativeMemory.AlignedFree(user);

    /// <summary>Walks the page tables for data, and remembers the result in the TLB.</summary>
    private bool TryTranslate(CpuState* cpu, uint linear, bool write, out byte* host)
    {
        host = null;
        if (!TryWalk(cpu, linear, write, out Translation translation)) return false;
        host = memory.Base + translation.Physical;
        uint page = linear & TlbEntry.PageMask;
        uint frame = translation.Physical >> GuestMemory.PageShift;
        if (write) memory.MarkChanged(frame);
        TlbEntry* entry = TlbEntry.For(cpu->Tlb, linear);
        entry->ReadTag = ReadTagFor(page);
        entry->WriteTag = translation.Writable && translation.Dirty ? WriteTagFor(page, frame) : TlbEntry.NoTag;
        TlbEntry.AddendOf(entry) = (nint)host - (nint)linear;
        if (cpu->PrivilegeLevel != 3)
        {
            if (translation.Global) NoteGlobal(linear);
            else NoteLocal((int)(entry - cpu->Tlb));
        }

        return true;
    }

    /// <summary>Walks the page tables for the current privilege level.</summary>
    private bool TryWalk(CpuState* cpu, uint linear, bool write, out Translation translation)
    {
        bool isUser = cpu->PrivilegeLevel == 3;
        PageAccess access = (write ? PageAccess.Write : PageAccess.Read) | (isUser ? PageAccess.User : PageAccess.Read);
        translation = tables.Walk(pageDirectory, linear, access);
        if (translation.Ok) return true;
        return translation.Fault is { } errorCode ? CpuState.RaisePageFault(cpu, errorCode, linear)
            : translation.IsDevice ? CpuState.RaiseDeviceAccess(cpu, (uint)access, linear)
            : Die(cpu, translation.Bad!);
    }

    private uint ReadTagFor(uint page) => Watches.HasData && Watches.IsInPage(page, reading: true) ? page | TlbEntry.LongWay : page;

    private uint WriteTagFor(uint page, uint frame) =>
        holdsCode[frame] || !memory.HasChanged(frame) || (Watches.HasData && Watches.IsInPage(page, reading: false)) ? page | TlbEntry.LongWay : page;

    private void NoteGlobal(uint linear) => lowestGlobal = Math.Min(lowestGlobal, linear & TlbEntry.PageMask);

    private void NoteLocal(int entry)
    {
        if (isLocal[entry]) return;
        isLocal[entry] = true;
        localEntries.Add(entry);
    }

    private void ForgetLocalEntries()
    {
        foreach (int entry in localEntries) isLocal[entry] = false;
        localEntries.Clear();
    }

    /// <summary>All ones are no tags.</summary>
    private static void Forget(TlbEntry* entries, int count) => Unsafe.InitBlock(entries, byte.MaxValue, (uint)count * sizeof(ulong));

    private static void Forget(TlbEntry* entry) => entry->ReadTag = entry->WriteTag = TlbEntry.NoTag;

    private bool Die(CpuState* cpu, string reason)
    {
        DeathReason = reason;
        cpu->Cause = ExitCause.Dead;
        return false;
    }
}
