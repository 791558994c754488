using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>One page's translation. A tag is a page's linear address, perhaps with <see cref="LongWay"/> set, or <see cref="NoTag"/>.</summary>
/// <remarks>
/// An access compares the tag with the page of its <em>last</em> byte in the entry of its <em>first</em>:
/// one compare that also sends accesses across a page the slow way.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TlbEntry
{
    public const int Entries = 1024;
    public const uint PageMask = 0xFFFFF000;

    /// <summary>How far after an entry its addend is: those of both TLBs follow all entries, so that machine code finds either by one index.</summary>
    public const int AddendOffset = 2 * Entries * sizeof(ulong);

    /// <summary>An entry has 8 bytes.</summary>
    private const int SizeShift = 3;

    /// <summary>Equals no page address.</summary>
    public const uint NoTag = uint.MaxValue;

    /// <summary>In a tag: the translation stands, but somebody must see the access, so it equals no page and a fast handler passes it on.</summary>
    public const uint LongWay = 1;

    /// <summary>Takes the long way if the host watches what is read in the page.</summary>
    public uint ReadTag;

    /// <summary>
    /// There only if the page is writable and dirty; takes the long way if it holds translated code, is not known to have changed since the last
    /// checkpoint, or the host watches something in it.
    /// </summary>
    public uint WriteTag;

    /// <summary>Host address minus linear address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref nint AddendOf(TlbEntry* entry) => ref *(nint*)((byte*)entry + AddendOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TlbEntry* For(TlbEntry* tlb, uint linear) =>
        // tlb + (linear >> 12) % Entries, with one shift less on the way to every memory operand.
        (TlbEntry*)((byte*)tlb + (linear >> 12 - SizeShift & Entries - 1 << SizeShift));
}
