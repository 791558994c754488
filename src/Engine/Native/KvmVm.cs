using static LguestPS.Native.KvmNumbers;

namespace LguestPS.Native;

/// <summary>A virtual machine: its memory, and the maker of its one vCPU.</summary>
internal sealed unsafe class KvmVm(LibC libc, long number, nuint vcpuBytes) : Descriptor(libc, number)
{
    // Where Intel's module may put four pages of its own: below the BIOS of a PC, where no guest of ours has memory.
    private const ulong IdentityMap = 0xFFFBC000;
    private const ulong TaskState = 0xFFFBD000;

    private uint slots;

    public void ReserveIntelPages()
    {
        ulong identityMap = IdentityMap;
        Control(KVM_SET_IDENTITY_MAP_ADDR, (nint)(&identityMap), nameof(KVM_SET_IDENTITY_MAP_ADDR));
        Control(KVM_SET_TSS_ADDR, unchecked((nint)TaskState), nameof(KVM_SET_TSS_ADDR));
    }

    /// <summary>Keeps KVM from rewriting the other maker's hypercall instruction in the guest's code.</summary>
    public void LeaveHypercallsAlone()
    {
        kvm_enable_cap quirks = new() { cap = KVM_CAP_DISABLE_QUIRKS2 };
        quirks.args[0] = KVM_X86_QUIRK_FIX_HYPERCALL_INSN;
        Control(KVM_ENABLE_CAP, (nint)(&quirks), nameof(KVM_ENABLE_CAP));
    }

    /// <summary>Gives the guest memory of this process as its physical memory.</summary>
    /// <param name="physical">Guest-physical address, page aligned.</param>
    /// <param name="memory">Page aligned; must stay until this virtual machine is gone.</param>
    /// <param name="length">In bytes, whole pages.</param>
    /// <exception cref="ErrnoException">KVM refused it.</exception>
    public void AddMemory(ulong physical, byte* memory, ulong length)
    {
        kvm_userspace_memory_region region = new()
        {
            slot = slots++, guest_phys_addr = physical, memory_size = length, userspace_addr = (ulong)memory,
        };
        Control(KVM_SET_USER_MEMORY_REGION, (nint)(&region), nameof(KVM_SET_USER_MEMORY_REGION));
    }

    /// <exception cref="ErrnoException">KVM refused it.</exception>
    public KvmVcpu CreateVcpu()
    {
        KvmVcpu vcpu = new(LibC, Control(KVM_CREATE_VCPU, 0, nameof(KVM_CREATE_VCPU)));
        try
        {
            vcpu.Share(vcpuBytes);
            return vcpu;
        }
        catch
        {
            vcpu.Dispose();
            throw;
        }
    }
}
