using System.Runtime.InteropServices;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;
using LguestPS.Native;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Has the guest's first page fault come in two halves: a signal takes the vCPU out in the stub, and the next entry halts there.</summary>
internal sealed unsafe class InterruptingLibC : LibC
{
    private kvm_run* vcpu;

    /// <summary>Happens while the vCPU stands in the stub.</summary>
    public required Action InBetween { get; init; }

    /// <summary>Whether the first half, or both, have come.</summary>
    public int Halves { get; private set; }

    public override nint mmap(nuint length, int protection, int flags, SafeHandle? descriptor)
    {
        nint address = base.mmap(length, protection, flags, descriptor);
        if (descriptor is KvmVcpu) vcpu = (kvm_run*)address;
        return address;
    }

    public override long ioctl(SafeHandle descriptor, uint request, nint argument)
    {
        if (request != KvmNumbers.KVM_RUN) return base.ioctl(descriptor, request, argument);
        if (Halves == 1)
        {
            Halves++;
            vcpu->regs.rip++;       // the hlt that the real vCPU has done already
            return 0;
        }

        long result = base.ioctl(descriptor, request, argument);
        if (Halves != 0 || result < 0 || vcpu->exit_reason != KvmNumbers.KVM_EXIT_HLT || HostPages.VectorOf(vcpu->regs.rip) != Vector.PageFault) return result;
        Halves++;
        vcpu->regs.rip--;
        InBetween();
        return -Errno.EINTR;
    }
}
