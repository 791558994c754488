using LguestPS.Memory;
using LguestPS.Paging;

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

    /// <summary>Accessed and Dirty, set beforehand: they are not asked for here.</summary>
    public const ulong Used = 0x60;

    /// <summary>Enough for any one instruction: each page it touches may need a directory and a table of its own.</summary>
    public const int FewestPages = 32;

    private const int MostSpaces = 64;
    private const int Entries = 512;
    private const int Directories = 4;
    private const ulong Frame = ~0xFFFUL;
    private const ulong Table = Present | Writable | User | Used;

    // Below 4 GiB a 64-bit processor's lower three levels divide addresses as PAE's do.
    private static readonly PageLevel DirectoryLevel = PageTableFormat.Pae.Levels[0], TableLevel = PageTableFormat.Pae.Levels[1], PageLevel = PageTableFormat.Pae.Levels[2];

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
        root[HostPages.Base >> DirectoryLevel.Shift] = hostDirectoryEntry;
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
            root[(HostPages.WindowLinear >> DirectoryLevel.Shift) + table] = tables + table * GuestMemory.PageSize | Present | Used;
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
        ref ulong directoryEntry = ref current.Directories[DirectoryLevel.Index(linear)];
        if (directoryEntry == 0)
        {
            Take(out directoryEntry);
            Attach();
        }

        ref ulong tableEntry = ref Page(directoryEntry)[TableLevel.Index(linear)];
        if (tableEntry == 0) Take(out tableEntry);
        Page(tableEntry)[PageLevel.Index(linear)] = Entry(translation);
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
        if (end != 0) ForgetTables(current, 0, end - 1);
    }

    /// <summary>Forgets one page in the given directory, or in all.</summary>
    public void ForgetPage(uint? directory, uint linear)
    {
        foreach (Space space in spaces)
        {
            if (directory is not null && directory != space.PageDirectory) continue;
            if (TableOf(space, linear) is var table && table != null) table[PageLevel.Index(linear)] = 0;
        }
        NeedsFlush = true;
    }

    /// <summary>Forgets the given directory's pages from one address to another; others of the same 2 MiB may go with them.</summary>
    public void ForgetRange(uint directory, uint first, uint last)
    {
        if (spaces.Find(space => space.PageDirectory == directory) is { } named) ForgetTables(named, first, last);
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

    private void ForgetTables(Space space, uint first, uint last)
    {
        ulong linear = first & ~(TableLevel.Span - 1);
        while (linear <= last)
        {
            if (space.Directories[DirectoryLevel.Index((uint)linear)] == 0)
            {
                linear = (linear | DirectoryLevel.Span - 1) + 1;
                continue;
            }

            ForgetTable(space, (uint)linear);
            linear += TableLevel.Span;
        }
    }

    private void ForgetTable(Space space, uint linear)
    {
        ulong directoryEntry = space.Directories[DirectoryLevel.Index(linear)];
        if (directoryEntry == 0) return;
        ref ulong tableEntry = ref Page(directoryEntry)[TableLevel.Index(linear)];
        if (tableEntry == 0) return;
        Return(tableEntry);
        tableEntry = 0;
        NeedsFlush = true;
    }

    private static ulong Entry(in Translation translation) =>
        translation.Physical & Frame | Present | Used
        | (translation.Writable && translation.Dirty ? Writable : 0)
        | (translation.User ? User : 0);

    private ref ulong EntryOf(uint linear) => ref TableOf(current, linear)[PageLevel.Index(linear)];

    private ulong* TableOf(Space space, uint linear)
    {
        ulong directoryEntry = space.Directories[DirectoryLevel.Index(linear)];
        if (directoryEntry == 0) return null;
        ulong tableEntry = Page(directoryEntry)[TableLevel.Index(linear)];
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
