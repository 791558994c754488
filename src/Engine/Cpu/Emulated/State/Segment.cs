using System.Runtime.InteropServices;
using LguestPS.Segments;

namespace LguestPS.Cpu.Emulated;

/// <summary>A segment register's hidden part.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Segment
{
    /// <summary>The most bytes after its first that an operand has: vectors have 16.</summary>
    private const uint MostAfterFirst = 15;

    /// <summary>An operand of up to 16 bytes at an offset below this one is certainly inside the limit and may be read; 0 if that must be looked at each time.</summary>
    public ulong ReadEnd;
    public ulong WriteEnd;
    public uint Base;

    /// <summary>In bytes.</summary>
    public uint Limit;
    public ushort Selector;
    public SegmentTraits Traits;

    public readonly bool IsFlat => Base == 0 && Limit == uint.MaxValue && (Traits & (SegmentTraits.Usable | SegmentTraits.ExpandDown)) == SegmentTraits.Usable;

    public static Segment Null(ushort selector) => new() { Selector = selector };

    public static Segment From(ushort selector, SegmentDescriptor descriptor)
    {
        Segment segment = new() { Selector = selector, Base = descriptor.Base, Limit = descriptor.Limit, Traits = SegmentTraits.Usable };
        if (descriptor.IsReadable) segment.Traits |= SegmentTraits.Readable;
        if (descriptor.IsWritable) segment.Traits |= SegmentTraits.Writable;
        if (descriptor.IsExpandDown) segment.Traits |= SegmentTraits.ExpandDown;
        if (descriptor.IsBig) segment.Traits |= SegmentTraits.Big;

        ulong end = segment.Limit == uint.MaxValue ? 1UL << 32 : segment.Limit >= MostAfterFirst ? segment.Limit - MostAfterFirst + 1UL : 0;
        if (descriptor.IsExpandDown) end = 0;
        if (descriptor.IsReadable) segment.ReadEnd = end;
        if (descriptor.IsWritable) segment.WriteEnd = end;
        return segment;
    }

    /// <summary>True if all <paramref name="bytes"/> from <paramref name="offset"/> on are inside the segment.</summary>
    public readonly bool Contains(uint offset, uint bytes)
    {
        ulong last = (ulong)offset + bytes - 1;
        if ((Traits & SegmentTraits.ExpandDown) == 0) return last <= Limit || Limit == uint.MaxValue;
        return offset > Limit && last <= ((Traits & SegmentTraits.Big) != 0 ? uint.MaxValue : 0xFFFFu);
    }
}

[Flags]
internal enum SegmentTraits : byte
{
    None = 0,

    /// <summary>Not loaded with a null selector.</summary>
    Usable = 1,
    Readable = 2,
    Writable = 4,
    ExpandDown = 8,

    /// <summary>The D/B bit: 32-bit code, or a stack that uses esp.</summary>
    Big = 16,
}
