using LguestPS.Memory;

namespace LguestPS.Paging;

/// <summary>A guest's memory by linear address, for those who look at it from outside: through its page tables as they are, without leaving a trace in them.</summary>
internal static class LinearMemory
{
    /// <returns>False if part of it is not mapped; what was read before that is in <paramref name="bytes"/>.</returns>
    public static bool TryRead(PageTables tables, uint pageDirectory, uint linear, Span<byte> bytes) => ReadAvailable(tables, pageDirectory, linear, bytes) == bytes.Length;

    /// <returns>How many bytes from the first on are mapped, and were read.</returns>
    public static int ReadAvailable(PageTables tables, uint pageDirectory, uint linear, Span<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length && tables.Find(pageDirectory, linear + (uint)done) is { } physical)
        {
            int length = InPage(physical, bytes.Length - done);
            tables.Memory.Read(physical, (uint)length).CopyTo(bytes[done..]);
            done += length;
        }
        return done;
    }

    /// <summary>Writes whether or not the guest may, as a debugger does.</summary>
    /// <returns>False, with nothing written, if part of it is not mapped.</returns>
    public static bool TryWrite(PageTables tables, uint pageDirectory, uint linear, ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; at < bytes.Length; at += GuestMemory.PageSize)
            if (tables.Find(pageDirectory, linear + (uint)at) is null) return false;
        if (bytes.Length > 0 && tables.Find(pageDirectory, linear + (uint)bytes.Length - 1) is null) return false;

        for (int done = 0; done < bytes.Length;)
        {
            uint physical = tables.Find(pageDirectory, linear + (uint)done)!.Value;
            int length = InPage(physical, bytes.Length - done);
            tables.Memory.Write(physical, bytes.Slice(done, length));
            done += length;
        }
        return true;
    }

    private static int InPage(uint address, int length) => Math.Min(length, GuestMemory.PageSize - (int)(address & GuestMemory.PageSize - 1));
}
