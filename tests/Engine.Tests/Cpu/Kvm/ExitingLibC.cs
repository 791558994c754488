using System.Runtime.InteropServices;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Has KVM_RUN come back with a reason that no guest of ours can bring about.</summary>
/// <param name="reason">KVM_EXIT_…</param>
/// <param name="suberror">Of KVM_EXIT_INTERNAL_ERROR.</param>
internal sealed unsafe class ExitingLibC(uint reason, uint suberror = 0) : VcpuLibC
{
    /// <summary>So many exits are the guest's own.</summary>
    public const int Passes = 1;

    /// <summary>How often the vCPU came out otherwise than for a signal.</summary>
    public int Runs { get; private set; }

    protected override long Run(SafeHandle vcpu)
    {
        long result = ReallyRun(vcpu);
        if (result < 0 || Runs++ < Passes) return result;
        Vcpu->exit_reason = reason;
        Vcpu->suberror = suberror;
        return result;
    }
}
