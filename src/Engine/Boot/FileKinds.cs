using System.Text;

namespace LguestPS.Boot;

/// <summary>Kinds of file that are handed in as kernels, known by a few bytes.</summary>
internal static class FileKinds
{
    private sealed record Packing(string Name, byte[] Magic, string Unpack);

    private sealed record Kind(string Name, int At, byte[] Magic);

    /// <summary>The way that has always been there, and that kernels without a word about it are packed in.</summary>
    public const string Gzip = "gzip";

    // gzip first, since it is what nearly all are.
    private static readonly Packing[] Packings =
    [
        new(Gzip, [0x1F, 0x8B], "gzip -d"),
        new("bzip2", "BZh"u8.ToArray(), "bzip2 -d"),
        new("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz -d"),
        new("lzma", [0x5D, 0x00, 0x00], "xz -d --format=lzma"),
        new("lzo", [0x89, 0x4C, 0x5A, 0x4F], "lzop -d"),
        new("lz4", [0x02, 0x21, 0x4C, 0x18], "lz4 -d"),
        new("lz4", [0x04, 0x22, 0x4D, 0x18], "lz4 -d"),
        new("zstd", [0x28, 0xB5, 0x2F, 0xFD], "zstd -d"),
    ];

    private static readonly Kind[] Kinds =
    [
        new("an initramfs (a cpio archive), which is given as the initrd", 0, "07070"u8.ToArray()),
        new("a boot image of U-Boot", 0, [0x27, 0x05, 0x19, 0x56]),
        new("a qcow2 disk image", 0, [0x51, 0x46, 0x49, 0xFB]),
        new("a CD image", 0x8001, "CD001"u8.ToArray()),
        new("an ext2, ext3 or ext4 disk image, which is given as a disk", 0x438, [0x53, 0xEF]),
        new("a Windows or EFI program", 0, "MZ"u8.ToArray()),
        new("a boot sector, a disk image or a kernel older than bzImages", 0x1FE, [0x55, 0xAA]),
        new("a script", 0, "#!"u8.ToArray()),
    ];

    /// <summary>How something is packed; null if it is in no way that is known.</summary>
    public static string? PackedWith(ReadOnlySpan<byte> bytes) => FindPacking(bytes)?.Name;

    /// <summary>What a file is that is no kernel, with what to do about it; null if that is not known.</summary>
    public static string? Describe(ReadOnlySpan<byte> file)
    {
        if (FindPacking(file) is { } packing) return $"a file packed with {packing.Name}; if a kernel is in it, unpack it first ({packing.Unpack}); an initramfs is given as the initrd";
        foreach (Kind kind in Kinds)
            if (file.Length >= kind.At + kind.Magic.Length && file[kind.At..].StartsWith(kind.Magic)) return kind.Name;
        return IsText(file) ? "a text file" : null;
    }

    private static Packing? FindPacking(ReadOnlySpan<byte> bytes)
    {
        foreach (Packing packing in Packings)
            if (bytes.StartsWith(packing.Magic)) return packing;
        return null;
    }

    private static bool IsText(ReadOnlySpan<byte> file)
    {
        string start = Encoding.UTF8.GetString(file[..Math.Min(file.Length, 512)]);
        return !start.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t')) && start.Count(letter => letter == '\uFFFD') <= 1;
    }
}
