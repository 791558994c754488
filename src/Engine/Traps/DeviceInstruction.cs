using System.Buffers.Binary;

namespace LguestPS.Traps;

/// <summary>An instruction that moves one value to or from memory and does nothing else: what may touch device memory.</summary>
/// <remarks>
/// These are the forms in which compilers and Linux's readb, writel and so on access it: mov (88 to 8b, a0 to a3, c6, c7), movzx and movsx
/// (0f b6, b7, be, bf), with an operand-size prefix and prefixes of segments.
/// </remarks>
internal readonly record struct DeviceInstruction
{
    /// <summary>Bytes of the longest instruction.</summary>
    public const int Longest = 15;

    /// <summary>Bytes that <see cref="TryDecode"/> may look at: of prefixes, and of the longest form after so many.</summary>
    private const int Window = 2 * Longest;

    private const int NoIndex = 4, DisplacementAlone = 5, HasScaledIndex = 4;

    /// <summary>Bytes of the instruction.</summary>
    public required uint Length { get; init; }

    /// <summary>The selector of the segment that the operand in memory lies in.</summary>
    public required ushort Selector { get; init; }

    /// <summary>Its offset there.</summary>
    public required uint Offset { get; init; }

    /// <summary>Its bytes: 1, 2 or 4.</summary>
    public required int Width { get; init; }

    public required bool IsWrite { get; init; }

    /// <summary>For a write what is written, zero-extended.</summary>
    public required uint Value { get; init; }

    /// <summary>For a read the register that takes it, as instructions number those of <see cref="TargetWidth"/>.</summary>
    public required int Target { get; init; }

    /// <summary>Bytes of the register: 1, 2 or 4.</summary>
    public required int TargetWidth { get; init; }

    /// <summary>Whether the value is extended with its sign.</summary>
    public required bool IsSigned { get; init; }

    /// <param name="code">The instruction's bytes and what follows, as far as they lie in memory, at most <see cref="Longest"/>.</param>
    /// <param name="registers">The guest's.</param>
    /// <param name="instruction">What it is.</param>
    /// <returns>False for any other instruction, and for one that goes on beyond <paramref name="code"/>.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> code, in GuestRegisters registers, out DeviceInstruction instruction)
    {
        Decoder decoder = new(stackalloc byte[Window], code);
        return decoder.TryDecode(registers, out instruction) && instruction.Length <= code.Length;
    }

    /// <summary>Puts a value that was read into the register.</summary>
    public void Load(ref GuestRegisters registers, uint value)
    {
        if (IsSigned) value = Width == 1 ? (uint)(sbyte)value : (uint)(short)value;
        GeneralRegister.Write(ref registers, Target, TargetWidth, value);
    }

    /// <summary>Goes through the bytes of an instruction; where there are none it reads zeros.</summary>
    private ref struct Decoder
    {
        private readonly ReadOnlySpan<byte> bytes;
        private int at;

        public Decoder(Span<byte> window, ReadOnlySpan<byte> code)
        {
            window.Clear();
            code.CopyTo(window);
            bytes = window;
        }

        public bool TryDecode(in GuestRegisters registers, out DeviceInstruction instruction)
        {
            instruction = default;
            ushort? chosen = null;
            int full = sizeof(uint);
            byte opcode = Byte();
            while (IsPrefix(opcode, registers, ref chosen, ref full))
            {
                if (at == Longest) return false;
                opcode = Byte();
            }

            bool isExtending = opcode == 0x0F;
            if (isExtending) opcode = Byte();
            bool isWide = (opcode & 1) != 0;
            switch (opcode)
            {
                case 0xB6 or 0xB7 or 0xBE or 0xBF when isExtending:
                case (>= 0x88 and <= 0x8B) or 0xC6 or 0xC7 when !isExtending:
                    byte form = Byte();
                    if (form >= 0xC0) return false;         // a register, not memory
                    int number = form >> 3 & 7;
                    uint offset = Address(form, registers, out bool isInStack);
                    ushort selector = chosen ?? (isInStack ? registers.Ss : registers.Ds);
                    if (isExtending)
                    {
                        Decoded(out instruction, selector, offset, isWide ? 2 : 1, target: number, targetWidth: full, isSigned: (opcode & 8) != 0);
                        return true;
                    }

                    int width = isWide ? full : 1;
                    if (opcode < 0xC0 && (opcode & 2) != 0) Decoded(out instruction, selector, offset, width, number, width);
                    else if (opcode < 0xC0) Decoded(out instruction, selector, offset, width, value: GeneralRegister.Read(registers, number, width));
                    else if (number == 0) Decoded(out instruction, selector, offset, width, value: Immediate(width));
                    else return false;
                    return true;
                case >= 0xA0 and <= 0xA3 when !isExtending:
                    int size = isWide ? full : 1;
                    uint address = Word();
                    if ((opcode & 2) == 0) Decoded(out instruction, chosen ?? registers.Ds, address, size, target: 0, targetWidth: size);
                    else Decoded(out instruction, chosen ?? registers.Ds, address, size, value: GeneralRegister.Read(registers, 0, size));
                    return true;
                default:
                    return false;
            }
        }

        private static bool IsPrefix(byte opcode, in GuestRegisters registers, ref ushort? chosen, ref int full)
        {
            switch (opcode)
            {
                case 0x26: chosen = registers.Es; return true;
                case 0x2E: chosen = registers.Cs; return true;
                case 0x36: chosen = registers.Ss; return true;
                case 0x3E: chosen = registers.Ds; return true;
                case 0x64: chosen = registers.Fs; return true;
                case 0x65: chosen = registers.Gs; return true;
                case 0x66: full = sizeof(ushort); return true;
                default: return false;
            }
        }

        /// <summary>The offset that a form with an operand in memory names (Intel SDM volume 2, 2.1.5).</summary>
        private uint Address(byte form, in GuestRegisters registers, out bool isInStack)
        {
            int mode = form >> 6, part = form & 7;
            uint index = 0;
            if (part == HasScaledIndex)
            {
                byte scaled = Byte();
                int number = scaled >> 3 & 7;
                if (number != NoIndex) index = GeneralRegister.Read(registers, number, sizeof(uint)) << (scaled >> 6);
                part = scaled & 7;
            }

            bool isAlone = mode == 0 && part == DisplacementAlone;
            isInStack = !isAlone && part is 4 or 5;        // esp and ebp
            uint @base = isAlone ? Word() : GeneralRegister.Read(registers, part, sizeof(uint));
            uint displacement = mode switch { 1 => (uint)(sbyte)Byte(), 2 => Word(), _ => 0 };
            return @base + index + displacement;
        }

        private uint Immediate(int width)
        {
            uint value = width == 1 ? bytes[at] : width == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
            at += width;
            return value;
        }

        private byte Byte() => bytes[at++];

        private uint Word() => Immediate(sizeof(uint));

        private readonly void Decoded(out DeviceInstruction instruction, ushort selector, uint offset, int width, int target, int targetWidth, bool isSigned = false) =>
            instruction = new DeviceInstruction
            {
                Length = (uint)at, Selector = selector, Offset = offset, Width = width, IsWrite = false, Value = 0,
                Target = target, TargetWidth = targetWidth, IsSigned = isSigned,
            };

        private readonly void Decoded(out DeviceInstruction instruction, ushort selector, uint offset, int width, uint value) =>
            instruction = new DeviceInstruction
            {
                Length = (uint)at, Selector = selector, Offset = offset, Width = width, IsWrite = true, Value = value,
                Target = 0, TargetWidth = 0, IsSigned = false,
            };
    }
}
