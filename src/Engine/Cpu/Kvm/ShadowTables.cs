using LguestPS.Memory;

namespace LguestPS.Cpu.Kvm;

/// <summary>The page tables the processor really uses: four levels, filled page by page from the guest's own two (Intel SDM volume 3, 4.5).</summary>
/// <remarks>
/// Tables of several page directories are kept, under the directory's address; the one in use hangs below the two topmost tables, which
/// never change place. The pages come from a fixed pool: when it is empty, everything is forgotten and fills again.
/// A page is writable here only once the guest's own entry is dirty, so the guest sees its Accessed and Dirty bits as a processor would set them.
/// </remarks>
internal sealed unsafe class ShadowTables
{
    public const ulong Present = 1;
    public const ulong Writable = 2;
    public const ulong User = 4;

    /// <summary>Accessed and Dirty, set beforehand: nobody asks for them here.</summary>
    public const ulong Used = 0x60;

    /// <summary>Enough for any one instruction: each page it touches may need a directory and a table of its own.</summary>
    public const int FewestPages = 32;

    private const int MostSpaces = 64;
    private const int Entries = 512;
    private const int Directories = 4;
    private const int DirectoryShift = 30;
    private const int TableShift = 21;
    private const ulong Frame = ~0xFFFUL;
    private const ulong Table = Present | Writable | User | Used;

    private readonly byte* pool;
    private readonly ulong poolPhysical;
    private readonly int[] free;
    private readonly List<Space> spaces = [];
    private readonly ulong* root;
    private readonly ulong* hostTable;
    private Space current;
    private int freeCount;
    private long uses;

    /// <param name="pool">The pages, anything in them.</param>
    /// <param name="poolPhysical">Guest-physical address of the first.</param>
    /// <param name="pages">How many, at least <see cref="FewestPages"/>.</param>
    public ShadowTables(byte* pool, ulong poolPhysical, int pages)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pages, FewestPages);
        this.pool = pool;
        this.poolPhysical = poolPhysical;
        free = new int[pages];
        for (int page = 0; page < pages; page++) free[freeCount++] = pages - 1 - page;

        ulong* top = Take(out ulong topEntry);
        root = Take(out ulong rootEntry);
        ulong* hostDirectory = Take(out ulong hostDirectoryEntry);
        hostTable = Take(out ulong hostTableEntry);
        top[0] = rootEntry;
        root[HostPages.Base >> DirectoryShift] = hostDirectoryEntry;
        hostDirectory[0] = hostTableEntry;
        HostPages.Map(hostTable);
        Root = topEntry & Frame;
        current = Add(directory: 0);
    }

    /// <summary>For CR3; it never changes.</summary>
    public ulong Root { get; }

    /// <summary>True if the processor may know translations that have been taken back; whoever has made it forget them sets it to false.</summary>
    public bool NeedsFlush { get; set; } = true;

    /// <summary>Pages in use.</summary>
    public int PagesInUse => free.Length - freeCount;

    /// <summary>Page directories whose tables are kept.</summary>
    public int Spaces => spaces.Count;

    /// <summary>Lets ring 0 read all of the guest's memory in one piece, at <see cref="HostPages.WindowLinear"/>.</summary>
    /// <param name="tables">Physical address of the page directories for that.</param>
    public void MapWindow(ulong tables)
    {
        for (ulong table = 0; table < HostPages.WindowTables; table++)
            root[(HostPages.WindowLinear >> DirectoryShift) + table] = tables + table * GuestMemory.PageSize | Present | Used;
        NeedsFlush = true;
    }

    /// <summary>Lets ring 0 read and write a page of the guest's at <see cref="HostPages.GuestDataLinear"/>.</summary>
    /// <param name="physical">Its guest-physical address.</param>
    public void MapGuestData(uint physical)
    {
        ulong entry = physical | Present | Used | Writable;
        if (hostTable[HostPages.GuestDataPage] == entry) return;
        hostTable[HostPages.GuestDataPage] = entry;
        NeedsFlush = true;
    }

    public void SetAddressSpace(uint directory)
    {
        current.LastUse = ++uses;
        Space? known = spaces.Find(space => space.PageDirectory == directory);
        if (known is null)
        {
            if (spaces.Count == MostSpaces) Remove(spaces.MinBy(space => space.LastUse)!);
            known = Add(directory);
        }
        current = known;
        Attach();
    }

    /// <summary>Lets the processor translate a page of the current address space from now on.</summary>
    /// <param name="linear">Any address in it.</param>
    /// <param name="translation">What a walk of the guest's tables has found.</param>
    public void Fill(uint linear, in Translation translation)
    {
        if (freeCount < 2) ForgetAll();
        ref ulong directoryEntry = ref current.Directories[linear >> DirectoryShift];
        if (directoryEntry == 0)
        {
            Take(out directoryEntry);
            Attach();
        }

        ref ulong tableEntry = ref Page(directoryEntry)[linear >> TableShift & Entries - 1];
        if (tableEntry == 0) Take(out tableEntry);
        Page(tableEntry)[linear >> GuestMemory.PageShift & Entries - 1] = Entry(translation);
    }

    /// <summary>Whether a page that lies in the same 2 MiB as one just filled is missing.</summary>
    public bool LacksBeside(uint linear) => EntryOf(linear) == 0;

    /// <summary>Fills it, too.</summary>
    public void FillBeside(uint linear, in Translation translation) => EntryOf(linear) = Entry(translation);

    /// <summary>Forgets every page of every address space.</summary>
    public void ForgetAll()
    {
        uint directory = current.PageDirectory;
        foreach (Space space in spaces) Release(space);
        spaces.Clear();
        current = Add(directory);
        Attach();
    }

    /// <summary>Forgets the current address space's pages below an address; others of the same 2 MiB may go with them.</summary>
    public void ForgetBelow(uint end)
    {
        for (ulong gib = 0; gib < end; gib += 1UL << DirectoryShift)
        {
            if (current.Directories[gib >> DirectoryShift] == 0) continue;
            ulong last = Math.Min(end, gib + (1UL << DirectoryShift));
            for (ulong linear = gib; linear < last; linear += 1UL << TableShift) ForgetTable(current, (uint)linear);
        }
    }

    /// <summary>Forgets one page in the given directory, or in all.</summary>
    public void ForgetPage(uint? directory, uint linear)
    {
        foreach (Space space in spaces)
        {
            if (directory is not null && directory != space.PageDirectory) continue;
            if (TableOf(space, linear) is var table && table != null) table[linear >> GuestMemory.PageShift & Entries - 1] = 0;
        }
        NeedsFlush = true;
    }

    /// <summary>Forgets 4 MiB in the given directory.</summary>
    public void ForgetSlot(uint directory, uint index)
    {
        if (spaces.Find(space => space.PageDirectory == directory) is not { } named) return;
        ForgetTable(named, index << 22);
        ForgetTable(named, index << 22 | 1u << TableShift);
    }

    private Space Add(uint directory)
    {
        Space space = new(directory);
        spaces.Add(space);
        return space;
    }

    private void Attach()
    {
        for (int i = 0; i < Directories; i++) root[i] = current.Directories[i];
        NeedsFlush = true;
    }

    private void Remove(Space space)
    {
        Release(space);
        spaces.Remove(space);
    }

    private void Release(Space space)
    {
        foreach (ulong directoryEntry in space.Directories)
        {
            if (directoryEntry == 0) continue;
            ulong* directory = Page(directoryEntry);
            for (int i = 0; i < Entries; i++)
                if (directory[i] != 0) Return(directory[i]);
            Return(directoryEntry);
        }
    }

    private void ForgetTable(Space space, uint linear)
    {
        ulong directoryEntry = space.Directories[linear >> DirectoryShift];
        if (directoryEntry == 0) return;
        ref ulong tableEntry = ref Page(directoryEntry)[linear >> TableShift & Entries - 1];
        if (tableEntry == 0) return;
        Return(tableEntry);
        tableEntry = 0;
        NeedsFlush = true;
    }

    private static ulong Entry(in Translation translation) =>
        translation.Physical & Frame | Present | Used
        | (translation.Writable && translation.Dirty ? Writable : 0)
        | (translation.User ? User : 0);

    private ref ulong EntryOf(uint linear) => ref TableOf(current, linear)[linear >> GuestMemory.PageShift & Entries - 1];

    private ulong* TableOf(Space space, uint linear)
    {
        ulong directoryEntry = space.Directories[linear >> DirectoryShift];
        if (directoryEntry == 0) return null;
        ulong tableEntry = Page(directoryEntry)[linear >> TableShift & Entries - 1];
        return tableEntry == 0 ? null : Page(tableEntry);
    }

    private ulong* Take(out ulong entry)
    {
        int page = free[--freeCount];
        entry = poolPhysical + (ulong)page * GuestMemory.PageSize | Table;
        ulong* table = Page(entry);
        new Span<ulong>(table, Entries).Clear();
        return table;
    }

    private void Return(ulong entry) => free[freeCount++] = (int)(((entry & Frame) - poolPhysical) >> GuestMemory.PageShift);

    private ulong* Page(ulong entry) => (ulong*)(pool + ((entry & Frame) - poolPhysical));

    /// <summary>The lower tables of one of the guest's page directories.</summary>
    private sealed class Space(uint directory)
    {
        public uint PageDirectory { get; } = directory;

        /// <summary>An entry for each GiB of the guest's address space, 0 if there is no table yet.</summary>
        public ulong[] Directories { get; } = new ulong[ShadowTables.Directories];

        public long LastUse { get; set; }
    }
}
