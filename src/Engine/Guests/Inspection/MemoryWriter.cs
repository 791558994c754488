namespace LguestPS.Inspection;

/// <summary>Writes guest memory from outside, all of it or nothing.</summary>
internal static class MemoryWriter
{
    /// <exception cref="LguestException">AddressNotMapped or InvalidValue.</exception>
    public static InterventionChange[] Plan(Guest guest, uint address, byte[] bytes, bool physical)
    {
        if (bytes.Length is 0 or > GuestInspector.MostWritten)
            throw new LguestException(LguestError.InvalidValue, $"One change of memory has 1 to {GuestInspector.MostWritten} bytes, not {bytes.Length}.");
        MemoryReader memory = new(guest, physical);
        byte[] before = memory.Read(address, bytes.Length);
        return [.. memory.Pieces(address, bytes.Length).Select(piece => new InterventionChange(
            Target(memory, address + (uint)piece.Offset), piece.Physical,
            before.AsSpan(piece.Offset, piece.Length).ToArray(), bytes.AsSpan(piece.Offset, piece.Length).ToArray()))];
    }

    /// <inheritdoc cref="Plan"/>
    public static InterventionChange[] Write(Guest guest, uint address, byte[] bytes, bool physical)
    {
        InterventionChange[] changes = Plan(guest, address, bytes, physical);
        // Guest memory tells the vCPU of writes to code it has translated.
        foreach (InterventionChange change in changes) guest.Memory.Write(change.PhysicalAddress!.Value, change.To);
        // What was written may be a page table, and no hypercall of the guest will name it.
        guest.Cpu.FlushAll();
        return changes;
    }

    private static string Target(MemoryReader memory, uint address) =>
        $"0x{address:x8}{(memory.IsPhysical ? " (physical)" : "")}{(memory.Describe(address) is { } symbol ? $" <{symbol}>" : "")}";
}
