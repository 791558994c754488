using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Where returns, indirect jumps and jumps to other pages find their block. One each for ring 3 and the rest, as fetch permission differs.</summary>
/// <remarks>It holds translated addresses, so it forgets whatever the TLB forgets.</remarks>
internal sealed unsafe class JumpCache : IDisposable
{
    private const int Entries = 4096;

    private readonly Link* user = (Link*)NativeMemory.AlignedAlloc((nuint)(2 * Entries * sizeof(Link)), 64);
    private readonly bool[] pages = new bool[1024];
    private bool empty;

    public JumpCache() => Clear();

    public Link* ForLevel(int privilegeLevel) => privilegeLevel == 3 ? user : user + Entries;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Link* For(Link* cache, uint eip) => cache + Index(eip);

    public void Add(Link* cache, Block* block)
    {
        *For(cache, block->Eip) = new Link { Target = Block.First(block), Eip = block->Eip, Count = block->Instructions };
        NotePage(block->Eip);
        if (block->Straddles) NotePage(block->Eip + Memory.GuestMemory.PageSize);
        empty = false;
    }

    /// <summary>Forgets everything if something on the page is known.</summary>
    public void ForgetPage(uint linear)
    {
        if (pages[linear >> 12 & 1023]) Clear();
    }

    public void Clear()
    {
        if (empty) return;
        for (uint i = 0; i < Entries; i++)
        {
            // No address with this index has this value, so an unused entry never matches.
            Link unused = new() { Eip = i ^ 1, Count = Link.Never };
            user[i] = unused;
            user[Entries + i] = unused;
        }

        Array.Clear(pages);
        empty = true;
    }

    public void Dispose() => NativeMemory.AlignedFree(user);

    private static uint Index(uint eip) => (eip ^ eip >> 12) & Entries - 1;

    private void NotePage(uint linear) => pages[linear >> 12 & 1023] = true;
}
