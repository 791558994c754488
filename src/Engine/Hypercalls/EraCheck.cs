using LguestPS.Machines;

namespace LguestPS.Hypercalls;

/// <summary>Looks at a guest's first hypercall, LGUEST_INIT, for a kernel of another era than the guest's profile, before the host writes where that kernel keeps something else.</summary>
internal static class EraCheck
{
    /// <summary>Why the guest cannot go on, if its kernel is recognised as one of another era; null if it is of its own, or of none that is known.</summary>
    /// <param name="machine">The guest.</param>
    /// <param name="data">The address in the call, as the guest's own profile reads it.</param>
    public static string? FindOther(Machine machine, uint data)
    {
        if (Fits(machine, machine.Abi, data)) return null;
        AbiProfile[] others = [.. AbiProfile.All.Where(profile => profile != machine.Abi && Fits(machine, profile, profile.FirstArgument(machine.Cpu.Registers)))];
        if (others.Length == 0) return null;

        string names = string.Join(" or ", others.Select(profile => $"{profile.Name} ({profile.Kernels})"));
        string fitting = string.Join(" or ", others.Select(profile => profile.Name));
        return $"the kernel is of another era: its lguest_data is that of ABI profile {names}, not of {machine.Abi.Name}; " +
            $"run it with --abi={fitting}, or 'abi: {fitting}' in its definition";
    }

    private static bool Fits(Machine machine, AbiProfile profile, uint data) => profile.Signs.Fit(
        offset => machine.Memory.Contains(data, offset + 4) ? machine.Memory.Read32(data + offset) : null,
        address => address > machine.PageOffset && address - machine.PageOffset < machine.Memory.Size);
}
