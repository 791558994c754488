using System.Buffers.Binary;
using System.Text;

namespace LguestPS.Tests.Fuzz;

/// <summary>Makes something damaged or hostile of something valid.</summary>
internal static class Mutator
{
    private static readonly ulong[] corners =
        [0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, ulong.MaxValue];

    /// <summary>Changes a few bytes, numbers or stretches; once in a while nothing at all.</summary>
    /// <param name="random">Decides.</param>
    /// <param name="valid">What is changed.</param>
    /// <param name="tokens">Pieces that mean something in the format, to be put anywhere.</param>
    public static byte[] Change(TapeRandom random, ReadOnlySpan<byte> valid, IReadOnlyList<byte[]>? tokens = null)
    {
        List<byte> bytes = [.. valid];
        for (int left = random.Next(8); left > 0; left--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(tokens is null ? 8 : 10))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 or 3:
                    Put(bytes, at, random.Pick(corners), 1 << random.Next(4), random.Chance(25));
                    break;
                case 4:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(64)));
                    break;
                case 5:
                    bytes.InsertRange(at, [.. bytes.Skip(random.Next(bytes.Count + 1)).Take(1 + random.Next(64))]);
                    break;
                case 6 when random.Chance(20):
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 7:
                    byte[] noise = new byte[random.Next(32)];
                    random.NextBytes(noise);
                    bytes.InsertRange(at, noise);
                    break;
                case 8 or 9:
                    bytes.InsertRange(at, random.Pick(tokens!));
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Texts as tokens.</summary>
    public static byte[][] Tokens(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private static void Put(List<byte> bytes, int at, ulong value, int width, bool bigEndian)
    {
        if (at + width > bytes.Count) return;
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        number = number[..width];
        if (bigEndian) number.Reverse();
        for (int i = 0; i < width; i++) bytes[at + i] = number[i];
    }
}
