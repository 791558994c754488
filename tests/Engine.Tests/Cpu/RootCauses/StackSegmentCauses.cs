using static LguestPS.Tests.Cpu.RootCauses.LocalSegments;
using static LguestPS.Tests.Cpu.RootCauses.RootCause;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>Limits and sizes of stacks.</summary>
internal static class StackSegmentCauses
{
    public static readonly RootCause[] All =
    [
        Refused("push beyond the limit", "50", 0x104),
        Refused("push half beyond the limit", "50", 0x103),
        Refused("push below the start", "50", 0),
        Refused("push of a word below the start", "66 50", 1),
        Done("push onto the last word", "50", 0x100) with { Stores = true, Changes = [(Gpr.Esp, 0xFC)] },
        Refused("pop half beyond the limit", "58", 0xFD),
        Refused("pop of a segment register beyond the limit", "0F A1", 0x100),
        Refused("pop of flags beyond the limit", "9D", 0x100),
        Refused("leave half beyond the limit", "C9", 0x80) with { Ebp = 0xFD },
        Refused("leave over the end of the offsets", "C9", 0x80) with { Ebp = 0xFFFFFFFE },
        Refused("enter below the start", "C8 00 00 00", 2),
        Refused("enter whose frame ends below the start", "C8 00 01 00", 0x80) with { ProcessorsDiffer = "the frame pointer may be pushed by then" },
        Refused("pusha below the start", "60", 0x10) with { ProcessorsDiffer = "some have pushed half by then" },
        Refused("popa beyond the limit", "61", 0xF0) with { ProcessorsDiffer = "some have popped half by then" },
        Refused("return half beyond the limit", "C3", 0xFE),
        Refused("far return beyond the limit", "CB", 0xFC),
        Refused("iret beyond the limit", "CF", 0xF8),
        Refused("call below the start", "E8 10 00 00 00", 2),
        Refused("call through a register below the start", "FF D2", 2) with { Edx = CodePage + 0x800 },
        Refused("far call below the start", "9A 00 08 20 10 23 00", 6) with { ProcessorsDiffer = "the first word may be there" },
        Refused("push of a word in memory below the start", "FF 35 00 50 40 30", 0),
        Refused("ebp addresses the stack", "8B 45 00", 0x80) with { Ebp = 0xFD },
        Refused("esp addresses the stack", "8B 04 24", 0xFD),
        Refused("ebp with an index addresses the stack", "8B 44 0D 00", 0x80) with { Ebp = 0xF0, Ecx = 0x10 },
        Refused("the stack's limit comes before a page", "8B 45 00", 0x80) with { Ebp = Absent },
        new("ebp with a prefix addresses another segment", RootCauseList.Code("3E 8B 45 00"), NoFault) { StackSegment = ShortStack, Esp = 0x80, Ebp = Rw + 0x900 },
        new("a vector beyond the stack's limit", RootCauseList.Code("8B 45 00 0F 10 4D 08"), Ss) { StackSegment = ShortStack, Esp = 0x80, Ebp = 0xF0, Eax = 0 },
        new("a pop below a stack that grows down", RootCauseList.Code("58"), Ss) { StackSegment = Down32Stack, Esp = 0x10FE },
        new("a push onto the end of a stack that grows down", RootCauseList.Code("50"), NoFault) { StackSegment = Down32Stack, Esp = 0x1104, Stores = true, Changes = [(Gpr.Esp, 0x1100)] },
        new("a push over the end of a stack that grows down", RootCauseList.Code("50"), Ss) { StackSegment = Down32Stack, Esp = 0x1103 },

        new("a 16-bit stack wraps", RootCauseList.Code("50"), NoFault) { StackSegment = Stack16, Esp = 0xAAAA0000, Stores = true, Changes = [(Gpr.Esp, 0xAAAAFFFC)] },
        new("a word over the end of a 16-bit stack", RootCauseList.Code("50"), Ss) { StackSegment = Stack16, Esp = 0xAAAA0002 },
        new("a pop over the end of a 16-bit stack", RootCauseList.Code("58"), Ss) { StackSegment = Stack16, Esp = 0xAAAAFFFE },
        new("the last pop of a 16-bit stack", RootCauseList.Code("58"), NoFault) { StackSegment = Stack16, Esp = 0xAAAAFFFC, Changes = [(Gpr.Esp, 0xAAAA0000), (Gpr.Eax, 0)] },
        new("leave on a 16-bit stack", RootCauseList.Code("C9"), NoFault)
            { StackSegment = Stack16, Esp = 0xAAAAF100, Ebp = 0xBBBBF800, Changes = [(Gpr.Esp, 0xAAAAF804), (Gpr.Ebp, 0)] },
        new("enter on a 16-bit stack", RootCauseList.Code("C8 10 00 00"), NoFault)
            { StackSegment = Stack16, Esp = 0xAAAAF800, Ebp = 0, Changes = [(Gpr.Esp, 0xAAAAF7EC), (Gpr.Ebp, 0xAAAAF7FC)] },
        new("pusha on a 16-bit stack", RootCauseList.Code("60"), NoFault) { StackSegment = Stack16, Esp = 0xAAAAF800, Stores = true, Changes = [(Gpr.Esp, 0xAAAAF7E0)] },
        new("pop relative to esp on a 16-bit stack", RootCauseList.Code("8F 04 24"), Ss)
            { StackSegment = Stack16, Esp = 0xAAAAF800 },
        new("a call on a 16-bit stack that wraps", RootCauseList.Code("E8 00 00 00 00"), NoFault)
            { StackSegment = Stack16, Esp = 0xAAAA0000, Stores = true, Changes = [(Gpr.Esp, 0xAAAAFFFC)] },
    ];

    private static RootCause Refused(string name, string code, uint esp) =>
        new($"{name}: #SS", RootCauseList.Code(code), Ss) { StackSegment = ShortStack, Esp = esp };

    private static RootCause Done(string name, string code, uint esp) => new(name, RootCauseList.Code(code), NoFault) { StackSegment = ShortStack, Esp = esp };
}
