using System.Runtime.InteropServices;
using LguestPS.Native;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>The machine's own calls, with a hand on what KVM_RUN says of one vCPU.</summary>
internal abstract unsafe class VcpuLibC : LibC
{
    /// <summary>The page the vCPU shares with the engine.</summary>
    protected kvm_run* Vcpu { get; private set; }

    public override nint mmap(nuint length, int protection, int flags, SafeHandle? descriptor)
    {
        nint address = base.mmap(length, protection, flags, descriptor);
        if (descriptor is KvmVcpu) Vcpu = (kvm_run*)address;
        return address;
    }

    public override long ioctl(SafeHandle descriptor, uint request, nint argument) =>
        request == KvmNumbers.KVM_RUN ? Run(descriptor) : base.ioctl(descriptor, request, argument);

    /// <summary>KVM_RUN as the engine sees it.</summary>
    protected abstract long Run(SafeHandle vcpu);

    /// <summary>KVM_RUN as it is.</summary>
    protected long ReallyRun(SafeHandle vcpu) => base.ioctl(vcpu, KvmNumbers.KVM_RUN, 0);
}
