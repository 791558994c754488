namespace LguestPS.Traps;

/// <summary>An in or out of one value, between eax or a part of it and a port.</summary>
/// <param name="Length">Bytes of the instruction.</param>
/// <param name="Port">The port's number.</param>
/// <param name="Width">Bytes of the value: 1, 2 or 4.</param>
/// <param name="IsOut">Whether it is written to the port.</param>
internal readonly record struct PortInstruction(uint Length, ushort Port, int Width, bool IsOut)
{
    private const byte OperandSizePrefix = 0x66;

    /// <param name="code">The instruction's bytes and what follows, as far as they lie in memory.</param>
    /// <param name="registers">The guest's.</param>
    /// <param name="instruction">What it is.</param>
    /// <returns>False for any other instruction, and for one that goes on beyond <paramref name="code"/>.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> code, in GuestRegisters registers, out PortInstruction instruction)
    {
        instruction = default;
        int prefixes = code is [OperandSizePrefix, ..] ? 1 : 0;
        if (code.Length == prefixes) return false;

        // e4 to e7 name the port in a byte of their own, ec to ef in dx; bit 1 means out, bit 0 more than a byte.
        byte opcode = code[prefixes];
        int length = prefixes + (opcode & 0xFC) switch { 0xE4 => 2, 0xEC => 1, _ => 0 };
        if (length == prefixes || length > code.Length) return false;
        ushort port = length - prefixes == 2 ? code[prefixes + 1] : (ushort)registers.Edx;
        int width = (opcode & 1) == 0 ? 1 : prefixes == 1 ? 2 : 4;
        instruction = new PortInstruction((uint)length, port, width, (opcode & 2) != 0);
        return true;
    }
}
