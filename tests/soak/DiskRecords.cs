using System.Buffers.Binary;

namespace LguestPS.Tests.Soak;

/// <summary>The records of the load as they are in a disk image.</summary>
internal static class DiskRecords
{
    public const int RecordSize = 4096;
    private const uint Magic = 0x4b414f53;

    /// <summary>Checks that every record that was promised is in the image, whole and with its right contents.</summary>
    /// <param name="image">The disk's image.</param>
    /// <param name="acknowledged">The newest record promised; 0 for none.</param>
    /// <param name="checkedRecords">How many records were looked at.</param>
    /// <returns>What is missing, a sentence each.</returns>
    public static IReadOnlyList<string> FindLost(string image, uint acknowledged, out int checkedRecords)
    {
        checkedRecords = 0;
        List<string> lost = [];
        using FileStream file = new(image, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        uint slots = (uint)(file.Length / RecordSize);
        byte[] bytes = new byte[RecordSize];
        for (uint slot = 0; slot < slots; slot++)
        {
            // The newest promise for this place; the record after the last promised may be on its way into its own.
            uint promised = acknowledged - (acknowledged - slot) % slots;
            if (acknowledged < slot || promised == 0 || promised > acknowledged || (acknowledged + 1) % slots == slot) continue;
            file.Position = (long)slot * RecordSize;
            file.ReadExactly(bytes);
            checkedRecords++;
            if (Problem(bytes, promised) is { } problem) lost.Add($"record {promised} in place {slot} was acknowledged (the newest is {acknowledged}), and {problem}");
        }
        return lost;
    }

    private static string? Problem(ReadOnlySpan<byte> bytes, uint number)
    {
        uint magic = Word(bytes, 0), found = Word(bytes, 1);
        if (magic != Magic) return "no record is there";
        if (found != number) return $"record {found} is there";
        uint state = unchecked(number * 2654435761) | 1;
        for (int i = 2; i < RecordSize / 4 - 1; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            if (Word(bytes, i) != state) return $"its word {i} is wrong";
        }
        return Word(bytes, RecordSize / 4 - 1) == LoadLine.Checksum(bytes[..(RecordSize - 4)]) ? null : "its checksum is wrong";
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * index)..]);
}
