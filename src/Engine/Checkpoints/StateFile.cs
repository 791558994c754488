using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using LguestPS.Files;
using LguestPS.State;

namespace LguestPS.Checkpoints;

/// <summary>The outside of our files: what kind and version it is, a checksum, and the contents compressed (Brotli).</summary>
internal static class StateFile
{
    /// <summary>The version this program writes.</summary>
    public const ushort Version = 5;

    /// <summary>The oldest version it reads.</summary>
    public const ushort OldestVersion = 4;

    public const string CheckpointKind = "checkpoint";
    public const string RecordingKind = "recording";

    // What is left of the guest's memory is bounded by its definition. Anything else of a real guest packs far worse than this.
    private const long MostUnpacked = 64L << 20;
    private const long MostRatio = 250;

    private const int MagicSize = 8;
    private const int KindSize = 16;
    private const int HeaderSize = MagicSize + 2 + KindSize + 8 + SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Magic => "lguestPS"u8;

    /// <summary>Writes a whole file beside the one it replaces, and then puts it in its place.</summary>
    /// <exception cref="LguestException">FileUnavailable; what was there before is still there.</exception>
    public static void Write(string path, string kind, Action<BinaryWriter> contents)
    {
        using MemoryStream packed = new();
        using (BrotliStream brotli = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (BufferedStream buffer = new(brotli, 1 << 16))
        using (BinaryWriter writer = new(buffer, Encoding.UTF8))
            contents(writer);

        ReadOnlySpan<byte> payload = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        byte[] header = new byte[HeaderSize];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(MagicSize), Version);
        Encoding.ASCII.GetBytes(kind, header.AsSpan(MagicSize + 2, KindSize));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(MagicSize + 2 + KindSize), payload.Length);
        Checksum(header, payload).CopyTo(header, HeaderSize - SHA256.HashSizeInBytes);

        try
        {
            HostFile.Replace(path, file =>
            {
                file.Write(header);
                file.Write(packed.GetBuffer().AsSpan(0, (int)packed.Length));
            });
            AbandonedFiles.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"the {kind} '{path}' cannot be written: {e.Message}", e) { Path = path };
        }
    }

    /// <exception cref="LguestException">FileUnavailable or InvalidCheckpoint.</exception>
    public static T Read<T>(string path, string kind, Func<BoundedReader, T> contents)
    {
        byte[] file;
        try
        {
            file = HostFile.ReadAll(path, long.MaxValue);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"the {kind} '{path}' cannot be read: {e.Message}", e) { Path = path };
        }

        if (file.Length < MagicSize + 2 || !file.AsSpan(0, MagicSize).SequenceEqual(Magic)) throw Invalid("is no file of LguestPS");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(MagicSize));
        if (version > Version) throw Invalid($"has format {version} of a newer LguestPS; this one reads formats up to {Version}");
        if (version < OldestVersion) throw Invalid($"has format {version} of an older LguestPS; this one reads formats from {OldestVersion} on");
        if (file.Length < HeaderSize) throw Invalid("is cut off");
        string found = Encoding.ASCII.GetString(file.AsSpan(MagicSize + 2, KindSize)).TrimEnd('\0');
        if (found != kind) throw Invalid(found is CheckpointKind or RecordingKind ? $"is a {found}, not a {kind}" : "is damaged");
        long length = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(MagicSize + 2 + KindSize));
        ReadOnlySpan<byte> payload = file.AsSpan(HeaderSize);
        if (payload.Length < length) throw Invalid("is cut off");
        if (payload.Length != length || !Checksum(file.AsSpan(0, HeaderSize), payload).AsSpan().SequenceEqual(file.AsSpan(HeaderSize - SHA256.HashSizeInBytes, SHA256.HashSizeInBytes)))
            throw Invalid("is damaged");

        try
        {
            using BrotliStream brotli = new(new MemoryStream(file, HeaderSize, file.Length - HeaderSize), CompressionMode.Decompress);
            using BufferedStream buffer = new(brotli, 1 << 16);
            using BoundedReader reader = new(buffer, MostUnpacked + file.Length * MostRatio) { Version = version };
            return contents(reader);
        }
        catch (Exception e) when (e is InvalidStateException or IOException or InvalidDataException or FormatException or ArgumentException or InvalidOperationException or OverflowException)
        {
            throw Invalid($"is not valid: {e.Message}", e);
        }

        LguestException Invalid(string what, Exception? inner = null) => new(LguestError.InvalidCheckpoint, $"'{path}' {what}", inner) { Path = path };
    }

    private static byte[] Checksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header[..(HeaderSize - SHA256.HashSizeInBytes)]);
        hash.AppendData(payload);
        return hash.GetHashAndReset();
    }
}
