using Iced.Intel;

namespace LguestPS.Tests.DeviceMemory;

/// <summary>An instruction that accesses device memory, and registers with which it does.</summary>
/// <param name="Code">Its bytes.</param>
/// <param name="Registers">The guest's, before it.</param>
/// <param name="Linear">The operand's linear address.</param>
internal sealed record DrawnAccess(byte[] Code, GuestRegisters Registers, uint Linear)
{
    /// <summary>Every opcode, the two bytes of those after 0f in one number.</summary>
    public static IReadOnlyList<int> Opcodes { get; } =
        [0x88, 0x89, 0x8A, 0x8B, 0xA0, 0xA1, 0xA2, 0xA3, 0xC6, 0xC7, 0x0FB6, 0x0FB7, 0x0FBE, 0x0FBF];

    private const int Esp = 4, Ebp = 5;

    private static readonly byte[] Segments = [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65];

    /// <summary>Draws until it finds one that leaves the stack of the kernel in place.</summary>
    public static DrawnAccess Draw(Random random, int opcode, int ring, uint linear)
    {
        while (true)
            if (TryDraw(random, opcode, ring, linear) is { } drawn) return drawn;
    }

    public Instruction Decode() => Decoder.Create(32, Code, Registers.Eip).Decode();

    /// <summary>The operand's address as another decoder finds it.</summary>
    public uint AddressOf(in Instruction instruction)
    {
        int operand = instruction.Op0Kind == OpKind.Memory ? 0 : 1;
        GuestRegisters registers = Registers;
        return (uint)instruction.GetVirtualAddress(operand, 0, (register, _, _) => register switch
        {
            Register.FS => DeviceGuest.FsBase,
            Register.GS => DeviceGuest.GsBase,
            Register.ES or Register.CS or Register.SS or Register.DS => 0,
            _ => ValueOf(registers, register.GetNumber()),
        });
    }

    public override string ToString() => $"{Convert.ToHexString(Code)} {Decode()} at {Linear:x8}";

    private static DrawnAccess? TryDraw(Random random, int opcode, int ring, uint linear)
    {
        bool isMoffs = opcode is >= 0xA0 and <= 0xA3;
        bool writes = opcode is 0x88 or 0x89 or 0xA2 or 0xA3 or 0xC6 or 0xC7;
        List<byte> code = [];
        bool isShort = random.Next(3) == 0;
        byte? segment = null;
        if (random.Next(3) == 0) code.Add((segment = Segments[random.Next(Segments.Length)]).Value);
        if (isShort) code.Add(0x66);
        if (random.Next(4) == 0) code.Add((segment = Segments[random.Next(Segments.Length)]).Value);
        if (segment == 0x2E && writes) return null;     // code is not written
        uint target = linear - (segment switch { 0x64 => DeviceGuest.FsBase, 0x65 => DeviceGuest.GsBase, _ => 0 });

        GuestRegisters registers = DeviceGuest.InRing(ring);
        for (int i = 0; i < 8; i++)
            if (i != Esp || ring == 3) ValueOf(ref registers, i) = (uint)random.NextInt64(1L << 32);

        if (opcode > 0xFF) code.Add((byte)(opcode >> 8));
        code.Add((byte)opcode);
        if (isMoffs)
        {
            code.AddRange(BitConverter.GetBytes(target));
            return new DrawnAccess([.. code], registers, linear);
        }

        int mode = random.Next(3), register = opcode is 0xC6 or 0xC7 ? 0 : random.Next(8), part = random.Next(8);
        bool isByte = opcode is 0x88 or 0x8A;
        if (ring == 1 && !writes && !isByte && register == Esp) return null;
        code.Add((byte)(mode << 6 | register << 3 | part));
        uint index = 0;
        int indexNumber = -1, @base = part;
        if (part == Esp)
        {
            int scale = random.Next(4);
            indexNumber = random.Next(8);
            @base = random.Next(8);
            if (indexNumber == Esp) indexNumber = -1;
            else index = ValueOf(registers, indexNumber) << scale;
            code.Add((byte)(scale << 6 | (indexNumber < 0 ? Esp : indexNumber) << 3 | @base));
        }

        if (mode == 0 && @base == Ebp)
        {
            code.AddRange(BitConverter.GetBytes(target - index));
        }
        else if (mode == 2)
        {
            code.AddRange(BitConverter.GetBytes(target - index - ValueOf(registers, @base)));
        }
        else
        {
            if (@base == indexNumber || (@base == Esp && ring == 1)) return null;
            sbyte displacement = mode == 1 ? (sbyte)random.Next(-128, 128) : (sbyte)0;
            if (mode == 1) code.Add((byte)displacement);
            ValueOf(ref registers, @base) = target - index - (uint)displacement;
        }

        int immediate = opcode == 0xC6 ? 1 : opcode != 0xC7 ? 0 : isShort ? 2 : 4;
        for (int i = 0; i < immediate; i++) code.Add((byte)random.Next(256));
        return new DrawnAccess([.. code], registers, linear);
    }

    private static uint ValueOf(GuestRegisters registers, int number) => ValueOf(ref registers, number);

    private static ref uint ValueOf(ref GuestRegisters registers, int number)
    {
        switch (number)
        {
            case 0: return ref registers.Eax;
            case 1: return ref registers.Ecx;
            case 2: return ref registers.Edx;
            case 3: return ref registers.Ebx;
            case 4: return ref registers.Esp;
            case 5: return ref registers.Ebp;
            case 6: return ref registers.Esi;
            default: return ref registers.Edi;
        }
    }
}
