namespace LguestPS.Segments;

/// <summary>A segment descriptor (Intel SDM volume 3, 3.4.5).</summary>
/// <param name="value">Its eight bytes.</param>
internal readonly struct SegmentDescriptor(ulong value)
{
    private uint High => (uint)(value >> 32);

    public uint Base => (uint)(value >> 16) & 0xFFFFFF | High & 0xFF000000;

    /// <summary>Offset of the last byte, or of the last before the first for one that expands down.</summary>
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

    /// <summary>The four bits that say what it is.</summary>
    public uint Type => High >> 8 & 15;

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
