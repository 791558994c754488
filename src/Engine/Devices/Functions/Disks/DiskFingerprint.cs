using System.Security.Cryptography;

namespace LguestPS.Devices;

/// <summary>Tells disk images apart without reading all of a large one: SHA-256 of a small one, or of both ends and samples between.</summary>
/// <remarks>A file system has its own identity, and the time it was last used, at its beginning; so another one, or one that was used since, shows.</remarks>
internal static class DiskFingerprint
{
    /// <summary>Bytes of the largest image that is read whole.</summary>
    public const int SmallImage = 4 << 20;

    private const int End = 1 << 20;
    private const int Samples = 256;
    private const int SampleSize = 4096;

    /// <exception cref="IOException">The image cannot be read.</exception>
    public static byte[] Of(DiskImage image)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[End];
        if (image.Length <= SmallImage)
        {
            Add(0, image.Length);
        }
        else
        {
            Add(0, End);
            for (long i = 1; i <= Samples; i++) Add(i * (image.Length / (Samples + 1)) / SampleSize * SampleSize, SampleSize);
            Add(image.Length - End, End);
        }
        return hash.GetHashAndReset();

        void Add(long offset, long length)
        {
            for (long done = 0; done < length;)
            {
                Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done));
                image.Read(offset + done, piece);
                hash.AppendData(piece);
                done += piece.Length;
            }
        }
    }
}
