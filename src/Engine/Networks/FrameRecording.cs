using System.Buffers.Binary;
using LguestPS.Files;

namespace LguestPS.Networks;

/// <summary>A frame and when the guest got it, in guest nanoseconds.</summary>
internal sealed record RecordedFrame(long Time, byte[] Bytes);

/// <summary>Reads the frames for the guest from a pcapng file.</summary>
/// <remarks>Blocks and options it does not know are skipped, as the format asks. Frames without a direction are not the guest's.</remarks>
internal sealed class FrameRecording
{
    private const long LargestFile = 1L << 30;
    private const int MostInterfaces = 256;

    private readonly string path;
    private readonly byte[] file;
    private readonly List<RecordedFrame> frames = [];
    private readonly List<(ushort LinkType, byte Resolution)> interfaces = [];
    private bool swapped;

    private FrameRecording(string path, byte[] file)
    {
        this.path = path;
        this.file = file;
    }

    /// <exception cref="LguestException">FileUnavailable; or InvalidImage with what is wrong where.</exception>
    public static IReadOnlyList<RecordedFrame> Read(string path)
    {
        FrameRecording recording = new(path, ReadFile(path));
        recording.ReadBlocks();
        return recording.frames;
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            return HostFile.ReadAll(path, LargestFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"replay '{path}': {e.Message}", e) { Path = path };
        }
    }

    private void ReadBlocks()
    {
        if (file.Length < Pcapng.BlockOverhead || BinaryPrimitives.ReadUInt32LittleEndian(file) != Pcapng.SectionHeader) throw Damaged(0, "it is not a pcapng file");
        for (int at = 0; at < file.Length;)
        {
            if (file.Length - at < Pcapng.BlockOverhead) throw Damaged(at, "it ends inside a block");
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));      // this one type is a palindrome
            if (type == Pcapng.SectionHeader) BeginSection(at);
            else type = Read32(at);

            uint length = Read32(at + 4);
            if (length < Pcapng.BlockOverhead || length % 4 != 0) throw Damaged(at, $"a block cannot have {length} bytes");
            if (length > file.Length - at) throw Damaged(at, "it ends inside a block");
            int end = at + (int)length - 4;
            if (Read32(end) != length) throw Damaged(end, "a block's two lengths differ");
            if (type == Pcapng.InterfaceDescription) ReadInterface(at + 8, end);
            else if (type == Pcapng.EnhancedPacket) ReadPacket(at + 8, end);
            at = end + 4;
        }
    }

    private void BeginSection(int at)
    {
        const int MagicAt = 8;
        if (file.Length - at < MagicAt + 8 + Pcapng.BlockOverhead) throw Damaged(at, "it ends inside a block");
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + MagicAt));
        if (magic is not (Pcapng.ByteOrderMagic or Pcapng.SwappedByteOrderMagic)) throw Damaged(at + MagicAt, "a section has no byte order");
        swapped = magic == Pcapng.SwappedByteOrderMagic;
        if (Read16(at + MagicAt + 4) != Pcapng.Version) throw Damaged(at + MagicAt + 4, $"it has version {Read16(at + MagicAt + 4)} of the format, not {Pcapng.Version}");
        interfaces.Clear();
    }

    private void ReadInterface(int at, int end)
    {
        const byte Microseconds = 6;
        const int OptionsAt = 8;
        if (end - at < OptionsAt) throw Damaged(at, "an interface is too short");
        if (interfaces.Count == MostInterfaces) throw Damaged(at, $"it has more than {MostInterfaces} interfaces");
        ReadOnlySpan<byte> said = FindOption(Pcapng.TimeResolution, at + OptionsAt, end);
        byte resolution = said.IsEmpty ? Microseconds : said[0];
        if (resolution > Pcapng.Nanoseconds) throw Damaged(at, "its times are not in tenths, hundredths, … or nanoseconds");
        interfaces.Add((Read16(at), resolution));
    }

    private void ReadPacket(int at, int end)
    {
        const int DataAt = 20;
        if (end - at < DataAt) throw Damaged(at, "a packet is too short");
        uint number = Read32(at);
        if (number >= interfaces.Count) throw Damaged(at, $"a packet names interface {number}, which does not exist");
        uint length = Read32(at + 12);
        if (length > end - at - DataAt) throw Damaged(at + 12, $"a packet of {length} bytes does not fit into its block");
        (ushort linkType, byte resolution) = interfaces[(int)number];
        int options = Math.Min(end, at + DataAt + Pcapng.Padded((int)length));
        ReadOnlySpan<byte> flags = FindOption(Pcapng.PacketFlags, options, end);
        if (flags.Length != sizeof(uint) || DirectionOf(flags) != FrameDirection.ToGuest) return;
        if (linkType != Pcapng.LinkTypeEthernet) throw Damaged(at, $"a packet is of link type {linkType}, not Ethernet ({Pcapng.LinkTypeEthernet})");
        if (length is < NetworkPort.ShortestFrame or > NetworkPort.LongestFrame) throw Damaged(at + 12, $"a frame for the guest has {length} bytes; {NetworkPort.ShortestFrame} to {NetworkPort.LongestFrame} are possible");

        ulong units = (ulong)Read32(at + 4) << 32 | Read32(at + 8);
        for (byte digit = resolution; digit < Pcapng.Nanoseconds; digit++)
        {
            if (units > long.MaxValue / 10) throw Damaged(at + 4, "a time is too large");
            units *= 10;
        }
        if (units > long.MaxValue / 2) throw Damaged(at + 4, "a time is too large");
        long time = (long)units;
        if (frames.Count != 0 && time < frames[^1].Time) throw Damaged(at + 4, "a frame for the guest is earlier than the one before it");
        frames.Add(new RecordedFrame(time, file.AsSpan(at + DataAt, (int)length).ToArray()));
    }

    private FrameDirection DirectionOf(ReadOnlySpan<byte> flags) =>
        (FrameDirection)((swapped ? BinaryPrimitives.ReadUInt32BigEndian(flags) : BinaryPrimitives.ReadUInt32LittleEndian(flags)) & Pcapng.DirectionMask);

    private ReadOnlySpan<byte> FindOption(ushort wanted, int at, int end)
    {
        while (end - at >= 4)
        {
            ushort code = Read16(at);
            int length = Read16(at + 2);
            if (code == Pcapng.EndOfOptions) break;
            if (length > end - at - 4) throw Damaged(at, "an option does not fit into its block");
            if (code == wanted) return file.AsSpan(at + 4, length);
            at += 4 + Pcapng.Padded(length);
        }
        return [];
    }

    private ushort Read16(int at) => swapped ? BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at)) : BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));

    private uint Read32(int at) => swapped ? BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at)) : BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));

    private LguestException Damaged(int at, string what) =>
        new(LguestError.InvalidImage, $"replay '{path}' cannot be used: {what} (at byte {at})") { Path = path };
}
