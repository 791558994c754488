using static LguestPS.Tests.Cpu.RootCauses.LocalSegments;
using static LguestPS.Tests.Cpu.RootCauses.RootCause;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>Loads of segment registers that fail, and leave everything.</summary>
internal static class SelectorCauses
{
    public static readonly RootCause[] All =
    [
        Load("fs of a segment that is missing", "8E E0", Missing, Np),
        Load("fs of code that cannot be read", "8E E0", ExecuteOnly, Gp),
        Load("ss of a segment that is missing", "8E D0", Missing, Ss),
        Load("ss of read-only data", "8E D0", ReadOnly, Gp),
        Load("ss of code", "8E D0", ReadableCode, Gp),
        new("ss of a null selector", RootCauseList.Code("8E D0"), Gp) { Eax = 0 },
        new("ss of another privilege", RootCauseList.Code("8E D0"), Gp) { Eax = SnippetGenerator.UserData & ~3u, Error = SnippetGenerator.UserData & ~3u },
        new("ds of a selector beyond the table", RootCauseList.Code("8E D8"), Gp) { Eax = 0xFFFB, Error = 0xFFF8 },
        new("es of a null selector with a privilege", RootCauseList.Code("8E C0"), NoFault) { Eax = 3 },
        Pop("pop of fs of a segment that is missing", "0F A1", Missing, Np),
        Pop("pop of es of code that cannot be read", "07", ExecuteOnly, Gp),
        Pop("pop of ss of a segment that is missing", "17", Missing, Ss),
        Pop("pop of ss of read-only data", "17", ReadOnly, Gp),
        new("les of a segment that is missing", RootCauseList.Code("C4 02"), Np) { Edx = Rw + 0x40, Word = (Rw + 0x40, 0x1234), SelectorAt = (Rw + 0x44, Missing), ErrorSegment = Missing },
        new("lss of read-only data leaves esp", RootCauseList.Code("0F B2 22"), Gp) { Edx = Rw + 0x40, Word = (Rw + 0x40, 0x1234), SelectorAt = (Rw + 0x44, ReadOnly), ErrorSegment = ReadOnly },
        new("lds of code that cannot be read", RootCauseList.Code("C5 02"), Gp) { Edx = Rw + 0x40, Word = (Rw + 0x40, 0x1234), SelectorAt = (Rw + 0x44, ExecuteOnly), ErrorSegment = ExecuteOnly },
        new("lsl of a missing segment tells its limit", RootCauseList.Code("0F 03 D0"), NoFault) { SelectorIn = (Gpr.Eax, Missing) },
        new("lar of code that cannot be read", RootCauseList.Code("0F 02 D0"), NoFault) { SelectorIn = (Gpr.Eax, ExecuteOnly) },
    ];

    private static RootCause Load(string name, string code, int segment, uint trap) =>
        new(name, RootCauseList.Code(code), trap) { SelectorIn = (Gpr.Eax, segment), ErrorSegment = segment };

    private static RootCause Pop(string name, string code, int segment, uint trap) =>
        new(name, RootCauseList.Code(code), trap) { SelectorAt = (Rw + 0x800, segment), ErrorSegment = segment };
}
