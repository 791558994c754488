using LguestPS.Cpu;
using static LguestPS.Tests.Cpu.RootCauses.RootCause;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>A page fault half-way through an instruction, which then has done nothing.</summary>
internal static class PageCauses
{
    private const uint Repeated = Eflags.AlwaysOne | Eflags.Interrupt | 0x91;           // CF, AF and SF, none of which a comparison of zeros leaves

    private const string PushedFirst = "the frame pointer may be pushed by then", LastFirst = "the last byte may be tried first";
    private const string KeepsFlags = "Intel's restore the flags from before the instruction, AMD's keep those of the last comparison, as here";

    public static readonly RootCause[] All =
    [
        Fault("leave, frame pointer into a missing page", "C9", 4, Absent) with { Ebp = Absent },
        Fault("leave, half of its word missing", "C9", 4, Absent) with { Ebp = Absent - 2 },
        Fault("enter onto a read-only page", "C8 08 00 00", 7, Ro) with { Esp = Ro + 4 },
        Fault("enter whose frame ends in a missing page", "C8 00 02 00", 6, Rw - 0x104) with { Esp = Rw + 0x100, ProcessorsDiffer = PushedFirst },
        Fault("enter that copies a frame pointer from a missing page", "C8 00 00 02", 4, Absent) with { Ebp = Absent + 4, ProcessorsDiffer = PushedFirst },
        Fault("push onto a read-only page", "50", 7, Ro) with { Esp = Ro + 4 },
        Fault("push of a missing word onto a read-only page: the read counts", "FF 32", 4, Absent) with { Edx = Absent, Esp = Ro + 4 },
        Fault("push of flags onto a read-only page", "9C", 7, Ro) with { Esp = Ro + 4 },
        Fault("pop into a missing page", "8F 02", 6, Absent) with { Edx = Absent },
        Fault("pop from a missing page into a read-only one: the read counts", "8F 02", 4, Absent) with { Edx = Ro, Esp = Absent },
        Fault("pop relative to esp, which has moved onto a read-only page", "8F 04 24", 7, Ro) with { Esp = Ro - 4 },
        Fault("pop relative to esp, with an index", "8F 44 0C 04", 7, Ro) with { Esp = Ro - 8, Ecx = 0 },
        Done("pop of esp", "5C") with { Word = (Rw + 0x800, 0x12345678), Changes = [(Gpr.Esp, 0x12345678)] },
        Fault("pop of flags from a missing page", "9D", 4, Absent) with { Esp = Absent },
        Fault("pusha with its end on a read-only page", "60", 7, Ro + 12) with { Esp = Ro + 16, ProcessorsDiffer = "it may begin at either end" },
        Fault("pusha into a missing page", "60", 6, Rw - 4) with { Esp = Rw + 16, ProcessorsDiffer = "some have pushed half by then" },
        Fault("popa into a missing page", "61", 4, Absent) with { Esp = Absent - 16, ProcessorsDiffer = "some have popped half by then" },
        Fault("iret with half of its frame missing", "CF", 4, Absent) with { Esp = Absent - 4, ProcessorsDiffer = "any of its words may come first" },
        Fault("far return with its selector missing", "CB", 4, Absent) with { Esp = Absent - 4 },
        Fault("return to a missing page", "C3", 4, CodePage + 0x1000) with { Word = (Rw + 0x800, CodePage + 0x1000), At = 0xF00, Changes = [(Gpr.Esp, Rw + 0x804)] },
        Fault("jump through a missing word", "FF 22", 4, Absent) with { Edx = Absent },
        Fault("call through a missing word", "FF 12", 4, Absent) with { Edx = Absent },
        Fault("call through a missing word with nowhere to push: the read counts", "FF 12", 4, Absent) with { Edx = Absent, Esp = Ro + 4 },
        Fault("call with nowhere to push", "FF D2", 7, Ro) with { Edx = CodePage + 0x800, Esp = Ro + 4 },
        Fault("direct call with nowhere to push", "E8 10 00 00 00", 7, Ro) with { Esp = Ro + 4 },
        Fault("far call with nowhere to push its second word", "9A 00 08 20 10 23 00", 6, Rw - 4) with { Esp = Rw + 4, ProcessorsDiffer = "the first word may be there" },

        Fault("cmpxchg, not equal, of a read-only word", "0F B1 0A", 7, Ro) with { Edx = Ro },
        Fault("cmpxchg, equal, of a read-only word", "0F B1 0A", 7, Ro) with { Edx = Ro, Eax = 0 },
        Fault("lock cmpxchg, not equal, of a read-only word", "F0 0F B1 0A", 7, Ro) with { Edx = Ro },
        Fault("cmpxchg, not equal, half on a read-only page", "0F B1 0A", 7, Ro) with { Edx = Ro - 2 },
        Fault("cmpxchg8b, not equal, of a read-only word", "0F C7 0E", 7, Ro) with { Esi = Ro },
        Fault("cmpxchg8b half on a read-only page", "0F C7 0E", 7, Ro) with { Esi = Ro - 4 },
        Fault("xadd half on a read-only page", "0F C1 02", 7, Ro) with { Edx = Ro - 2 },
        Fault("lock xadd half on a read-only page", "F0 0F C1 02", 7, Ro) with { Edx = Ro - 2 },
        Fault("xchg half on a read-only page", "87 02", 7, Ro) with { Edx = Ro - 1 },
        Fault("store half on a read-only page", "89 02", 7, Ro) with { Edx = Ro - 3 },
        Fault("store half in a missing page before", "89 02", 6, Rw - 2) with { Edx = Rw - 2 },
        Fault("store over two pages that fault both: the first counts", "89 02", 7, Absent - 2) with { Edx = Absent - 2 },
        Fault("bts of a bit on the next page", "0F AB 02", 7, Ro) with { Edx = Ro - 4, Eax = 0x20 },
        Fault("btr of a bit on the page before", "0F B3 02", 6, Rw - 4) with { Edx = Rw, Eax = uint.MaxValue },
        Fault("bt of a bit on a missing page", "0F A3 02", 4, Absent) with { Edx = Absent - 4, Eax = 0x20 },
        Fault("setcc of a read-only byte", "0F 94 02", 7, Ro) with { Edx = Ro },
        Fault("cmov whose condition does not hold, of a missing word", "0F 44 02", 4, Absent) with { Edx = Absent },
        Fault("adc of a read-only word", "11 02", 7, Ro) with { Edx = Ro, Eflags = Repeated },
        Fault("shld of a read-only word", "0F A4 02 03", 7, Ro) with { Edx = Ro },
        Fault("shift by 0 of a read-only word", "C1 22 00", 7, Ro) with { Edx = Ro },
        Fault("rotation by cl, which is 0, of a read-only word", "D3 12", 7, Ro) with { Edx = Ro, Ecx = 0 },
        Fault("division by a missing word", "F7 32", 4, Absent) with { Edx = Absent },
        Fault("multiplication by half a missing word", "F7 22", 4, Absent) with { Edx = Absent - 2 },
        Fault("bound with its second limit missing", "62 02", 4, Absent) with { Edx = Absent - 4 },
        Fault("les with its selector missing", "C4 02", 4, Absent) with { Edx = Absent - 4 },
        Fault("lds with its offset half missing", "C5 02", 4, Absent) with { Edx = Absent - 2 },
        Fault("lss with its selector missing", "0F B2 22", 4, Absent) with { Edx = Absent - 4 },
        Fault("far jump through memory with its selector missing", "FF 2A", 4, Absent) with { Edx = Absent - 4 },
        Fault("far call through memory with its selector missing", "FF 1A", 4, Absent) with { Edx = Absent - 4 },
        Fault("segment register from a missing word", "8E 22", 4, Absent) with { Edx = Absent },

        Fault("movs from a missing to a read-only page: the read counts", "A5", 4, Absent) with { Esi = Absent, Edi = Ro },
        Fault("movs to a read-only page", "A5", 7, Ro) with { Esi = Rw, Edi = Ro },
        Fault("movs half to a read-only page", "A5", 7, Ro) with { Esi = Rw, Edi = Ro - 2 },
        Fault("stos to a read-only page", "AB", 7, Ro) with { Edi = Ro },
        Fault("rep movs that reaches a read-only page", "F3 A5", 7, Ro) with
            { Esi = Rw, Edi = Ro - 8, Ecx = 5, Changes = [(Gpr.Esi, Rw + 8), (Gpr.Edi, Ro), (Gpr.Ecx, 3)] },
        Fault("rep movs that reaches half a missing word", "F3 A5", 4, Absent) with
            { Esi = Absent - 6, Edi = Rw, Ecx = 5, Changes = [(Gpr.Esi, Absent - 2), (Gpr.Edi, Rw + 4), (Gpr.Ecx, 4)] },
        Fault("rep movs downwards that reaches a missing page", "F3 A4", 6, Rw - 1) with
            { Esi = Rw + 0x10, Edi = Rw + 2, Ecx = 9, Eflags = 0x602, Changes = [(Gpr.Esi, Rw + 0xD), (Gpr.Edi, Rw - 1), (Gpr.Ecx, 6)] },
        Fault("rep stos that reaches a read-only page", "F3 AA", 7, Ro) with { Edi = Ro - 3, Ecx = 7, Eax = 0, Changes = [(Gpr.Edi, Ro), (Gpr.Ecx, 4)] },
        Fault("rep lods that reaches a missing page", "F3 AD", 4, Absent) with { Esi = Absent - 8, Ecx = 3, Changes = [(Gpr.Esi, Absent), (Gpr.Ecx, 1), (Gpr.Eax, 0)] },
        Fault("repe cmps that reaches a missing page", "F3 A6", 4, Absent) with
            { Esi = Absent - 4, Edi = Rw, Ecx = 9, Eflags = Repeated, Changes = [(Gpr.Esi, Absent), (Gpr.Edi, Rw + 4), (Gpr.Ecx, 5)], Flags = 0x44, ProcessorsDiffer = KeepsFlags },
        Fault("repe cmps whose other string reaches a missing page", "F3 A7", 4, Absent) with
            { Esi = Rw, Edi = Absent - 8, Ecx = 9, Eflags = Repeated, Changes = [(Gpr.Esi, Rw + 8), (Gpr.Edi, Absent), (Gpr.Ecx, 7)], Flags = 0x44, ProcessorsDiffer = KeepsFlags },
        Fault("repne scas that reaches a missing page", "F2 AE", 4, Absent) with
            { Edi = Absent - 4, Ecx = 9, Eax = 1, Eflags = Repeated, Changes = [(Gpr.Edi, Absent), (Gpr.Ecx, 5)], Flags = 0, ProcessorsDiffer = KeepsFlags },

        Fault("fxsave that reaches a read-only page", "0F AE 02", 7, Ro) with { Edx = Ro - 0x100, ProcessorsDiffer = LastFirst },
        Fault("fxrstor that reaches a missing page", "0F AE 0A", 4, Absent) with { Edx = Absent - 0x100, ProcessorsDiffer = LastFirst },
        Fault("fnsave that reaches a read-only page", "DD 32", 7, Ro) with { Edx = Ro - 0x40, ProcessorsDiffer = LastFirst },
        Fault("frstor that reaches a missing page", "DD 22", 4, Absent) with { Edx = Absent - 0x40, ProcessorsDiffer = LastFirst },
        Fault("fldenv that reaches a missing page", "D9 22", 4, Absent) with { Edx = Absent - 0x10, ProcessorsDiffer = LastFirst },
        Fault("fstp of ten bytes that reaches a read-only page", "D9 EE DB 3A", 7, Ro) with { Edx = Ro - 4 },
        Fault("fistp of a read-only word", "D9 EE DF 3A", 7, Ro) with { Edx = Ro },
        Fault("a vector half on a read-only page", "0F 11 02", 7, Ro) with { Edx = Ro - 8 },
        Fault("a vector half in a missing page", "0F 10 02", 4, Absent) with { Edx = Absent - 1 },
    ];

    private static RootCause Fault(string name, string code, uint error, uint address) =>
        new(name, RootCauseList.Code(code), Pf) { Error = error, Address = address };

    private static RootCause Done(string name, string code) => new(name, RootCauseList.Code(code), NoFault);
}
