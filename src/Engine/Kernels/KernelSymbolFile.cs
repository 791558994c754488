using LguestPS.Boot;
using LguestPS.Symbols;

namespace LguestPS.Kernels;

/// <summary>Finds a kernel's symbols: in its own file, or in a System.map or vmlinux beside it that is of the same kernel.</summary>
internal static class KernelSymbolFile
{
    private static ReadOnlySpan<byte> Banner => "Linux version "u8;

    /// <param name="path">The kernel's file.</param>
    /// <param name="kernel">What is in it.</param>
    /// <param name="pageOffset">The first linear address of its mapping of all memory.</param>
    public static SymbolTable? Find(string path, KernelContents kernel, uint pageOffset)
    {
        if (!kernel.IsBzImage && Read(path) is { } own) return own;
        foreach (string file in KernelNeighbours.Of(path, "System.map").Concat(KernelNeighbours.Of(path, "vmlinux")))
            if (Read(file) is { } table && IsOf(table, kernel, pageOffset)) return table;
        return null;
    }

    private static SymbolTable? Read(string file)
    {
        try
        {
            return SymbolFile.Read(file);
        }
        catch (LguestException)
        {
            return null;    // it is only looked whether it has some
        }
    }

    /// <summary>Whether a kernel has its version text where a table says.</summary>
    private static bool IsOf(SymbolTable table, KernelContents kernel, uint pageOffset)
    {
        if (table.AddressOf("linux_banner") is not { } banner || banner < pageOffset) return false;
        uint physical = banner - pageOffset;
        return kernel.Segments.Any(segment => physical >= segment.Physical && physical - segment.Physical < segment.Bytes.Length
            && segment.Bytes.Span[(int)(physical - segment.Physical)..].StartsWith(Banner));
    }
}
