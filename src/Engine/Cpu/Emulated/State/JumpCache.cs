using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Where returns, indirect jumps and jumps to other pages find their block. One each for ring 3 and the rest, as fetch permission differs.</summary>
/// <remarks>It holds translated addresses, so it forgets whatever the TLB forgets.</remarks>
internal sealed unsafe class JumpCache : IDisposable
{
    public const int Entries = 16384;

    private readonly Link* links = (Link*)NativeMemory.AlignedAlloc(2 * Entries * (nuint)sizeof(Link), 64);
    private readonly Half user, kernel;

    public JumpCache()
    {
        user = new Half(links);
        kernel = new Half(links + Entries);
    }

    public Link* ForLevel(int privilegeLevel) => privilegeLevel == 3 ? links : links + Entries;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Link* For(Link* cache, uint eip) => cache + Index(eip);

    public void Add(Link* cache, Block* block) => (cache == links ? user : kernel).Add(block);

    /// <summary>Forgets everything of a level if something on the page is known there.</summary>
    public void ForgetPage(uint linear)
    {
        user.ForgetPage(linear);
        kernel.ForgetPage(linear);
    }

    /// <summary>Forgets the blocks that lie, at least in part, on the pages from one address to another.</summary>
    public void ForgetRange(uint first, uint last)
    {
        user.ForgetRange(first, last);
        kernel.ForgetRange(first, last);
    }

    public void Clear()
    {
        user.Clear();
        kernel.Clear();
    }

    /// <summary>Forgets what ring 3 knows.</summary>
    public void ClearUser() => user.Clear();

    /// <summary>Forgets even what entries led to before they were forgotten: those blocks are gone.</summary>
    public void ForgetBlocks()
    {
        Clear();
        for (int i = 0; i < 2 * Entries; i++) links[i].Target = null;
    }

    /// <summary>The block that was last known at an address like this one, translations apart; null if there was none.</summary>
    public static Block* LastKnown(Link* cache, uint eip)
    {
        Operation* first = For(cache, eip)->Target;
        return first == null ? null : Block.Of(first);
    }

    /// <summary>The block at an address, if an indirect jump would find it and it has no more instructions than may run; else null.</summary>
    public static Block* Known(Link* cache, uint eip, long most)
    {
        Link* link = For(cache, eip);
        if (link->Eip != eip || link->Count > most) return null;
        Block* block = Block.Of(link->Target);
        return block->Dropped ? null : block;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(links);
        user.Dispose();
        kernel.Dispose();
    }

    /// <summary>No address with this index has this value, so an unused entry never matches: what is above bit 12 changes the lowest two bits of an index.</summary>
    private static Link Unused(int index) => new() { Eip = (uint)(index & Entries - 1 ^ 8), Count = Link.Never };

    public static uint Index(uint eip) => (eip ^ eip >> 12) & Entries - 1;

    /// <summary>What code of one level knows.</summary>
    private sealed class Half : IDisposable
    {
        private readonly Link* links;

        /// <summary>Indices of the entries that may be in use, so that forgetting costs no more than what was known.</summary>
        private readonly ushort* used = (ushort*)NativeMemory.Alloc(Entries, sizeof(ushort));
        private readonly bool[] pages = new bool[1024];
        private int usedCount;

        public Half(Link* links)
        {
            this.links = links;
            for (int i = 0; i < Entries; i++) links[i] = Unused(i);
        }

        public void Add(Block* block)
        {
            Link* entry = For(links, block->Eip);
            if (entry->Count == Link.Never) used[usedCount++] = (ushort)(entry - links);
            *entry = new Link { Target = Block.First(block), Eip = block->Eip, Count = block->Instructions };
            NotePage(block->Eip);
            if (block->Straddles) NotePage(block->Eip + Memory.GuestMemory.PageSize);
        }

        public void ForgetPage(uint linear)
        {
            if (pages[linear >> 12 & 1023]) Clear();
        }

        public void ForgetRange(uint first, uint last)
        {
            first &= TlbEntry.PageMask;
            last |= ~TlbEntry.PageMask;
            int kept = 0;
            for (int i = 0; i < usedCount; i++)
            {
                int index = used[i];
                ref Link entry = ref links[index];

                // A block that reaches into the next page has a single instruction.
                bool isInside = entry.Eip <= last && entry.Eip + (ulong)InstructionReader.MaxInstructionBytes > first;
                if (isInside) entry = Unused(index) with { Target = entry.Target };
                else used[kept++] = (ushort)index;
            }

            usedCount = kept;
        }

        public void Clear()
        {
            for (int i = 0; i < usedCount; i++) links[used[i]] = Unused(used[i]) with { Target = links[used[i]].Target };
            usedCount = 0;
            Array.Clear(pages);
        }

        public void Dispose() => NativeMemory.Free(used);

        private void NotePage(uint linear) => pages[linear >> 12 & 1023] = true;
    }
}
