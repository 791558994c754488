using LguestPS.Abi;
using LguestPS.Machines;
using LguestPS.Memory;

namespace LguestPS.Hypercalls;

/// <summary>Looks at a guest's first hypercall, LGUEST_INIT, for a kernel of another era than the guest's profile, before the host writes where that kernel keeps something else.</summary>
internal static class EraCheck
{
    // Every way to split the address space puts the kernel above this, on a page directory slot.
    private const uint LowestPageOffset = 0x40000000;
    private const uint DirectorySlot = 4 << 20;

    // What must not be interrupted is a handful of instructions.
    private const uint LongestCode = GuestMemory.PageSize;

    /// <summary>Why the guest cannot go on, if its kernel is recognised as one of another era; null if it is of its own, or of none that is known.</summary>
    /// <param name="machine">The guest.</param>
    /// <param name="data">The address in the call, as the guest's own profile reads it.</param>
    public static string? FindOther(Machine machine, uint data)
    {
        if (Fits(machine, machine.Abi, data)) return null;
        AbiProfile[] others = [.. AbiProfile.All.Where(profile => profile != machine.Abi && Fits(machine, profile, profile.FirstArgument(machine.Cpu.Registers)))];
        if (others.Length == 0) return null;

        string names = string.Join(" or ", others.Select(profile => $"{profile.Name} ({profile.Kernels})"));
        string fitting = string.Join(" or ", others.Where(profile => profile.CanRun).Select(profile => profile.Name));
        return $"the kernel is of another era: its lguest_data is that of ABI profile {names}, not of {machine.Abi.Name}; " +
            (fitting.Length > 0 ? $"run it with --abi={fitting}, or 'abi: {fitting}' in its definition" : $"guests of {AbiProfile.Runnable} can run");
    }

    private static bool Fits(Machine machine, AbiProfile profile, uint data)
    {
        EraSigns signs = profile.Signs;
        if (signs.NoIrqStart is { } noIrq && ReadsAsCode(machine, data, noIrq)) return true;
        return signs.SyscallVec.Any(at =>
            Read(machine.Memory, data, at) == EraSigns.SystemCallVector
            && Read(machine.Memory, data, at - 4) is >= LowestPageOffset and var pageOffset && pageOffset % DirectorySlot == 0);
    }

    /// <summary>Whether two words are the start and the end of kernel code.</summary>
    private static bool ReadsAsCode(Machine machine, uint data, uint at) =>
        Read(machine.Memory, data, at) is { } start && Read(machine.Memory, data, at + 4) is { } end
        && start <= end && end - start < LongestCode && machine.PageOffset < start && end - machine.PageOffset < machine.Memory.Size;

    private static uint? Read(GuestMemory memory, uint data, uint offset) =>
        memory.Contains(data, offset + 4) ? memory.Read32(data + offset) : null;
}
