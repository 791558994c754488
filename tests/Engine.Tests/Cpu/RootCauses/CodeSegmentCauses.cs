using static LguestPS.Tests.Cpu.RootCauses.LocalSegments;
using static LguestPS.Tests.Cpu.RootCauses.RootCause;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>Code that leaves its segment.</summary>
internal static class CodeSegmentCauses
{
    private const uint Beyond = CodeLimit + 0x20;

    public static readonly RootCause[] All =
    [
        Refused("running over the limit", "90 90", CodeLimit - 1, at: 2),
        Refused("an instruction half beyond the limit", "B8 11 22 33 44", CodeLimit - 2),
        Refused("a jump beyond the limit", $"E9 {Relative(5)}", 0x100),
        Refused("a call beyond the limit", $"E8 {Relative(5)}", 0x100),
        Refused("a branch beyond the limit", $"0F 84 {Relative(6)}", 0x100) with { Eflags = 0x242 },
        Refused("a short branch beyond the limit", "74 20", CodeLimit - 0x10) with { Eflags = 0x242 },
        Refused("a loop beyond the limit", "E2 20", CodeLimit - 0x10) with { Ecx = 5 },
        Refused("jecxz beyond the limit", "E3 20", CodeLimit - 0x10) with { Ecx = 0 },
        new("a branch beyond the limit that is not taken", RootCauseList.Code($"0F 84 {Relative(6)}"), NoFault) { Cs = ShortCode, Eip = 0x100 },
        Refused("a jump through a register beyond the limit", "FF E2", 0x100) with { Edx = Beyond },
        Refused("a call through a register beyond the limit", "FF D2", 0x100) with { Edx = Beyond },
        Refused("a jump through memory beyond the limit", "FF 22", 0x100) with { Edx = Rw + 0x40, Word = (Rw + 0x40, Beyond) },
        Refused("a call through memory beyond the limit", "FF 12", 0x100) with { Edx = Rw + 0x40, Word = (Rw + 0x40, Beyond) },
        Refused("a return beyond the limit", "C3", 0x100) with { Word = (Rw + 0x800, Beyond) },
        Refused("a return that releases arguments, beyond the limit", "C2 08 00", 0x100) with { Word = (Rw + 0x800, Beyond) },
        Refused("a call beyond the limit with nowhere to push: by Intel's manual the limit counts", $"E8 {Relative(5)}", 0x100) with { Esp = Ro + 4, OtherTrap = Pf },
        new("the limit comes before a missing page of code", RootCauseList.Code("B8 11 22 33 44"), Gp) { Cs = PageCode, CodeOffset = 0xFFE, Eip = 0xFFE },
        new("a jump to just beyond the last page", RootCauseList.Code("FF E2"), Gp) { Cs = PageCode, CodeOffset = 0x100, Eip = 0x100, Edx = 0x1000 },
        new("a read through cs beyond the limit", RootCauseList.Code("2E 8B 02"), Gp) { Cs = ShortCode, Eip = 0x100, Edx = CodeLimit - 2 },
        new("a read through cs at the limit", RootCauseList.Code("2E 8B 02"), NoFault) { Cs = ShortCode, Eip = 0x100, Edx = CodeLimit - 3 },
        new("a read through a cs for execution alone", RootCauseList.Code("2E 8B 02"), Gp) { Cs = ExecuteOnly, Eip = 0x100, Edx = 0x100 },
        new("a far jump beyond its segment's limit", RootCauseList.Code("EA A0 01 00 00 00 00"), Gp) { SelectorInCode = (5, ShortCode) },
        new("a far call beyond its segment's limit", RootCauseList.Code("9A A0 01 00 00 00 00"), Gp) { SelectorInCode = (5, ShortCode), ProcessorsDiffer = "both words may be pushed by then" },
        new("a far jump to a segment that is missing", RootCauseList.Code("EA A0 01 00 00 00 00"), Np) { SelectorInCode = (5, MissingCode), ErrorSegment = MissingCode },
        new("a far call to a segment that is missing", RootCauseList.Code("9A A0 01 00 00 00 00"), Np) { SelectorInCode = (5, MissingCode), ErrorSegment = MissingCode },
        new("a far jump to data", RootCauseList.Code("EA 00 01 00 00 00 00"), Gp) { SelectorInCode = (5, Short), ErrorSegment = Short },
        new("a far call to a null selector", RootCauseList.Code("9A 00 01 00 00 00 00"), Gp),
        new("a far call to a missing segment with nowhere to push: the segment counts", RootCauseList.Code("9A A0 01 00 00 00 00"), Np)
            { SelectorInCode = (5, MissingCode), ErrorSegment = MissingCode, Esp = Ro + 4 },
        new("a far return beyond its segment's limit", RootCauseList.Code("CB"), Gp) { Word = (Rw + 0x800, Beyond), SelectorAt = (Rw + 0x804, ShortCode) },
        new("a far return to a segment that is missing", RootCauseList.Code("CB"), Np) { Word = (Rw + 0x800, 0x100), SelectorAt = (Rw + 0x804, MissingCode), ErrorSegment = MissingCode },
        new("a far return to data", RootCauseList.Code("CB"), Gp) { Word = (Rw + 0x800, 0x100), SelectorAt = (Rw + 0x804, Short), ErrorSegment = Short },
        new("iret beyond its segment's limit", RootCauseList.Code("CF"), Gp) { Word = (Rw + 0x800, Beyond), SelectorAt = (Rw + 0x804, ShortCode) },
        new("iret to a segment that is missing", RootCauseList.Code("CF"), Np) { Word = (Rw + 0x800, 0x100), SelectorAt = (Rw + 0x804, MissingCode), ErrorSegment = MissingCode },
        new("iret to a null selector", RootCauseList.Code("CF"), Gp) { Word = (Rw + 0x800, 0x100) },
    ];

    private static RootCause Refused(string name, string code, uint eip, int? at = null) =>
        new(name, RootCauseList.Code(code), Gp) { Cs = ShortCode, CodeOffset = (int)eip, Eip = eip, At = at };

    /// <summary>From the end of an instruction at 0x100 to <see cref="Beyond"/>.</summary>
    private static string Relative(uint length) => Convert.ToHexString(BitConverter.GetBytes(Beyond - 0x100 - length));
}
