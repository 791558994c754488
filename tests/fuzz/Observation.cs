using System.Numerics;
using System.Runtime.InteropServices;

namespace LguestPS.Tests.Fuzz;

/// <summary>A hash of what a case showed, by which two runs of it are compared. The same on every machine and in every process.</summary>
internal sealed class Observation
{
    private const ulong Factor = 0x9E3779B97F4A7C15;

    /// <summary>Of all that was added, in its order.</summary>
    public ulong Hash { get; private set; } = Factor;

    public void Add(ulong value) => Hash = (BitOperations.RotateLeft(Hash, 25) ^ value) * Factor;

    public void Add(long value) => Add((ulong)value);

    public void Add(ReadOnlySpan<byte> bytes)
    {
        Add((ulong)bytes.Length);
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) Add(MemoryMarshal.Read<ulong>(bytes));
        foreach (byte value in bytes) Add((ulong)value);
    }

    public void Add(string? text) => Add(MemoryMarshal.AsBytes(text.AsSpan()));
}
