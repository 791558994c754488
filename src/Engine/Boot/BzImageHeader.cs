using System.Buffers.Binary;
using System.Text;

namespace LguestPS.Boot;

/// <summary>What the setup header of a bzImage says about the kernel (Linux: Documentation/x86/boot.rst).</summary>
internal static class BzImageHeader
{
    private const int SectorSize = 512;
    private const int DefaultSetupSectors = 4;

    private const int SetupSectors = 0x1F1;
    private const int SystemSize = 0x1F4;
    private const int Magic = 0x202;
    private const int Protocol = 0x206;
    private const int VersionText = 0x20E;
    private const int LoadFlags = 0x211;
    private const int Code32Start = 0x214;
    private const int KernelAlignment = 0x230;
    private const int LoadFlags64 = 0x236;
    private const int PayloadOffset = 0x248;
    private const int PayloadLength = 0x24C;
    private const int PreferredAddress = 0x258;
    private const int InitSize = 0x260;

    private const int LongestVersionText = 256;
    private const int ParagraphSize = 16;

    private const ushort ProtocolWithAlignment = 0x205;
    private const ushort ProtocolWithPayload = 0x208;
    private const ushort ProtocolWithInitSize = 0x20A;
    private const ushort ProtocolWithLoadFlags64 = 0x20C;

    /// <summary>What kernels from 2.6.31 on are aligned to, unless they are built otherwise.</summary>
    public const uint UsualAlignment = 16 << 20;

    public static bool IsBzImage(ReadOnlySpan<byte> file) => file.Length > Magic + 4 && file[Magic..].StartsWith("HdrS"u8);

    /// <summary>Bytes before the part that runs in protected mode; this may be more than the file has.</summary>
    public static int SetupSize(ReadOnlySpan<byte> file) => ((file[SetupSectors] == 0 ? DefaultSetupSectors : file[SetupSectors]) + 1) * SectorSize;

    /// <summary>What the kernel calls itself, such as <c>2.6.23 (user@host) #1 …</c>; null if it does not say.</summary>
    public static string? Version(ReadOnlySpan<byte> file)
    {
        int at = Word(file, VersionText) + SectorSize;
        if (at == SectorSize || at >= file.Length) return null;
        ReadOnlySpan<byte> text = file[at..Math.Min(file.Length, at + LongestVersionText)];
        int end = text.IndexOf((byte)0);
        return end > 0 ? Encoding.Latin1.GetString(text[..end]) : null;
    }

    /// <summary>Whether the kernel says that it is entered in 64-bit mode; old ones do not say.</summary>
    public static bool Is64Bit(ReadOnlySpan<byte> file) => Word(file, Protocol) >= ProtocolWithLoadFlags64 && (Word(file, LoadFlags64) & 1) != 0;

    /// <summary>Whether the kernel is loaded at 1 MiB, as every bzImage is; a zImage is loaded below 640 KiB.</summary>
    public static bool IsLoadedHigh(ReadOnlySpan<byte> file) => file.Length > LoadFlags && (file[LoadFlags] & 1) != 0;

    /// <summary>The packed kernel as far as the file has it, if the header says where that is.</summary>
    public static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> file)
    {
        (int at, int length) = PayloadRange(file);
        return file.Slice(at, length);
    }

    /// <summary>Where in the file the packed kernel is, as far as the file has it; nothing if the header does not say.</summary>
    public static (int At, int Length) PayloadRange(ReadOnlySpan<byte> file)
    {
        if (Word(file, Protocol) < ProtocolWithPayload || file.Length < PayloadLength + 4) return default;
        long at = SetupSize(file) + (long)DoubleWord(file, PayloadOffset);
        return at < file.Length ? ((int)at, (int)Math.Min(DoubleWord(file, PayloadLength), file.Length - at)) : default;
    }

    /// <summary>The physical address at which the part that runs in protected mode is entered.</summary>
    public static uint EntryPoint(ReadOnlySpan<byte> file) => DoubleWord(file, Code32Start);

    /// <summary>What the kernel's place in memory is a multiple of.</summary>
    public static uint Alignment(ReadOnlySpan<byte> file) =>
        Word(file, Protocol) >= ProtocolWithAlignment && DoubleWord(file, KernelAlignment) is var alignment and not 0 ? alignment : UsualAlignment;

    /// <summary>Where the kernel is unpacked, for headers that also say how much room that takes.</summary>
    public static uint PlaceToUnpack(ReadOnlySpan<byte> file)
    {
        ulong alignment = Alignment(file), aligned = (BzImage.LoadAddress + alignment - 1) / alignment * alignment;
        // One that cannot be moved, and a later one that would come lower, is unpacked where it was linked for.
        uint preferred = Word(file, Protocol) >= ProtocolWithInitSize ? DoubleWord(file, PreferredAddress) : 0;
        return (uint)Math.Min(Math.Max(aligned, preferred), uint.MaxValue);
    }

    /// <summary>How much room it takes there until it runs; 0 if the header is too old to say.</summary>
    public static uint SizeToUnpack(ReadOnlySpan<byte> file) => Word(file, Protocol) >= ProtocolWithInitSize ? DoubleWord(file, InitSize) : 0;

    /// <summary>Bytes the whole file has at least, by its header.</summary>
    public static long WholeSize(ReadOnlySpan<byte> file)
    {
        // The last paragraph need not be full.
        long paragraphs = BinaryPrimitives.ReadUInt32LittleEndian(file[SystemSize..]);
        return paragraphs == 0 ? 0 : SetupSize(file) + (paragraphs - 1) * ParagraphSize;
    }

    private static uint DoubleWord(ReadOnlySpan<byte> file, int at) => at + 4 <= file.Length ? BinaryPrimitives.ReadUInt32LittleEndian(file[at..]) : 0;

    private static int Word(ReadOnlySpan<byte> file, int at) => at + 2 <= file.Length ? BinaryPrimitives.ReadUInt16LittleEndian(file[at..]) : 0;
}
