using System.Buffers.Binary;

namespace LguestPS.Fuzzing;

/// <summary>Makes an input that is a little different from others.</summary>
internal sealed class InputMutator(IReadOnlyList<FuzzTarget> targets, IReadOnlyList<byte[]> dictionary)
{
    private const int MostChanges = 8;
    private const int LongestStretch = 32;
    private const int LargestStep = 35;

    private static readonly uint[] corners = [0, 1, 2, 3, 4, 7, 8, 0xF, 0x10, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0xFF, 0x100, 0xFFF, 0x1000, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xC0000000, 0xFFFFFFFE, 0xFFFFFFFF];

    private readonly List<byte> bytes = [];

    /// <param name="random">Decides.</param>
    /// <param name="from">What is changed.</param>
    /// <param name="other">Another input, of which parts can be taken.</param>
    public FuzzInput Change(ref FuzzRandom random, FuzzInput from, FuzzInput other)
    {
        if (targets.Count == 0) return from;
        FuzzInput changed = from;
        int first = random.Next(targets.Count);
        changed = changed.With(first, Change(ref random, first, changed, other));
        // Now and then what several targets have matters together.
        for (int i = 0; i < targets.Count; i++)
            if (i != first && random.Chance(25)) changed = changed.With(i, Change(ref random, i, changed, other));
        return changed;
    }

    private byte[] Change(ref FuzzRandom random, int index, FuzzInput from, FuzzInput other)
    {
        FuzzTarget target = targets[index];
        bytes.Clear();
        bytes.AddRange(from.Parts[index].Bytes);
        if (target.IsText && bytes is [.., (byte)'\n']) bytes.RemoveAt(bytes.Count - 1);
        for (int left = 1 + random.Next(MostChanges); left > 0; left--)
        {
            if (bytes.Count == 0 || (!target.IsFixed && random.Chance(45))) ChangeLength(ref random, target, other.Parts[index].Bytes);
            else ChangeBytes(ref random, target, other.Parts[index].Bytes);
        }
        return target.Fit([.. bytes]);
    }

    private void ChangeBytes(ref FuzzRandom random, FuzzTarget target, byte[] other)
    {
        int at = random.Next(bytes.Count);
        switch (random.Next(target.IsText ? 7 : 9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = target.IsText ? (byte)(' ' + random.Next(95)) : (byte)random.Next(256);
                break;
            case 2:
                bytes[at] += (byte)(1 + random.Next(LargestStep));
                break;
            case 3:
                bytes[at] -= (byte)(1 + random.Next(LargestStep));
                break;
            case 4 when dictionary.Count > 0:
                Overwrite(at, dictionary[random.Next(dictionary.Count)]);
                break;
            case 5 when other.Length > 0:
                int from = random.Next(other.Length);
                Overwrite(at, other.AsSpan(from, Math.Min(other.Length - from, 1 + random.Next(LongestStretch))));
                break;
            case 6:
                int source = random.Next(bytes.Count);
                Overwrite(at, bytes.GetRange(source, Math.Min(bytes.Count - source, 1 + random.Next(LongestStretch))).ToArray());
                break;
            default:
                Put(at, corners[random.Next(corners.Length)] + (random.Chance(25) ? (uint)random.Next(LargestStep) : 0), 1 << random.Next(3), random.Chance(20));
                break;
        }
    }

    private void ChangeLength(ref FuzzRandom random, FuzzTarget target, byte[] other)
    {
        int at = random.Next(bytes.Count + 1);
        switch (random.Next(6))
        {
            case 0 when bytes.Count > 0:
                bytes.RemoveRange(Math.Min(at, bytes.Count - 1), 1);
                break;
            case 1 when at < bytes.Count:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(LongestStretch)));
                break;
            case 2 when other.Length > 0:
                int from = random.Next(other.Length);
                Insert(target, at, other.AsSpan(from, Math.Min(other.Length - from, 1 + random.Next(LongestStretch))));
                break;
            case 3 when bytes.Count > 0:
                int source = random.Next(bytes.Count);
                Insert(target, at, bytes.GetRange(source, Math.Min(bytes.Count - source, 1 + random.Next(LongestStretch))).ToArray());
                break;
            case 4 or 5 when dictionary.Count > 0:
                Insert(target, at, dictionary[random.Next(dictionary.Count)]);
                break;
            default:
                Insert(target, at, [target.IsText && !random.Chance(10) ? (byte)(' ' + random.Next(95)) : (byte)random.Next(256)]);
                break;
        }
    }

    private void Insert(FuzzTarget target, int at, ReadOnlySpan<byte> piece)
    {
        if (bytes.Count + piece.Length <= target.MostBytes) bytes.InsertRange(at, piece);
    }

    private void Overwrite(int at, ReadOnlySpan<byte> piece)
    {
        for (int i = 0; i < piece.Length && at + i < bytes.Count; i++) bytes[at + i] = piece[i];
    }

    private void Put(int at, uint value, int width, bool bigEndian)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        if (bigEndian) BinaryPrimitives.WriteUInt32BigEndian(number, value << 8 * (sizeof(uint) - width));
        else BinaryPrimitives.WriteUInt32LittleEndian(number, value);
        Overwrite(at, number[..width]);
    }
}
