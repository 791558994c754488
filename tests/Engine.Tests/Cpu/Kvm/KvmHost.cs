using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;
using LguestPS.Memory;
using LguestPS.Native;
using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>The KVM of the machine the tests run on.</summary>
internal static class KvmHost
{
    public static KvmVerdict Verdict => KvmProbe.Machine.Verdict;

    /// <summary>As a definition with <c>cpu: kvm</c> would have it.</summary>
    public static Assistance Assistance => Verdict.State == KvmState.Ready ? Assistance.OnRequest : Assistance.AtEveryFault;

    public static void Require() => Skip.If(Verdict.State == KvmState.Unavailable, Verdict.Reason);

    /// <summary>For what cannot be tested where KVM only emulates.</summary>
    public static void RequireReady(string why) => Skip.If(Verdict.State != KvmState.Ready, $"{why}. {Verdict.Reason}");

    /// <summary>QEMU's software processor, on which KVM may run for tests, differs from a real one in what these guests look at.</summary>
    public static void RequireRealProcessor(string why) =>
        Skip.If(File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("model name", StringComparison.Ordinal) && line.Contains("QEMU TCG", StringComparison.Ordinal)), why);

    public static KvmCpu Make(GuestMemory memory, Func<ulong> timeStamp, LibC? libc = null, int tablePages = 256) =>
        new(memory, timeStamp, libc ?? LibC.Instance, Assistance, tablePages);

    public static Func<GuestMemory, GuestClock, VirtualCpu> Maker(LibC? libc = null, int tablePages = 256) =>
        (memory, clock) => Make(memory, clock.ReadTimeStampCounter, libc, tablePages);
}
