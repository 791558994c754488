using LguestPS.Files;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Devices;

/// <summary>In a file that the next run can go on with (docs/notes/disk-overlays.md has its format).</summary>
/// <remarks>
/// A header, a bitmap of the sectors that are there, and the sectors, each at its own place: the file is as long as its image
/// and mostly holes. A sector's data is written before its bit, so a process that dies between the two leaves the old sector.
/// </remarks>
internal sealed class FileOverlay : SectorOverlay
{
    private const int HeaderSize = 4096;
    private const uint Version = 1;

    // Larger images are known by their length and date alone: to read them all would take longer than anybody waits.
    private const long MostHashed = 4L << 30;

    // Offsets in the header.
    private const int VersionAt = 8;
    private const int SectorSizeAt = 12;
    private const int SectorsAt = 16;
    private const int ImageDateAt = 24;
    private const int ImageHashAt = 32;
    private const int HeaderHashAt = 64;

    private readonly string path;
    private readonly SafeFileHandle file;
    private readonly long sectors;
    private readonly byte[] present;
    private long count;

    private FileOverlay(string path, SafeFileHandle file, long sectors)
    {
        this.path = path;
        this.file = file;
        this.sectors = sectors;
        present = new byte[(sectors + 7) / 8];
    }

    public override long SectorCount => Volatile.Read(ref count);

    private static ReadOnlySpan<byte> Magic => "LguestOv"u8;

    private long DataStart => HeaderSize + (present.LongLength + HeaderSize - 1) / HeaderSize * HeaderSize;

    private long FileLength => DataStart + sectors * DiskImage.SectorSize;

    /// <summary>Opens the overlay of an image, or makes it if there is none.</summary>
    /// <exception cref="LguestException">FileUnavailable; or InvalidImage: it is damaged, no overlay, or another image's. It is left as it was.</exception>
    public static FileOverlay Open(string path, DiskImage image)
    {
        SafeFileHandle file = DiskFile.Open(path, "disk overlay", FileMode.OpenOrCreate, forWriting: true);
        try
        {
            FileOverlay overlay = new(path, file, image.Length / DiskImage.SectorSize);
            if (RandomAccess.GetLength(file) == 0) overlay.Create(image);
            else overlay.Load(image);
            return overlay;
        }
        catch (IOException e)
        {
            file.Dispose();
            throw new LguestException(LguestError.FileUnavailable, $"disk overlay '{path}' cannot be used: {e.Message}", e) { Path = path };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override bool Has(long sector) => (present[sector / 8] & 1 << (int)(sector % 8)) != 0;

    public override void Read(long sector, Span<byte> bytes)
    {
        if (DiskFile.Read(file, DataStart + sector * DiskImage.SectorSize, bytes) < bytes.Length) throw Shortened();
    }

    public override void Write(long first, ReadOnlySpan<byte> bytes)
    {
        if (RandomAccess.GetLength(file) < FileLength) throw Shortened();
        WrittenFile.Write(file, bytes, DataStart + first * DiskImage.SectorSize);

        long end = first + bytes.Length / DiskImage.SectorSize;
        long firstByte = first / 8, lastByte = (end - 1) / 8;
        byte[] bits = present[(int)firstByte..(int)(lastByte + 1)];
        int added = 0;
        for (long sector = first; sector < end; sector++)
        {
            if (Has(sector)) continue;
            bits[sector / 8 - firstByte] |= (byte)(1 << (int)(sector % 8));
            added++;
        }
        if (added == 0) return;
        WrittenFile.Write(file, bits, HeaderSize + firstByte);
        bits.CopyTo(present, firstByte);
        Volatile.Write(ref count, count + added);
    }

    public override void Flush() => RandomAccess.FlushToDisk(file);

    public override void Dispose() => file.Dispose();

    private void Create(DiskImage image)
    {
        WrittenFile.SetLength(file, FileLength);       // holes, not zeros
        WrittenFile.Write(file, MakeHeader(image.LastWrite, HashOf(image)), 0);
    }

    private void Load(DiskImage image)
    {
        byte[] header = new byte[HeaderSize];
        int read = DiskFile.Read(file, 0, header);
        if (read < Magic.Length || !header.AsSpan().StartsWith(Magic)) throw Refuse("is not a disk overlay; give the name of a new file");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(VersionAt));
        if (version > Version) throw Refuse($"has version {version}; this program knows versions up to {Version}");
        if (read < HeaderSize || !SHA256.HashData(header.AsSpan(0, HeaderHashAt)).AsSpan().SequenceEqual(header.AsSpan(HeaderHashAt, SHA256.HashSizeInBytes)))
            throw Refuse("is damaged: its header does not match its checksum");
        CheckImage(image, header);
        if (RandomAccess.GetLength(file) != FileLength) throw Refuse($"is damaged: it has {RandomAccess.GetLength(file)} bytes instead of {FileLength}");

        if (DiskFile.Read(file, HeaderSize, present) < present.Length) throw Refuse("is damaged: its bitmap is cut off");
        if (sectors % 8 != 0 && present[^1] >> (int)(sectors % 8) != 0) throw Refuse("is damaged: it has sectors past the end of the disk");
        foreach (byte bits in present) count += BitOperations.PopCount(bits);
    }

    private void CheckImage(DiskImage image, ReadOnlySpan<byte> header)
    {
        bool sameLength = BinaryPrimitives.ReadInt64LittleEndian(header[SectorsAt..]) == sectors
            && BinaryPrimitives.ReadInt32LittleEndian(header[SectorSizeAt..]) == DiskImage.SectorSize;
        if (!sameLength) throw Refuse($"belongs to a disk of another size, not to '{image.Path}'");
        if (BinaryPrimitives.ReadInt64LittleEndian(header[ImageDateAt..]) == image.LastWrite.Ticks) return;

        byte[] hash = HashOf(image);
        if (image.Length > MostHashed || !header.Slice(ImageHashAt, hash.Length).SequenceEqual(hash))
            throw Refuse($"belongs to another image than '{image.Path}', or that was changed since; together they would be a broken disk");
        WrittenFile.Write(file, MakeHeader(image.LastWrite, hash), 0);     // only its date is new
    }

    private byte[] MakeHeader(DateTime imageDate, byte[] imageHash)
    {
        byte[] header = new byte[HeaderSize];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(VersionAt), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(SectorSizeAt), DiskImage.SectorSize);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(SectorsAt), sectors);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(ImageDateAt), imageDate.Ticks);
        imageHash.CopyTo(header, ImageHashAt);
        SHA256.HashData(header.AsSpan(0, HeaderHashAt)).CopyTo(header, HeaderHashAt);
        return header;
    }

    private static byte[] HashOf(DiskImage image)
    {
        if (image.Length > MostHashed) return new byte[SHA256.HashSizeInBytes];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[1 << 20];
        for (long at = 0; at < image.Length; at += piece.Length)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, image.Length - at));
            image.Read(at, part);
            hash.AppendData(part);
        }
        return hash.GetHashAndReset();
    }

    private LguestException Refuse(string problem) => new(LguestError.InvalidImage, $"disk overlay '{path}' {problem}") { Path = path };

    private IOException Shortened() => new($"overlay '{path}' has become shorter while in use; it had {FileLength} bytes");
}
