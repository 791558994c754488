using LguestPS.Files;

namespace LguestPS.Symbols;

/// <summary>A file with symbols, of either kind, opened and measured.</summary>
internal static class SymbolFile
{
    private const int LargestMap = 64 << 20;
    private const long LargestUnpacked = 4L << 30;
    private const int StartLength = 256;

    /// <summary>Makes sure, without reading all of it, that a file can have symbols.</summary>
    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if it is neither an ELF file nor a System.map.</exception>
    public static void Check(string path) => Open<object?>(path, static (path, file) =>
    {
        IsElf(path, PackedFile.PackingOf(file.SafeFileHandle) is { } packing ? new MemoryStream(PackedFile.ReadStart(file.SafeFileHandle, packing, StartLength)) : file);
        return null;
    });

    /// <summary>Reads a file's symbols.</summary>
    /// <returns>Null for an ELF file without a symbol table.</returns>
    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if it is damaged or of another kind.</exception>
    public static SymbolTable? Read(string path) => Open(path, static (path, file) =>
    {
        if (PackedFile.PackingOf(file.SafeFileHandle) is not { } packing) return Read(path, file);
        using FileStream whole = PackedFile.ToTemporary(file.SafeFileHandle, packing, LargestUnpacked);
        return Read(path, whole);
    });

    public static LguestException Invalid(string path, string problem, int? line = null) =>
        new(LguestError.InvalidImage, line is { } number ? $"{path}({number}): {problem}" : $"symbol file '{path}' {problem}") { Path = path, Line = line };

    /// <summary>Part of an open file.</summary>
    public static byte[] ReadAt(FileStream file, long offset, int length)
    {
        byte[] bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    private static SymbolTable? Read(string path, FileStream file)
    {
        long length = file.Length;
        if (IsElf(path, file)) return ElfSymbols.Read(path, file, length);
        if (length > LargestMap) throw Invalid(path, $"has {length} bytes; no System.map has more than {LargestMap >> 20} MiB");
        return SystemMap.Read(path, ReadAt(file, 0, (int)length));
    }

    private static T Open<T>(string path, Func<string, FileStream, T> read)
    {
        try
        {
            using FileStream file = new(HostFile.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), FileAccess.Read, bufferSize: 0);
            return read(path, file);
        }
        catch (EndOfStreamException)
        {
            throw Invalid(path, "became shorter while it was read");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string problem = e is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : $"cannot be read: {e.Message}";
            throw new LguestException(LguestError.FileUnavailable, $"symbol file '{path}' {problem}", e) { Path = path };
        }
    }

    private static bool IsElf(string path, Stream file)
    {
        Span<byte> start = stackalloc byte[StartLength];
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (start.IsEmpty) throw Invalid(path, "is empty");
        if (start.StartsWith("\u007fELF"u8)) return true;
        return SystemMap.CanBegin(start) ? false : throw Invalid(path, "is neither an ELF file nor a System.map");
    }
}
