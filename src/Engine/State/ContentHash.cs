using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LguestPS.State;

/// <summary>Tells contents apart, unless they were made to look alike.</summary>
internal static class ContentHash
{
    /// <summary>The first 64 bits of SHA-256.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
