using Linux = Tmds.Linux.LibC;
using static LguestPS.Native.KvmNumbers;

namespace LguestPS.Native;

/// <summary>/dev/kvm: makes virtual machines.</summary>
internal sealed class KvmSystem : Descriptor
{
    public const string DevicePath = "/dev/kvm";

    // What a vCPU shares with its owner must hold all that this engine reads there.
    private const ulong NeededRegisters = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS;

    private KvmSystem(LibC libc, long number) : base(libc, number)
    {
    }

    /// <exception cref="ErrnoException">It is not there, or not for this user.</exception>
    /// <exception cref="NotSupportedException">This KVM lacks something; the message says what.</exception>
    public static KvmSystem Open(LibC libc)
    {
        KvmSystem system = new(libc, ErrnoException.ThrowIfFailed(libc.open(DevicePath, Linux.O_RDWR | Linux.O_CLOEXEC), DevicePath));
        try
        {
            system.RequireFeatures();
            return system;
        }
        catch
        {
            system.Dispose();
            throw;
        }
    }

    /// <exception cref="ErrnoException">For example EBUSY: another hypervisor holds the processor.</exception>
    public KvmVm CreateVm()
    {
        nuint vcpuBytes = (nuint)Control(KVM_GET_VCPU_MMAP_SIZE, 0, nameof(KVM_GET_VCPU_MMAP_SIZE));
        KvmVm vm = new(LibC, Control(KVM_CREATE_VM, 0, nameof(KVM_CREATE_VM)), vcpuBytes);
        try
        {
            if (Capability(KVM_CAP_SET_TSS_ADDR) > 0 && Capability(KVM_CAP_SET_IDENTITY_MAP_ADDR) > 0) vm.ReserveIntelPages();
            if (((ulong)Capability(KVM_CAP_DISABLE_QUIRKS2) & KVM_X86_QUIRK_FIX_HYPERCALL_INSN) != 0) vm.LeaveHypercallsAlone();
            return vm;
        }
        catch
        {
            vm.Dispose();
            throw;
        }
    }

    private void RequireFeatures()
    {
        long version = Control(KVM_GET_API_VERSION, 0, nameof(KVM_GET_API_VERSION));
        if (version != KVM_API_VERSION) throw new NotSupportedException($"it speaks version {version} of the interface, not {KVM_API_VERSION}");
        foreach ((int capability, string name) in ((int, string)[])
            [(KVM_CAP_USER_MEMORY, nameof(KVM_CAP_USER_MEMORY)), (KVM_CAP_EXT_CPUID, nameof(KVM_CAP_EXT_CPUID)), (KVM_CAP_VCPU_EVENTS, nameof(KVM_CAP_VCPU_EVENTS)), (KVM_CAP_XSAVE, nameof(KVM_CAP_XSAVE))])
            if (Capability(capability) <= 0) throw new NotSupportedException($"it lacks {name}");
        if (((ulong)Capability(KVM_CAP_SYNC_REGS) & NeededRegisters) != NeededRegisters)
            throw new NotSupportedException($"it lacks {nameof(KVM_CAP_SYNC_REGS)} (Linux 4.17)");
    }

    private long Capability(int number) => Control(KVM_CHECK_EXTENSION, number, nameof(KVM_CHECK_EXTENSION));
}
