using static LguestPS.Tests.Cpu.Recorded.RecordedRegister;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>Recordings made by hand from Intel's manuals, so that what reads, runs and compares recordings is tried wherever the tests run.</summary>
internal static class OwnRecordings
{
    private const uint CodeSegment = 0x1000, StackSegment = 0x2000, DataSegment = 0x3000, ExtraSegment = 0x4000, Start = 0x100, Stack = 0x1000;
    private const uint Handler = 0x5000, Carry = 1, Parity = 4, Adjust = 0x10, Zero = 0x40, Sign = 0x80, Direction = 0x400, Overflow = 0x800;
    private const byte Halt = 0xF4;

    /// <summary>Instructions that a 286 does as an i686 does.</summary>
    public static IReadOnlyList<RecordedTest> Words =>
    [
        Ends(0, "add ax,[bx+si]", "0300", new() { [Eax] = 0x7FFF, [Ebx] = 0xFFF0, [Esi] = 0x20 }, new() { [Eax] = 0x8000, [Eflags] = Overflow | Sign | Adjust | Parity },
            Memory(DataSegment, 0x10, 0x01, 0x00)),
        Ends(1, "adc al,0FFh", "14FF", new() { [Eax] = 0x1200, [Eflags] = Carry }, new() { [Eax] = 0x1200, [Eflags] = Carry | Zero | Adjust | Parity }),
        Ends(2, "push ax", "50", new() { [Eax] = 0xABCD, [Esp] = 0 }, new() { [Esp] = 0xFFFE }, after: Memory(StackSegment, 0xFFFE, 0xCD, 0xAB)),
        Ends(3, "push sp", "54", [], new() { [Esp] = Stack - 2 }, after: Memory(StackSegment, Stack - 2, 0x00, 0x10)),
        Ends(4, "shl al,cl", "D2E0", new() { [Eax] = 0x81, [Ecx] = 33 }, new() { [Eax] = 0x02, [Eflags] = Carry | Overflow }),
        Ends(5, "idiv bl", "F6FB", new() { [Eax] = 0xFF80, [Ebx] = 1 }, new() { [Eax] = 0x80 }),
        Ends(6, "rep movsb", "F3A4", new() { [Ecx] = 3, [Esi] = 0x10, [Edi] = 0xFFFE }, new() { [Ecx] = 0, [Esi] = 0x13, [Edi] = 1 },
            Memory(DataSegment, 0x10, 0x11, 0x22, 0x33), [.. Memory(ExtraSegment, 0xFFFE, 0x11, 0x22), .. Memory(ExtraSegment, 0, 0x33)]),
        Ends(7, "lodsw", "AD", new() { [Esi] = 0, [Eflags] = Direction }, new() { [Eax] = 0x5566, [Esi] = 0xFFFE }, Memory(DataSegment, 0, 0x66, 0x55)),
        Ends(8, "xlatb", "D7", new() { [Eax] = 0x05, [Ebx] = 0xFFFF }, new() { [Eax] = 0x77 }, Memory(DataSegment, 4, 0x77)),
        Ends(9, "popf", "9D", [], new() { [Esp] = Stack + 2, [Eflags] = Direction | Carry }, Memory(StackSegment, Stack, 0x03, 0x04)),
        Ends(10, "daa", "27", new() { [Eax] = 0x9A }, new() { [Eax] = 0x00, [Eflags] = Carry | Zero | Adjust | Parity }),
        Jumps(11, "jmp short -4", "EBFC", Start - 2, []),
        Jumps(12, "jz +2", "7402", Start + 4, new() { [Eflags] = Zero }),
        Jumps(13, "jmp near 8000h", "E9FD7E", 0x8000, []),
        Jumps(14, "call +10h", "E81000", Start + 0x13, [], new() { [Esp] = Stack - 2 }, after: Memory(StackSegment, Stack - 2, 0x03, 0x01)),
        Jumps(15, "ret 4", "C20400", 0x4321, [], new() { [Esp] = Stack + 6 }, Memory(StackSegment, Stack, 0x21, 0x43)),
        Jumps(16, "loop +2", "E202", Start + 4, new() { [Ecx] = 0 }, new() { [Ecx] = 0xFFFF }),
        Traps(17, "div cl", "F6F1", 0, Start, []),
        Traps(18, "mov ax,[0FFFFh]", "A1FFFF", 13, Start, []),
        Traps(19, "bound ax,[10h]", "62061000", 5, Start, new() { [Eax] = 3 }, Memory(DataSegment, 0x10, 0, 0, 2, 0)),
        Traps(20, "into", "CE", 4, Start + 1, new() { [Eflags] = Overflow }),
        Traps(21, "int 77h", "CD77", 0x77, Start + 2, []),
        Traps(22, "lock nop", "F090", 6, Start, []),
    ];

    /// <summary>Instructions that need a 386.</summary>
    public static IReadOnlyList<RecordedTest> Longs =>
    [
        Ends(0, "mov eax,12345678h", "66B878563412", [], new() { [Eax] = 0x12345678 }),
        Ends(1, "mov ax,[ebx+ecx*4]", "678B048B", new() { [Eax] = 0xAAAA0000, [Ebx] = 0xFFFFFFF0, [Ecx] = 5 }, new() { [Eax] = 0xAAAA3412 }, Memory(DataSegment, 4, 0x12, 0x34)),
        Ends(2, "bsf eax,ebx", "660FBCC3", new() { [Ebx] = 0x80000000 }, new() { [Eax] = 31 }),
        Ends(3, "push 0FFFFFFFEh", "666AFE", [], new() { [Esp] = Stack - 4 }, after: Memory(StackSegment, Stack - 4, 0xFE, 0xFF, 0xFF, 0xFF)),
        Ends(4, "movsx ecx,word [si]", "660FBF0C", new() { [Esi] = 0xFFFF0002 }, new() { [Ecx] = 0xFFFF8001 }, Memory(DataSegment, 2, 0x01, 0x80)),
        Jumps(5, "jz near 300h", "0F84FC01", 0x300, new() { [Eflags] = Zero }),
        Traps(6, "mov al,[ebx]", "678A03", 13, Start, new() { [Ebx] = 0x10000 }),
        Traps(7, "mov ax,[bp]", "8B4600", 12, Start, new() { [Ebp] = 0xFFFF }),
    ];

    /// <summary>What only the 286 does in real mode: no #SS.</summary>
    public static RecordedTest StackOverrunOfA286 => Traps(0, "mov ax,[bp]", "8B4600", 13, Start, new() { [Ebp] = 0xFFFF });

    /// <summary>An instruction that runs on into the hlt behind it.</summary>
    private static RecordedTest Ends(
        uint index, string name, string code, Dictionary<RecordedRegister, uint> before, Dictionary<RecordedRegister, uint> changes,
        RecordedByte[]? memory = null, RecordedByte[]? after = null) =>
        Jumps(index, name, code, Start + (uint)code.Length / 2, before, changes, memory, after);

    /// <summary>An instruction that goes to a hlt at <paramref name="target"/>.</summary>
    private static RecordedTest Jumps(
        uint index, string name, string code, uint target, Dictionary<RecordedRegister, uint> before, Dictionary<RecordedRegister, uint>? changes = null,
        RecordedByte[]? memory = null, RecordedByte[]? after = null)
    {
        var final = new Dictionary<RecordedRegister, uint>(changes ?? []) { [Eip] = target + 1 };
        return Of(index, name, code, before, final, memory ?? [], after ?? [], null);
    }

    /// <summary>An instruction that ends in an exception or interrupt, which pushes flags, cs and <paramref name="ip"/>.</summary>
    private static RecordedTest Traps(uint index, string name, string code, byte vector, uint ip, Dictionary<RecordedRegister, uint> before, RecordedByte[]? memory = null)
    {
        uint flags = before.GetValueOrDefault(Eflags) | 2;
        RecordedByte[] frame = Memory(StackSegment, Stack - 6, (byte)ip, (byte)(ip >> 8), (byte)(CodeSegment & 0xFF), (byte)(CodeSegment >> 8), (byte)flags, (byte)(flags >> 8));
        var final = new Dictionary<RecordedRegister, uint> { [Esp] = Stack - 6, [Cs] = 0, [Eip] = Handler + 1 };
        return Of(index, name, code, before, final, memory ?? [], frame, new RecordedException(vector, RecordedTest.Linear(StackSegment, Stack - 2)));
    }

    private static RecordedTest Of(
        uint index, string name, string code, Dictionary<RecordedRegister, uint> before, Dictionary<RecordedRegister, uint> changes,
        RecordedByte[] memory, RecordedByte[] after, RecordedException? exception)
    {
        byte[] bytes = [.. Convert.FromHexString(code), Halt];
        var initial = new uint?[Enum.GetValues<RecordedRegister>().Length];
        var final = new uint?[initial.Length];
        foreach (RecordedRegister register in Enum.GetValues<RecordedRegister>()) initial[(int)register] = 0;
        (initial[(int)Cs], initial[(int)Ss], initial[(int)Ds], initial[(int)Es]) = (CodeSegment, StackSegment, DataSegment, ExtraSegment);
        (initial[(int)Eip], initial[(int)Esp]) = (Start, Stack);
        foreach ((RecordedRegister register, uint value) in before) initial[(int)register] = value;
        foreach ((RecordedRegister register, uint value) in changes) final[(int)register] = value;
        initial[(int)Eflags] |= 2;
        if (final[(int)Eflags] is not null) final[(int)Eflags] |= 2;
        return new RecordedTest(index, name, bytes, new RecordedState(initial, [.. Memory(CodeSegment, Start, bytes), .. memory]),
            new RecordedState(final, after), uint.MaxValue, exception, null);
    }

    private static RecordedByte[] Memory(uint segment, uint offset, params byte[] bytes) =>
        [.. bytes.Select((value, i) => new RecordedByte(RecordedTest.Linear(segment, offset + (uint)i), value))];
}
