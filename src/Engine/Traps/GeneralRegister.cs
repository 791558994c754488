using System.Runtime.CompilerServices;

namespace LguestPS.Traps;

/// <summary>The general registers and their parts, by the numbers that instructions give them.</summary>
internal static class GeneralRegister
{
    private const int ByteNumbers = 4;

    /// <param name="registers">The guest's.</param>
    /// <param name="number">0 to 7; of bytes the first four are al, cl, dl and bl, the others ah, ch, dh and bh.</param>
    /// <param name="width">Bytes: 1, 2 or 4.</param>
    /// <returns>The value, zero-extended.</returns>
    public static uint Read(in GuestRegisters registers, int number, int width) => width switch
    {
        1 => (Whole(registers, number % ByteNumbers) >> ShiftOf(number)) & 0xFF,
        2 => Whole(registers, number) & 0xFFFF,
        _ => Whole(registers, number),
    };

    /// <inheritdoc cref="Read"/>
    /// <param name="registers">The guest's.</param>
    /// <param name="number">As for <see cref="Read"/>.</param>
    /// <param name="width">Bytes: 1, 2 or 4.</param>
    /// <param name="value">What the register, or this part of it, becomes.</param>
    public static void Write(ref GuestRegisters registers, int number, int width, uint value)
    {
        switch (width)
        {
            case 1:
                ref uint holder = ref Whole(registers, number % ByteNumbers);
                holder = holder & ~(0xFFu << ShiftOf(number)) | (value & 0xFF) << ShiftOf(number);
                break;
            case 2:
                ref uint low = ref Whole(registers, number);
                low = low & 0xFFFF0000 | value & 0xFFFF;
                break;
            default:
                Whole(registers, number) = value;
                break;
        }
    }

    private static int ShiftOf(int number) => number < ByteNumbers ? 0 : 8;

    // They stand in the order of their numbers.
    private static ref uint Whole(in GuestRegisters registers, int number) => ref Unsafe.Add(ref Unsafe.AsRef(in registers.Eax), number);
}
