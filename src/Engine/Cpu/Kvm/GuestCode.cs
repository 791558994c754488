using Iced.Intel;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Cpu.Kvm;

/// <summary>The bytes of the instruction a guest stands at, read through its own page tables.</summary>
internal readonly ref struct GuestCode
{
    public const int LongestInstruction = 15;

    /// <summary>Bytes of <c>int n</c>.</summary>
    public const uint InterruptLength = 2;

    /// <summary>Bytes of <c>vmcall</c> and <c>vmmcall</c>.</summary>
    public const uint VmcallLength = 3;

    private readonly ReadOnlySpan<byte> bytes;
    private readonly uint eip;

    private GuestCode(ReadOnlySpan<byte> bytes, uint eip, uint? firstFrame, uint? lastFrame)
    {
        this.bytes = bytes;
        this.eip = eip;
        (FirstFrame, LastFrame) = (firstFrame, lastFrame);
    }

    /// <summary>The page frame it begins in, or null if none of it can be read.</summary>
    public uint? FirstFrame { get; }

    /// <summary>The page frame of the last byte that could be read.</summary>
    public uint? LastFrame { get; }

    /// <summary>Whether it works on the registers of the x87 or of vectors.</summary>
    public bool IsFloatingPoint => Opcode is [>= 0xD8 and <= 0xDF, ..] or [0x9B, ..]
        or [0x0F, (>= 0x10 and <= 0x17) or (>= 0x28 and <= 0x2F) or 0x38 or 0x3A or (>= 0x50 and <= 0x7F)
            or 0xAE or 0xC2 or (>= 0xC4 and <= 0xC6) or >= 0xD0, ..];

    /// <summary>rdtsc.</summary>
    public bool IsReadTimeStamp => Opcode is [0x0F, 0x31, ..];

    /// <summary>cpuid.</summary>
    public bool IsIdentify => Opcode is [0x0F, 0xA2, ..];

    /// <summary>vmcall or vmmcall.</summary>
    public bool IsVmcall => bytes is [0x0F, 0x01, 0xC1 or 0xD9, ..];

    /// <summary>The vector of int n, int3 or into; null for any other.</summary>
    public byte? SoftwareVector => Opcode switch
    {
        [0xCD, byte vector, ..] => vector,
        [0xCC, ..] => Vector.Breakpoint,
        [0xCE, ..] => Vector.Overflow,
        _ => null,
    };

    /// <summary>Length in bytes; 0 if it is not one.</summary>
    public int Length => Decode(bytes.ToArray(), eip).Length;

    private ReadOnlySpan<byte> Opcode
    {
        get
        {
            int prefixes = 0;
            while (prefixes < bytes.Length && bytes[prefixes] is 0x66 or 0x67 or 0xF0 or 0xF2 or 0xF3 or 0x26 or 0x2E or 0x36 or 0x3E or 0x64 or 0x65) prefixes++;
            return bytes[prefixes..];
        }
    }

    /// <param name="tables">The guest's page tables.</param>
    /// <param name="pageDirectory">Its current page directory.</param>
    /// <param name="eip">The address in the code segment.</param>
    /// <param name="segmentBase">Where that starts.</param>
    /// <param name="buffer">Room for <see cref="LongestInstruction"/> bytes.</param>
    public static GuestCode Read(PageTables tables, uint pageDirectory, uint eip, uint segmentBase, Span<byte> buffer)
    {
        uint linear = segmentBase + eip;
        uint? first = null, last = null;
        int count = 0;
        while (count < LongestInstruction)
        {
            Translation translation = tables.Walk(pageDirectory, linear + (uint)count, PageAccess.Read);
            if (!translation.Ok) break;
            int inPage = (int)(GuestMemory.PageSize - (translation.Physical & GuestMemory.PageSize - 1));
            int part = Math.Min(LongestInstruction - count, inPage);
            tables.Memory.Read(translation.Physical, (uint)part).CopyTo(buffer[count..]);
            last = translation.Physical >> GuestMemory.PageShift;
            first ??= last;
            count += part;
        }
        return new GuestCode(buffer[..count], eip, first, last);
    }

    /// <summary>What says it in words, now or later.</summary>
    public Func<string> Describe()
    {
        (byte[] kept, uint at) = (bytes.ToArray(), eip);
        return () =>
        {
            Instruction instruction = Decode(kept, at);
            return instruction.IsInvalid ? $"the bytes {Convert.ToHexString(kept)}" : $"'{instruction}'";
        };
    }

    private static Instruction Decode(byte[] bytes, uint eip) => Decoder.Create(32, bytes, eip).Decode();
}
