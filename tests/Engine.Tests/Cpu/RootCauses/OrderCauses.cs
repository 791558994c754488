using static LguestPS.Tests.Cpu.RootCauses.RootCause;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>Which of several faults it is, code that ends too early, and the trace flag.</summary>
internal static class OrderCauses
{
    private const uint NextPage = CodePage + 0x1000;

    /// <summary>PF alone.</summary>
    private const uint Even = 4;

    public static readonly RootCause[] All =
    [
        new("an encoding that does not exist comes before its missing operand", Code("FE 3A"), Ud) { Edx = Absent },
        new("a move to cs comes before its missing operand", Code("8E 0A"), Ud) { Edx = Absent },
        new("lock where it may not be comes before a missing operand", Code("F0 8B 02"), Ud) { Edx = Absent },
        new("lock of a comparison", Code("F0 39 02"), Ud) { Edx = Rw },
        new("lock of a bit test", Code("F0 0F A3 02"), Ud) { Edx = Rw },
        new("lock of a register", Code("F0 01 C8"), Ud),
        new("lock of a push", Code("F0 FF 32"), Ud) { Edx = Absent },
        new("cmpxchg8b of a register", Code("0F C7 C8"), Ud),
        new("lgdt comes before its missing operand", Code("0F 01 12"), Gp) { Edx = Absent },
        new("lldt comes before its missing operand", Code("0F 00 12"), Gp) { Edx = Absent },
        new("ltr comes before its missing operand", Code("0F 00 1A"), Gp) { Edx = Absent },
        new("lmsw comes before its missing operand", Code("0F 01 32"), Gp) { Edx = Absent },
        new("invlpg in ring 3", Code("0F 01 3A"), Gp) { Edx = Rw },
        new("ins comes before its missing operand", Code("6C"), Gp) { Edi = Absent },
        new("outs comes before its missing operand", Code("6E"), Gp) { Esi = Absent },
        new("rdpmc in ring 3", Code("0F 33"), Gp) { Ecx = 0 },
        new("rdmsr in ring 3", Code("0F 32"), Gp) { Ecx = 0x10 },
        new("rdtsc in ring 3", Code("0F 31"), NoFault),
        new("verr of a missing selector", Code("0F 00 22"), Pf) { Error = 4, Address = Absent, Edx = Absent },
        new("lar of a missing selector", Code("0F 02 02"), Pf) { Error = 4, Address = Absent, Edx = Absent },
        new("alignment of a vector comes before its missing page", Code("0F 28 02"), Gp) { Edx = Absent + 4 },
        new("alignment of fxsave comes before its missing page", Code("0F AE 02"), Gp) { Edx = Absent + 8 },
        new("division by zero leaves the flags", Code("F7 F1"), 0) { Ecx = 0, Eflags = 0x2D7 },
        new("division that overflows leaves the dividend", Code("F7 F1"), 0) { Ecx = 1, Edx = 1 },
        new("division of bytes that overflows", Code("F6 F1"), 0) { Ecx = 1, Eax = 0x1FF },
        new("signed division of the least number by -1", Code("F7 F9"), 0) { Eax = 0x80000000, Edx = uint.MaxValue, Ecx = uint.MaxValue },
        new("aam by zero", Code("D4 00"), 0),

        new("an instruction that goes on in a missing page", Code("B8 11 22 33 44"), Pf) { Error = 4, Address = NextPage, CodeOffset = 0xFFE },
        new("prefixes that go on in a missing page", [.. Enumerable.Repeat((byte)0x66, 14), 0x90], Pf) { Error = 4, Address = NextPage, CodeOffset = 0xFF2 },
        new("fifteen prefixes before a missing page", [.. Enumerable.Repeat((byte)0x66, 15), 0x90], Gp) { CodeOffset = 0xFF1, At = 0 },
        new("an instruction of fifteen bytes", [.. Enumerable.Repeat((byte)0x66, 14), 0x90], NoFault),
        new("an instruction of sixteen bytes", [.. Enumerable.Repeat((byte)0x66, 15), 0x90], Gp) { At = 0 },
        new("a missing second page comes before the missing operand of what would stand there", Code("A1 00 80 40 30"), Pf) { Error = 4, Address = NextPage, CodeOffset = 0xFFD },
        new("the last byte of a page", Code("40"), Pf) { Error = 4, Address = NextPage, CodeOffset = 0xFFF, At = 1, Changes = [(Gpr.Eax, 0x11111112)], Flags = Even },

        Traced("a fault comes before the trace flag", "8B 02", Pf, 1) with { Error = 4, Address = Absent, Edx = Absent },
        Traced("the trace flag after each repetition", "F3 AA", Db, 1) with { Edi = Rw, Ecx = 3, Eax = 0, Changes = [AfterPopf, (Gpr.Edi, Rw + 1), (Gpr.Ecx, 2)] },
        Traced("the trace flag after the last repetition", "F3 AA", Db, 3) with { Edi = Rw, Ecx = 1, Eax = 0, Changes = [AfterPopf, (Gpr.Edi, Rw + 1), (Gpr.Ecx, 0)] },
        Traced("the trace flag after no repetition", "F3 AA", Db, 3) with { Edi = Absent, Ecx = 0 },
        Traced("int3 under the trace flag", "CC", NoFault, 2),
        Traced("the trace flag acts after the instruction that follows popf", "40 40", Db, 2) with { Changes = [AfterPopf, (Gpr.Eax, 0x11111112)], Flags = Even },
        Traced("a load of ss holds the trace flag back", "8E D0 90", Db, 4) with { Eax = SnippetGenerator.UserData },
        Traced("a load of ds does not", "8E D8 90", Db, 3) with { Eax = SnippetGenerator.UserData },
        Traced("popf that clears the trace flag is the last to be traced", "9D 90", Db, 2) with
            { Words = [(Rw + 0x800, 0x302), (Rw + 0x804, 0x202)], Changes = [(Gpr.Esp, Rw + 0x808)] },
        Traced("the trace flag after a jump", "EB 02 90 90", Db, 5),
        Traced("the trace flag is in what pushf stores", "9C", Db, 2) with { Stores = true, Changes = [] },
        new("icebp", Code("F1"), Db) { At = 1, ProcessorsDiffer = "a hypervisor may say that it stands before it" },
    ];

    private static (Gpr Register, uint Value) AfterPopf => (Gpr.Esp, Rw + 0x804);

    /// <summary>Code after a popf that sets the trace flag.</summary>
    private static RootCause Traced(string name, string code, uint trap, int at) =>
        new(name, Code($"9D {code}"), trap) { Words = [(Rw + 0x800, 0x302)], At = at, Changes = [AfterPopf] };

    private static byte[] Code(string hex) => RootCauseList.Code(hex);
}
