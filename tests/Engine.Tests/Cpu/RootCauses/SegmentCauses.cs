using static LguestPS.Tests.Cpu.RootCauses.LocalSegments;
using static LguestPS.Tests.Cpu.RootCauses.RootCause;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>Limits at both ends, kinds of segments, and null selectors, for data. Each code first touches what it may, so that the page is known.</summary>
internal static class SegmentCauses
{
    /// <summary>movl %fs:0x10,%eax, which is 0.</summary>
    private const string Known = "64 A1 10 00 00 00";
    private const string KnownDown = "64 A1 00 02 00 00";

    /// <summary>An operand of every size at (%edx) in fs, and its bytes.</summary>
    private static readonly (string Name, string Code, uint Bytes, bool Writes)[] operands =
    [
        ("byte", "64 8A 0A", 1, false), ("word", "66 64 8B 0A", 2, false), ("double word", "64 8B 0A", 4, false), ("quad word", "64 0F 6F 0A", 8, false),
        ("x87 word", "64 DE 02", 2, false), ("x87 single", "64 D8 02", 4, false), ("x87 double", "64 DC 02", 8, false), ("x87 extended", "64 DB 2A", 10, false),
        ("x87 decimal", "64 DF 22", 10, false), ("environment", "64 D9 22", 28, false), ("x87 state", "64 DD 22", 108, false), ("vector", "64 0F 10 0A", 16, false),
        ("scalar", "F3 64 0F 10 0A", 4, false), ("double", "F2 64 0F 10 0A", 8, false), ("far pointer", "64 C4 0A", 6, false), ("bounds", "64 62 0A", 8, false),
        ("stored byte", "64 88 02", 1, true), ("stored word", "66 64 89 02", 2, true), ("stored double word", "64 89 02", 4, true), ("stored vector", "64 0F 11 02", 16, true),
        ("stored quad word", "66 64 0F D6 02", 8, true), ("stored x87 extended", "D9 EE 64 DB 3A", 10, true), ("added", "64 01 02", 4, true), ("stored environment", "64 D9 32", 28, true),
        ("exchanged", "64 87 02", 4, true), ("cmpxchg8b", "64 0F C7 0A", 8, true), ("popped", "64 8F 02", 4, true), ("pushed", "64 FF 32", 4, false),
    ];

    public static readonly RootCause[] All =
    [
        .. from operand in operands
           from beyond in ((uint[])[1, operand.Bytes / 2, operand.Bytes]).Where(bytes => bytes > 0).Distinct()
           select Refused($"{operand.Name}, {beyond} bytes beyond the limit", operand.Code, ShortLimit + 1 - operand.Bytes + beyond, Short),
        .. from operand in operands
           where operand.Bytes > 1
           select Refused($"{operand.Name} over the end of the offsets", operand.Code, uint.MaxValue, Short),
        .. from operand in operands
           where operand.Bytes > 1
           select Refused($"{operand.Name} half below a segment that grows down", operand.Code, 0xFF, Down),
        .. from operand in operands
           where operand.Writes
           select Refused($"{operand.Name} in a read-only segment", operand.Code, 0x20, ReadOnly),
        .. from operand in operands
           where operand.Writes
           select Refused($"{operand.Name} in a segment for code", operand.Code, 0x20, ReadableCode),
        .. from operand in operands
           select new RootCause($"{operand.Name} through a null selector", RootCauseList.Code(operand.Code), Gp) { Edx = Rw, Fs = -1 },

        Kept("a double word at the limit", "64 8B 0A", ShortLimit - 3, Short),
        Kept("an x87 extended at the limit", "64 DB 2A", ShortLimit - 9, Short),
        Kept("a vector at the limit", "64 0F 10 0A", ShortLimit - 15, Short),
        Kept("the first word of a segment that grows down", "64 8B 0A", 0x100, Down),
        Kept("lea through a null selector", "64 8D 0A", 0, -1),
        Kept("a hint through a null selector", "64 0F 1F 02", 0, -1),
        Kept("a prefetch through a null selector", "64 0F 18 02", 0, -1),
        Kept("16-bit addresses wrap", "67 64 8B 4F FF", 0, Short) with { Ebx = 0xAAAA0011 },
        Refused("16-bit addresses stay below the limit", "67 64 8B 4F FF", 0, Short) with { Ebx = 0xAAAA0000 },
        Refused("a byte just below a segment that grows down", "64 8A 0A", 0xFF, Down),
        Refused("a word over the top of a segment that grows down", "64 8B 0A", 0xFFFFFFFD, Down),
        Fault("the top of a segment that grows down", "64 8B 0A", 0xFFFFFFFC, Down, 4, Rw - 4),
        Refused("a word over 64 KiB in a 16-bit segment that grows down", "64 8B 0A", 0xFFFD, Down16),
        Refused("an offset of 64 KiB in a 16-bit segment that grows down", "64 8A 0A", 0x10000, Down16),
        Fault("the top of a 16-bit segment that grows down", "64 8B 0A", 0xFFFC, Down16, 4, Rw + 0xFFFC),
        Refused("the limit comes before a missing page", "64 8B 0A", 0x1FFD, PageShort),
        Refused("the limit comes before a page that may not be written", "64 89 02", 0x2000, PageShort),
        Fault("a read-only page within the limit", "64 89 02", 0x1000, PageShort, 7, Ro),
        Refused("the kind of a segment comes before a page that may not be written", "64 89 02", 0x20, ReadOnly),
        Refused("cmpxchg that would not write, in a read-only segment", "64 0F B1 0A", 0x20, ReadOnly),
        Refused("a shift by 0 in a read-only segment", "64 C1 22 00", 0x20, ReadOnly),
        new("a store through cs", RootCauseList.Code("2E 89 02"), Gp) { Edx = Rw },
        new("a store through cs to a missing page", RootCauseList.Code("2E 89 02"), Gp) { Edx = Absent },
        Refused("bits far beyond the limit", "64 0F AB 02", 0xF0, Short) with { Code = RootCauseList.Code("64 0F AB 02"), Eax = 0x80 },
        Refused("bits far before the segment", "64 0F B3 02", 0, Short) with { Code = RootCauseList.Code("64 0F B3 02"), Eax = 0xFFFFFFFF },
        Refused("fxsave beyond the limit", "64 0F AE 02", 0, Short),
        Refused("fnsave beyond the limit", "64 DD 32", 0xA0, Short),

        new("stos through a null es", RootCauseList.Code("AB"), Gp) { Es = -1, Edi = Rw },
        new("movs through a null ds", RootCauseList.Code("A5"), Gp) { Ds = -1, Esi = Rw, Edi = Rw },
        new("rep stos that reaches the limit", RootCauseList.Code("F3 AA"), Gp) { Es = Short, Edi = 0xFE, Ecx = 5, Eax = 0, Changes = [(Gpr.Edi, 0x100), (Gpr.Ecx, 3)] },
        new("rep stos of words of which the last is half beyond the limit", RootCauseList.Code("F3 AB"), Gp) { Es = Short, Edi = 0xFA, Ecx = 5, Eax = 0, Changes = [(Gpr.Edi, 0xFE), (Gpr.Ecx, 4)] },
        new("rep movs from beyond the limit", RootCauseList.Code("64 F3 A5"), Gp) { Fs = Short, Esi = 0xF8, Edi = Rw, Ecx = 5, Changes = [(Gpr.Esi, 0x100), (Gpr.Edi, Rw + 8), (Gpr.Ecx, 3)] },
        new("rep movs downwards below a segment that grows down", RootCauseList.Code("64 F3 A4"), Gp)
            { Fs = Down, Esi = 0x101, Edi = Rw + 0x20, Ecx = 5, Eflags = 0x602, Changes = [(Gpr.Esi, 0xFF), (Gpr.Edi, Rw + 0x1E), (Gpr.Ecx, 3)] },
        new("repe cmps that reaches the limit", RootCauseList.Code("64 F3 A6"), Gp)
            { Fs = Short, Esi = 0xFC, Edi = Rw, Ecx = 9, Eflags = 0x293, Flags = 0x44, ProcessorsDiffer = "Intel's restore the flags from before the instruction", Changes = [(Gpr.Esi, 0x100), (Gpr.Edi, Rw + 4), (Gpr.Ecx, 5)] },
        new("rep stos to a read-only segment with a count of 0", RootCauseList.Code("F3 AB"), NoFault) { Es = ReadOnly, Edi = 0x20, Ecx = 0 },
        new("movs to a read-only segment", RootCauseList.Code("A5"), Gp) { Es = ReadOnly, Edi = 0x20, Esi = Rw },
    ];

    /// <summary>Something after an access that the segment allows.</summary>
    private static RootCause Refused(string name, string code, uint offset, int segment) =>
        new($"{name}: #GP", RootCauseList.Code($"{(segment is Down or Down16 ? KnownDown : Known)} {code}"), Gp) { Edx = offset, Fs = segment, Eax = 0 };

    private static RootCause Fault(string name, string code, uint offset, int segment, uint error, uint address) =>
        Refused(name, code, offset, segment) with { Name = name, Trap = Pf, Error = error, Address = address };

    private static RootCause Kept(string name, string code, uint offset, int segment) =>
        new(name, RootCauseList.Code(code), NoFault) { Edx = offset, Fs = segment };
}
