using Iced.Intel;

namespace LguestPS.Histories;

/// <summary>Where a value is: some bytes of a general register, or of memory.</summary>
/// <param name="Register">The number of the whole register in the order of the instruction set; -1 for memory.</param>
/// <param name="Address">Of memory, the linear address; of a register, the first byte that counts, 0 to 3.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct ValuePlace(int Register, uint Address, uint Length)
{
    private const int Registers = 8;
    private static readonly string[] Bytes = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"], Whole = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];

    public bool IsMemory => Register < 0;

    public static ValuePlace Memory(uint address, uint length) => new(-1, address, length);

    /// <returns>Null if it is none of the general registers.</returns>
    public static ValuePlace? Of(Iced.Intel.Register register)
    {
        Iced.Intel.Register full = register.GetFullRegister32();
        int number = full - Iced.Intel.Register.EAX;
        if (number is < 0 or >= Registers) return null;
        bool high = register is Iced.Intel.Register.AH or Iced.Intel.Register.BH or Iced.Intel.Register.CH or Iced.Intel.Register.DH;
        return new ValuePlace(number, high ? 1u : 0, (uint)register.GetSize());
    }

    /// <returns>Null if there is no general register of this name.</returns>
    public static ValuePlace? Parse(string name) =>
        Enum.TryParse(name, ignoreCase: true, out Iced.Intel.Register register) && Enum.IsDefined(register) ? Of(register) : null;

    /// <summary>The bytes that both have; null if there are none.</summary>
    public ValuePlace? Common(ValuePlace other)
    {
        if (Register != other.Register) return null;
        uint first = Math.Max(Address, other.Address), end = Math.Min(Address + Length, other.Address + other.Length);
        return first < end ? this with { Address = first, Length = end - first } : null;
    }

    /// <summary>The part of this place that corresponds to a part of another one, which has the same bytes.</summary>
    public ValuePlace Like(ValuePlace part, ValuePlace whole) => this with { Address = Address + (part.Address - whole.Address), Length = part.Length };

    /// <summary>The bytes of the place among the registers; only for registers.</summary>
    public uint ValueIn(in GuestRegisters registers)
    {
        ReadOnlySpan<uint> all = [registers.Eax, registers.Ecx, registers.Edx, registers.Ebx, registers.Esp, registers.Ebp, registers.Esi, registers.Edi];
        uint value = all[Register] >> (int)(8 * Address);
        return Length >= 4 ? value : value & (1u << (int)(8 * Length)) - 1;
    }

    public string Text(SymbolTable? symbols) => IsMemory
        ? symbols?.Find(Address)?.ToString() is { } symbol ? $"[0x{Address:x8} <{symbol}>]" : $"[0x{Address:x8}]"
        : (Address, Length) switch
        {
            (0, 4) => Whole[Register],
            (0, 2) => Whole[Register][1..],
            (0, 1) when Register < 4 => Bytes[Register],
            (1, 1) when Register < 4 => Bytes[Register + 4],
            _ => $"{Whole[Register]}[{Address}..{Address + Length - 1}]",
        };
}
