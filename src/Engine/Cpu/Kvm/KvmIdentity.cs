using LguestPS.Native;

namespace LguestPS.Cpu.Kvm;

/// <summary>What KVM is to show for <c>cpuid</c>: what every vCPU shows, and nothing of the machine's own.</summary>
internal static class KvmIdentity
{
    // Leaves that KVM would otherwise make up from others, as Intel's processors do beyond the last.
    private static readonly uint[] Leaves =
    [
        0, 1, 2, 3, 4, 5, 6, 7, 9, 0xA, 0xB, 0xD, 0x40000000, 0x80000000, 0x80000001, 0x80000002, 0x80000003, 0x80000004,
        0x80000005, 0x80000006, 0x80000007, 0x80000008,
    ];

    // "Hv#1": KVM then treats hypercalls as Hyper-V does. The guest never sees this: its cpuid faults.
    private static readonly kvm_cpuid_entry2 hyperVInterface = new() { function = 0x40000001, eax = 0x31237648 };

    public static kvm_cpuid_entry2[] Entries { get; } = MakeEntries();

    private static kvm_cpuid_entry2[] MakeEntries()
    {
        var entries = new kvm_cpuid_entry2[Leaves.Length + 1];
        for (int i = 0; i < Leaves.Length; i++) entries[i] = Entry(Leaves[i]);
        entries[^1] = hyperVInterface;
        return entries;
    }

    private static kvm_cpuid_entry2 Entry(uint leaf)
    {
        (uint eax, uint ebx, uint ecx, uint edx) = CpuIdentity.Leaf(leaf);
        return new kvm_cpuid_entry2 { function = leaf, eax = eax, ebx = ebx, ecx = ecx, edx = edx };
    }
}
