namespace LguestPS.Gdb;

/// <summary>Fixed answers of the protocol, and its numbers.</summary>
internal static class GdbAnswers
{
    public const string Ok = "OK";

    /// <summary>The packet is not known; gdb does without.</summary>
    public const string Unknown = "";

    public const string BadPacket = "E01";
    public const string BadAddress = "E0e";

    /// <summary>The guest stopped by itself, at a breakpoint or after a step (SIGTRAP).</summary>
    public const string Trapped = "05";

    /// <summary>Somebody interrupted it (SIGINT).</summary>
    public const string Interrupted = "02";

    public static byte[]? Bytes(ReadOnlySpan<char> hex)
    {
        if (hex.Length % 2 != 0) return null;
        byte[] bytes = new byte[hex.Length / 2];
        for (int i = 0; i < bytes.Length; i++)
            if (!byte.TryParse(hex.Slice(2 * i, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out bytes[i])) return null;
        return bytes;
    }

    public static uint? Number(ReadOnlySpan<char> hex) =>
        uint.TryParse(hex, System.Globalization.NumberStyles.AllowHexSpecifier, null, out uint number) ? number : null;
}
