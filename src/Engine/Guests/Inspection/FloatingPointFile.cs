using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;

namespace LguestPS.Inspection;

/// <summary>The registers of the x87 by name: st0 to st7, and those of its environment.</summary>
internal static class FloatingPointFile
{
    private const int StackSize = 8;
    private const int RegisterBytes = 10;

    private static readonly string[] Exceptions = ["invalid", "denormal", "zero divide", "overflow", "underflow", "precision", "stack fault"];
    private static readonly string[] Roundings = ["nearest", "down", "up", "to zero"];

    // Where fxsave puts them.
    private static readonly Word[] Words =
    [
        new("fcw", 0, 2, state => Control(state.Word(0))),
        new("fsw", 2, 2, Status),
        new("ftw", 4, 1, state => $"{BitOperations.PopCount(state.Used)} registers in use"),
        new("fop", 6, 2, _ => null),
        new("fip", 8, 4, _ => null),
        new("fcs", 12, 2, _ => null),
        new("fdp", 16, 4, _ => null),
        new("fds", 20, 2, _ => null),
    ];

    public static IEnumerable<string> Names => Enumerable.Range(0, StackSize).Select(StackName).Concat(Words.Select(word => word.Name));

    public static IEnumerable<GuestRegister> All(Guest guest, FloatingPointState state)
    {
        for (int i = 0; i < StackSize; i++)
        {
            FloatingPointRegister register = state[i];
            yield return new GuestRegister
            {
                Guest = guest.Name, Name = StackName(i), Group = RegisterGroup.FloatingPoint, Value = ToDouble(register),
                Bits = $"{register.SignExponent:x4}:{register.Significand:x16}", Meaning = state.IsEmpty(i) ? "empty" : null,
            };
        }
        foreach (Word word in Words)
        {
            uint value = word.Read(state);
            yield return new GuestRegister
            {
                Guest = guest.Name, Name = word.Name, Group = RegisterGroup.FloatingPoint, Value = value,
                Bits = "0x" + value.ToString($"x{2 * word.Bytes}", CultureInfo.InvariantCulture),
                Meaning = word.Bytes == 4 ? guest.Machine.Symbols?.Describe(value) : word.Meaning(state),
            };
        }
    }

    /// <inheritdoc cref="RegisterFile.Prepare"/>
    public static InterventionChange Prepare(Guest guest, string name, object value, out Action apply)
    {
        if (!Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            throw Invalid($"There is no register '{name}'; there are {string.Join(", ", RegisterFile.Names)}.");
        if (guest.Cpu.FloatingPoint is not { } before) throw Invalid($"The vCPU of guest '{guest.Name}' ({guest.CpuName}) does not show its x87.");

        if (Array.Find(Words, word => string.Equals(word.Name, name, StringComparison.OrdinalIgnoreCase)) is { } word)
        {
            uint wanted = RegisterNumber.From(guest, word.Name, value);
            if (word.Bytes < 4 && wanted >> 8 * word.Bytes != 0) throw Invalid($"{word.Name} has {8 * word.Bytes} bits; 0x{wanted:x} does not fit");
            byte[] bytes = BitConverter.GetBytes(wanted)[..word.Bytes];
            apply = () => guest.Cpu.SetFloatingPoint(before.With(word.Offset, bytes));
            return new InterventionChange(word.Name, null, before.Image.Slice(word.Offset, word.Bytes).ToArray(), bytes);
        }

        int i = name[2] - '0';
        byte[] number = Bytes(FromUser(name, value));
        apply = () => guest.Cpu.SetFloatingPoint(before.WithRegister(i, number));
        return new InterventionChange(StackName(i), null, Bytes(before[i]), number);
    }

    private static string StackName(int i) => $"st{i}";

    private static byte[] Bytes(FloatingPointRegister register)
    {
        byte[] bytes = new byte[RegisterBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, register.Significand);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), register.SignExponent);
        return bytes;
    }

    private static double ToDouble(FloatingPointRegister register)
    {
        Float80 value = new(register.Significand, register.SignExponent);
        if (value.IsNaN || value.IsUnsupported) return double.NaN;
        double magnitude = value.IsInfinity ? double.PositiveInfinity : Math.ScaleB(value.Significand, Math.Max(value.Exponent, 1) - Float80.Bias - 63);
        return value.IsNegative ? -magnitude : magnitude;
    }

    private static FloatingPointRegister FromUser(string name, object value)
    {
        if (value is string text && text.Split(':') is [{ Length: 4 } high, { Length: 16 } low]
            && ushort.TryParse(high, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort signExponent)
            && ulong.TryParse(low, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong significand))
            return new FloatingPointRegister(significand, signExponent);
        try
        {
            Float80 widened = FloatMath.FromDouble(BitConverter.DoubleToUInt64Bits(Convert.ToDouble(value, CultureInfo.InvariantCulture)));
            return new FloatingPointRegister(widened.Significand, widened.SignExponent);
        }
        catch (Exception e) when (e is FormatException or InvalidCastException or OverflowException)
        {
            throw Invalid($"'{value}' is not a number for {name}; give one, or sign and exponent, a colon, and the significand in hexadecimal: 4000:c90fdaa22168c235");
        }
    }

    private static string Control(ushort control) =>
        $"round {Roundings[control >> 10 & 3]}, {(control >> 8 & 3) switch { 0 => "24", 2 => "53", _ => "64" }} bits, {Unmasked(control)}";

    private static string Unmasked(ushort control)
    {
        string[] unmasked = [.. Exceptions.Take(6).Where((_, bit) => (control >> bit & 1) == 0)];
        return unmasked.Length == 0 ? "all exceptions masked" : $"unmasked: {string.Join(", ", unmasked)}";
    }

    private static string Status(FloatingPointState state)
    {
        IEnumerable<string> raised = Exceptions.Where((_, bit) => (state.Word(2) >> bit & 1) != 0);
        return string.Join(", ", raised.Prepend($"top {state.Top}"));
    }

    private static LguestException Invalid(string problem) => new(LguestError.InvalidValue, problem);

    private sealed record Word(string Name, int Offset, int Bytes, Func<FloatingPointState, string?> Meaning)
    {
        public uint Read(FloatingPointState state) => Bytes switch { 1 => state.Used, 2 => state.Word(Offset), _ => state.DoubleWord(Offset) };
    }
}
