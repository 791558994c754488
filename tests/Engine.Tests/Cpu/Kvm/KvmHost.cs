using System.Runtime.InteropServices;
using LguestPS.Boot;
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
    /// <summary>A hundred million instructions, which a KVM that emulates takes minutes for.</summary>
    private const string LargeGuest = "minikernel";

    private static readonly Lazy<bool> DebugRegistersWork = new(() => KvmProbe.TryDebugRegisters(LibC, Assistance));

    /// <summary>Linux's own calls; asked for only after <see cref="Require"/>.</summary>
    public static LibC LibC => OperatingSystem.IsLinux() ? Native.LibC.Instance : throw new PlatformNotSupportedException();

    public static KvmVerdict Verdict => KvmProbe.Machine.Verdict;

    /// <summary>As a definition with <c>cpu: kvm</c> would have it.</summary>
    public static Assistance Assistance => Verdict.State == KvmState.Ready ? Assistance.OnRequest : Assistance.AtEveryFault;

    public static void Require() => Skip.If(Verdict.State == KvmState.Unavailable, Verdict.Reason);

    public static void RequireDebugRegisters()
    {
        Require();
        Skip.IfNot(DebugRegistersWork.Value, "this KVM does not stop for debug registers; on QEMU's software processor they do not work inside a virtual machine");
    }

    /// <summary>For what cannot be tested where KVM only emulates.</summary>
    public static void RequireReady(string why) => Skip.If(Verdict.State != KvmState.Ready, $"{why}. {Verdict.Reason}");

    /// <summary>QEMU's software processor, on which KVM may run for tests, differs from a real one in what these guests look at.</summary>
    public static void RequireRealProcessor(string why) => Skip.IfNot(IsRealProcessor, why);

    public static bool IsRealProcessor { get; } =
        !OperatingSystem.IsLinux() || !File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("model name", StringComparison.Ordinal) && line.Contains("QEMU TCG", StringComparison.Ordinal));

    /// <summary>A vCPU, watched by KVM's own means as far as they work; where KVM needs help, a definition's would use neither them nor the monitor.</summary>
    public static KvmCpu Make(GuestMemory memory, Func<ulong> timeStamp, LibC? libc = null, int tablePages = 256) =>
        new(memory, timeStamp, libc ?? LibC, Assistance, tablePages) { FindMeans = () => DebugRegistersWork.Value ? WatchMeans.PagesAndDebugRegisters : WatchMeans.Pages, HasMonitor = true };

    public static Func<GuestMemory, GuestClock, VirtualCpu> Maker(LibC? libc = null, int tablePages = 256) =>
        (memory, clock) => Make(memory, clock.ReadTimeStampCounter, libc, tablePages);

    /// <summary>Every register, as it lies in memory.</summary>
    public static string Text(in GuestRegisters registers) => Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<GuestRegisters>(in registers)));

    /// <summary>A guest on KVM, unless this machine's does otherwise than a processor in what that guest looks at.</summary>
    public static Guest Create(GuestRun run, ClockKind clock)
    {
        Require();
        if (run.Name.StartsWith(LargeGuest, StringComparison.Ordinal)) RequireReady("this guest would take minutes");
        if (run.Name == "paging") RequireReady("a KVM that emulates writes half of a store whose other half is missing");
        if (run.Name == "segments") RequireRealProcessor("QEMU's processor does not check segment limits");
        if (run.Name == "usermode") RequireRealProcessor("QEMU's processor lets ring 1 begin virtual 8086 mode");
        if (run.Name == "vectors") RequireRealProcessor("QEMU's processor raises no unmasked exceptions of SSE");
        if (run.Name.StartsWith(LargeGuest, StringComparison.Ordinal) && clock == ClockKind.Events)
            RequireRealProcessor("QEMU's processor reads before it writes, in one instruction, and faults twice");
        return GuestBuilder.Build(run.Definition(clock), Maker());
    }
}
