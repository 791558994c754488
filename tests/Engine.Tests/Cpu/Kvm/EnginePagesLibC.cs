using System.Runtime.InteropServices;
using LguestPS.Cpu.Kvm;
using LguestPS.Native;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Looks, at each exit, at the pages in front of the engine's stack: descriptors, gates, task and stubs, which must not change while a guest runs.</summary>
internal sealed unsafe class EnginePagesLibC : VcpuLibC
{
    private const int Bytes = (int)(HostPages.StackLinear - HostPages.Base);

    private byte* pages;
    private byte[]? first;

    /// <summary>Whether they have been the same at each entry and exit.</summary>
    public bool AreIntact { get; private set; } = true;

    public override long ioctl(SafeHandle descriptor, uint request, nint argument)
    {
        if (request == KvmNumbers.KVM_SET_USER_MEMORY_REGION && *(kvm_userspace_memory_region*)argument is { guest_phys_addr: HostPages.Base } region)
            pages = (byte*)region.userspace_addr;
        return base.ioctl(descriptor, request, argument);
    }

    protected override long Run(SafeHandle vcpu)
    {
        first ??= Now.ToArray();
        long result = ReallyRun(vcpu);
        AreIntact &= Now.SequenceEqual(first);
        return result;
    }

    private ReadOnlySpan<byte> Now => new(pages, Bytes);
}
