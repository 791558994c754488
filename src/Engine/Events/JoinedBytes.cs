namespace LguestPS.Events;

/// <summary>The bytes of several parts, one after the other.</summary>
internal static class JoinedBytes
{
    public static byte[] Of<T>(T[] parts, Func<T, byte[]> bytes)
    {
        int length = 0;
        foreach (T part in parts) length += bytes(part).Length;
        byte[] joined = new byte[length];
        int at = 0;
        foreach (T part in parts)
        {
            byte[] piece = bytes(part);
            piece.CopyTo(joined, at);
            at += piece.Length;
        }
        return joined;
    }
}
