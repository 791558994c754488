namespace LguestPS.Gdb;

/// <summary>gdb's break- and watchpoints (Z and z packets) as breakpoints of the guest: nothing is patched, so its kinds 0 and 1 are the same.</summary>
internal sealed class GdbBreakpoints(Guest guest) : IDisposable
{
    private readonly Dictionary<(int Kind, uint Address, uint Length), Breakpoint> set = [];

    /// <returns>The answer, or null for a kind this processor does not have.</returns>
    public string? Set(int kind, uint address, uint length)
    {
        if (Target(kind, address, length) is not { } target) return null;
        if (!set.ContainsKey((kind, address, length))) set[(kind, address, length)] = guest.AddBreakpoint(target);
        return GdbAnswers.Ok;
    }

    public string? Clear(int kind, uint address, uint length)
    {
        if (Target(kind, address, length) is null) return null;
        if (set.Remove((kind, address, length), out Breakpoint? breakpoint)) guest.RemoveBreakpoint(breakpoint);
        return GdbAnswers.Ok;
    }

    /// <summary>What a stop answer says of a hit beside the signal; empty for a breakpoint of somebody else that is not about memory.</summary>
    public static string Reason(BreakpointHit hit) => hit switch
    {
        { Access: { Access: MemoryAccess.Execute } } => "",
        { Access: { } access } => $"{((MemoryTarget)hit.Breakpoint.Target).Access switch { MemoryAccess.Write => "watch", MemoryAccess.Read => "rwatch", _ => "awatch" }}:{Watched(hit, access):x};",
        _ => "",
    };

    public void Dispose()
    {
        foreach (Breakpoint breakpoint in set.Values) guest.RemoveBreakpoint(breakpoint);
        set.Clear();
    }

    // gdb looks for the watchpoint by this address, which must be inside it.
    private static uint Watched(BreakpointHit hit, AccessedMemory access) => Math.Max(access.Address, ((MemoryTarget)hit.Breakpoint.Target).Address);

    private static BreakpointTarget? Target(int kind, uint address, uint length) => kind switch
    {
        0 or 1 => new AddressTarget(address, null),
        2 => Memory(address, length, MemoryAccess.Write),
        3 => Memory(address, length, MemoryAccess.Read),
        4 => Memory(address, length, MemoryAccess.Read | MemoryAccess.Write),
        _ => null,
    };

    private static MemoryTarget? Memory(uint address, uint length, MemoryAccess access) =>
        length == 0 || address + (ulong)length > 1ul << 32 ? null : new MemoryTarget(address, length, access, null);
}
