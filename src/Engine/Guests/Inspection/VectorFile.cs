using System.Buffers.Binary;
using System.Globalization;
using LguestPS.Cpu;

namespace LguestPS.Inspection;

/// <summary>The registers of MMX and SSE by name: mm0 to mm7, which lie in the x87's, xmm0 to xmm7, and mxcsr.</summary>
internal static class VectorFile
{
    private const int Count = 8;
    private const string Mxcsr = "mxcsr";

    private static readonly string[] Exceptions = ["invalid", "denormal", "zero divide", "overflow", "underflow", "precision"];
    private static readonly string[] Roundings = ["nearest", "down", "up", "to zero"];

    public static IReadOnlyList<string> Names { get; } =
        [.. Enumerable.Range(0, Count).Select(i => $"mm{i}"), .. Enumerable.Range(0, Count).Select(i => $"xmm{i}"), Mxcsr];

    public static IEnumerable<GuestRegister> All(Guest guest, FloatingPointState state)
    {
        for (int i = 0; i < Count; i++) yield return Show(guest, $"mm{i}", state.Mm(i), $"0x{state.Mm(i):x16}", null);
        for (int i = 0; i < Count; i++)
        {
            UInt128 value = BinaryPrimitives.ReadUInt128LittleEndian(state.Xmm(i));
            double low = BitConverter.UInt64BitsToDouble((ulong)value), high = BitConverter.UInt64BitsToDouble((ulong)(value >> 64));
            yield return Show(guest, $"xmm{i}", value, $"0x{value:x32}", string.Create(CultureInfo.InvariantCulture, $"as doubles {low:g6}, {high:g6}"));
        }

        yield return Show(guest, Mxcsr, state.Mxcsr, $"0x{state.Mxcsr:x8}", Describe(state.Mxcsr));
    }

    /// <inheritdoc cref="RegisterFile.Prepare"/>
    public static InterventionChange Prepare(Guest guest, string name, object value, out Action apply)
    {
        if (guest.Cpu.FloatingPoint is not { } before) throw Invalid($"The vCPU of guest '{guest.Name}' ({guest.CpuName}) does not show its vector registers.");
        name = name.ToLowerInvariant();
        if (name == Mxcsr)
        {
            uint wanted = RegisterNumber.From(guest, name, value);
            if ((wanted & ~FloatingPointState.MxcsrBits) != 0) throw Invalid($"mxcsr has 16 bits; 0x{wanted:x} does not fit");
            apply = () => guest.Cpu.SetFloatingPoint(before.WithMxcsr(wanted));
            return new InterventionChange(name, null, BitConverter.GetBytes(before.Mxcsr), BitConverter.GetBytes(wanted));
        }

        int i = name[^1] - '0';
        if (name[0] == 'm')
        {
            UInt128 wanted = FromUser(name, value);
            if (wanted > ulong.MaxValue) throw Invalid($"{name} has 64 bits; 0x{wanted:x} does not fit");
            apply = () => guest.Cpu.SetFloatingPoint(before.WithMm(i, (ulong)wanted));
            return new InterventionChange(name, null, BitConverter.GetBytes(before.Mm(i)), BitConverter.GetBytes((ulong)wanted));
        }

        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, FromUser(name, value));
        apply = () => guest.Cpu.SetFloatingPoint(before.WithXmm(i, bytes));
        return new InterventionChange(name, null, before.Xmm(i).ToArray(), bytes);
    }

    private static GuestRegister Show(Guest guest, string name, object value, string bits, string? meaning) => new()
    {
        Guest = guest.Name, Name = name, Group = RegisterGroup.Vector, Value = value, Bits = bits, Meaning = meaning,
    };

    private static UInt128 FromUser(string name, object value)
    {
        switch (value)
        {
            case UInt128 whole: return whole;
            case byte[] { Length: 16 } bytes: return BinaryPrimitives.ReadUInt128LittleEndian(bytes);
            case byte or ushort or uint or ulong: return Convert.ToUInt64(value, CultureInfo.InvariantCulture);
            case sbyte or short or int or long when Convert.ToInt64(value, CultureInfo.InvariantCulture) is >= 0 and var number: return (UInt128)number;
            case string text when text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
                && UInt128.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 number):
                return number;
            case string text when UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out UInt128 number): return number;
            default: throw Invalid($"'{value}' is not a value for {name}: give a whole number, such as 0x3ff0000000000000, or all its bytes");
        }
    }

    private static string Describe(uint mxcsr)
    {
        string[] raised = [.. Exceptions.Where((_, bit) => (mxcsr >> bit & 1) != 0)], unmasked = [.. Exceptions.Where((_, bit) => (mxcsr >> 7 + bit & 1) == 0)];
        List<string> parts = [$"round {Roundings[mxcsr >> 13 & 3]}", unmasked.Length == 0 ? "all exceptions masked" : $"unmasked: {string.Join(", ", unmasked)}"];
        if ((mxcsr & 1 << 6) != 0) parts.Add("denormals are zero");
        if ((mxcsr & 1 << 15) != 0) parts.Add("flush to zero");
        if (raised.Length != 0) parts.Add($"raised: {string.Join(", ", raised)}");
        return string.Join(", ", parts);
    }

    private static LguestException Invalid(string problem) => new(LguestError.InvalidValue, problem);
}
