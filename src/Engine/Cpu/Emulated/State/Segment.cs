using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>A segment register's hidden part.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Segment
{
    /// <summary>An operand of up to 8 bytes at an offset below this one is certainly inside the limit and may be read; 0 if that must be looked at each time.</summary>
    public ulong ReadEnd;
    public ulong WriteEnd;
    public uint Base;

    /// <summary>In bytes.</summary>
    public uint Limit;
    public ushort Selector;
    public SegmentTraits Traits;

    public readonly bool IsFlat => Base == 0 && Limit == uint.MaxValue && (Traits & (SegmentTraits.Usable | SegmentTraits.ExpandDown)) == SegmentTraits.Usable;

    public static Segment Null(ushort selector) => new() { Selector = selector };

    public static Segment From(ushort selector, Descriptor descriptor)
    {
        Segment segment = new() { Selector = selector, Base = descriptor.Base, Limit = descriptor.Limit, Traits = SegmentTraits.Usable };
        if (descriptor.IsReadable) segment.Traits |= SegmentTraits.Readable;
        if (descriptor.IsWritable) segment.Traits |= SegmentTraits.Writable;
        if (descriptor.IsExpandDown) segment.Traits |= SegmentTraits.ExpandDown;
        if (descriptor.IsBig) segment.Traits |= SegmentTraits.Big;

        ulong end = segment.Limit == uint.MaxValue ? 1UL << 32 : segment.Limit >= 7 ? segment.Limit - 7UL + 1 : 0;
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

/// <summary>A segment descriptor (Intel SDM volume 3, 3.4.5).</summary>
internal readonly struct Descriptor(ulong value)
{
    private uint High => (uint)(value >> 32);

    public uint Base => (uint)(value >> 16) & 0xFFFFFF | High & 0xFF000000;

    public uint Limit
    {
        get
        {
            uint limit = (uint)value & 0xFFFF | High & 0xF0000;
            return (High & 1 << 23) != 0 ? limit << 12 | 0xFFF : limit;
        }
    }

    /// <summary>The access rights as <c>lar</c> shows them.</summary>
    public uint AccessRights => High & 0x00FFFF00;

    public bool IsPresent => (High & 1 << 15) != 0;
    public int PrivilegeLevel => (int)(High >> 13) & 3;
    public bool IsCodeOrData => (High & 1 << 12) != 0;
    public bool IsCode => IsCodeOrData && (High & 1 << 11) != 0;
    public bool IsData => IsCodeOrData && (High & 1 << 11) == 0;
    public bool IsConforming => IsCode && (High & 1 << 10) != 0;
    public bool IsExpandDown => IsData && (High & 1 << 10) != 0;
    public bool IsReadable => IsData || IsCode && (High & 1 << 9) != 0;
    public bool IsWritable => IsData && (High & 1 << 9) != 0;
    public bool IsBig => (High & 1 << 22) != 0;
}
