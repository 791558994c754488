namespace LguestPS.Networks;

/// <summary>Which way a frame went; the numbers are those of pcapng, which takes the guest's view.</summary>
internal enum FrameDirection
{
    Unknown = 0,
    ToGuest = 1,
    FromGuest = 2,
}

/// <summary>The numbers of the pcapng format (draft-ietf-opsawg-pcapng), which network analysers read.</summary>
internal static class Pcapng
{
    // Block types.
    public const uint SectionHeader = 0x0A0D0D0A;
    public const uint InterfaceDescription = 1;
    public const uint EnhancedPacket = 6;

    public const uint ByteOrderMagic = 0x1A2B3C4D;
    public const uint SwappedByteOrderMagic = 0x4D3C2B1A;
    public const ushort Version = 1;
    public const ushort LinkTypeEthernet = 1;

    /// <summary>Bytes of a block's type and two lengths, around its body.</summary>
    public const int BlockOverhead = 12;

    // Options.
    public const ushort EndOfOptions = 0;
    public const ushort UserApplication = 4;        // of a section
    public const ushort InterfaceName = 2;          // of an interface
    public const ushort TimeResolution = 9;         // of an interface
    public const ushort PacketFlags = 2;            // of a packet

    /// <summary>Units of 10⁻⁹ seconds.</summary>
    public const byte Nanoseconds = 9;

    /// <summary>The part of a packet's flags that is a <see cref="FrameDirection"/>.</summary>
    public const uint DirectionMask = 3;

    /// <summary>Everything begins at multiples of four bytes.</summary>
    public static int Padded(int length) => (length + 3) & ~3;
}
