using LguestPS.Boot;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Cpu.Kvm;
using LguestPS.Cpu.Scripted;
using LguestPS.Native;
using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Each way a machine can lack KVM has its own sentence.</summary>
public class KvmProbeTests
{
    [SkippableTheory]
    [InlineData(Errno.ENOENT, "does not exist")]
    [InlineData(Errno.EACCES, "sudo usermod -aG kvm $USER")]
    [InlineData(Errno.ENODEV, "no virtualisation behind it")]
    [InlineData(24, "errno 24")]
    public void A_device_that_cannot_be_opened_is_explained(int errno, string words)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "KVM exists on Linux only");
        TroubledLibC libc = new() { Call = nameof(LibC.open), Errno = errno };
        KvmProbe probe = new(libc);
        Assert.Equal(KvmState.Unavailable, probe.Verdict.State);
        Assert.Contains(words, probe.Verdict.Reason);
        Assert.False(probe.IsReady);
        Assert.Equal(1, libc.Failures);     // found out once
    }

    [SkippableTheory]
    [InlineData(KvmNumbers.KVM_CREATE_VM, Errno.EBUSY, "another hypervisor")]
    [InlineData(KvmNumbers.KVM_CREATE_VCPU, 12, "KVM_CREATE_VCPU")]
    [InlineData(KvmNumbers.KVM_RUN, 22, "KVM_RUN")]
    [Trait("Cpu", "kvm")]
    public void A_KVM_that_refuses_is_explained(uint request, int errno, string words)
    {
        KvmHost.Require();
        TroubledLibC libc = new() { Request = request, Errno = errno };
        KvmProbe probe = new(libc);
        Assert.Equal(KvmState.Unavailable, probe.Verdict.State);
        Assert.Contains(words, probe.Verdict.Reason);
        Assert.Equal(0, libc.Open);
    }

    [Fact]
    public void The_probe_asks_for_nothing_that_a_processor_does_not_do()
    {
        using ProbeGuest guest = new((memory, timeStamp) => new EmulatedCpu(memory, timeStamp));
        Assert.Null(guest.Run());
    }

    [Fact]
    public void The_probe_tells_whether_a_vmcall_comes_out()
    {
        using ProbeGuest guest = new((memory, timeStamp) => new EmulatedCpu(memory, timeStamp));
        Assert.Null(guest.RunVmcall());
        using ProbeGuest deaf = new((_, _) =>
        {
            ScriptedCpu passesIt = new();
            passesIt.Then(cpu =>
            {
                cpu.Registers.Eip += 5;
                return CpuExit.Trap(Vector.Hypercall);
            });
            return passesIt;
        });
        Assert.Contains("vmcall", deaf.RunVmcall()?.Invoke());
    }

    [Fact]
    public void Auto_never_takes_a_degraded_KVM_and_says_why_it_took_what()
    {
        GuestDefinition definition = new() { Name = "any", Kernel = "any", Memory = 4 << 20 };
        (Func<string> reason, _) = CpuSelection.Choose(definition, AbiProfile.Find(AbiProfile.DefaultName)!);
        Assert.Equal(KvmProbe.Machine.WhyChosen(), reason());
        Assert.Equal(HostReport.Probe().KvmState == KvmState.Ready ? "kvm" : "emulated", HostReport.Probe().AutoCpu);
        Assert.Contains("virtual", CpuSelection.Choose(definition with { Clock = ClockKind.Virtual }, AbiProfile.Find(AbiProfile.DefaultName)!).Reason());
        Assert.Contains("limit", CpuSelection.Choose(definition with { Limits = new GuestLimits(null, 1000) }, AbiProfile.Find(AbiProfile.DefaultName)!).Reason());
    }
}
