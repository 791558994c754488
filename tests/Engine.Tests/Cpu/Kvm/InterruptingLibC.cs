using System.Runtime.InteropServices;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;
using LguestPS.Native;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Has the guest's first page fault come in two halves: a signal takes the vCPU out in the stub, and the next entry halts there.</summary>
internal sealed unsafe class InterruptingLibC : VcpuLibC
{
    private int halves;

    /// <summary>Happens while the vCPU stands in the stub.</summary>
    public required Action InBetween { get; init; }

    protected override long Run(SafeHandle vcpu)
    {
        if (halves == 1)
        {
            halves++;
            Vcpu->regs.rip++;       // after the hlt, which the real vCPU has done already
            return 0;
        }

        long result = ReallyRun(vcpu);
        if (halves != 0 || result < 0 || Vcpu->exit_reason != KvmNumbers.KVM_EXIT_HLT || HostPages.ReportOf(Vcpu->regs)?.Vector != Vector.PageFault) return result;
        halves++;
        Vcpu->regs.rip--;
        InBetween();
        return -Errno.EINTR;
    }
}
