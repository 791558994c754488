using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using LguestPS.Native;

namespace LguestPS.Cpu.Kvm;

/// <summary>Finds out by trying what the machine's KVM can do, once in a process.</summary>
/// <param name="libc">The calls; null where there is no Linux.</param>
internal sealed class KvmProbe(LibC? libc)
{
    private readonly Lazy<KvmVerdict> quick = new(() => Probe(libc));
    private readonly Lazy<bool> debugRegisters = new(() => libc is not null && TryDebugRegisters(libc, Assistance.OnRequest));
    private readonly Lazy<bool> vmcalls = new(() => libc is not null && TryVmcall(libc));
    private readonly Lock gate = new();
    private KvmVerdict? thorough;

    /// <summary>For this machine.</summary>
    public static KvmProbe Machine { get; } = new(OperatingSystem.IsLinux() ? LibC.Instance : null);

    /// <summary>Whether guests run on KVM alone: all that <c>cpu: auto</c> asks.</summary>
    [SupportedOSPlatformGuard("linux")]
    public bool IsReady => quick.Value.State == KvmState.Ready;

    /// <summary>What KVM is good for, and why.</summary>
    public KvmVerdict Verdict
    {
        get
        {
            lock (gate) return thorough ??= !quick.Value.FallsShort ? quick.Value : ProbeWithHelp(quick.Value);
        }
    }

    /// <summary>With what guests are watched. Where KVM needs the emulated CPU's help, that alone is faster; and such a KVM may get stores into missing pages wrong.</summary>
    public WatchMeans WatchMeans => !IsReady ? WatchMeans.EmulatedCpu : debugRegisters.Value ? WatchMeans.PagesAndDebugRegisters : WatchMeans.Pages;

    /// <summary>Whether a vmcall of the guest's kernel comes out; a KVM that needs the emulated CPU's help has that to do it.</summary>
    public bool BringsOutVmcalls => !IsReady || vmcalls.Value;

    /// <summary>Why <c>cpu: auto</c> takes KVM, or does not.</summary>
    public string WhyChosen() => quick.Value.Reason;

    private static KvmVerdict Probe(LibC? libc)
    {
        if (libc is null) return KvmVerdict.Unavailable("KVM exists on Linux only.");
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return KvmVerdict.Unavailable("KVM runs x86 guests on x86-64 machines only.");
        try
        {
            return Try(libc, Assistance.None) is { } shortfall
                ? new KvmVerdict(KvmState.Unavailable, () => $"{KvmSystem.DevicePath} is there, but it cannot run guests alone: {shortfall()}.", shortfall)
                : new KvmVerdict(KvmState.Ready, () => $"{KvmSystem.DevicePath} ran a test guest.");
        }
        catch (ErrnoException e)
        {
            return KvmVerdict.Unavailable(Explain(e));
        }
        catch (NotSupportedException e)
        {
            return KvmVerdict.Unavailable($"{KvmSystem.DevicePath} is there, but {e.Message}.");
        }
        catch (Exception e) when (e is OutOfMemoryException or IOException)
        {
            return KvmVerdict.Unavailable($"There is too little memory to try {KvmSystem.DevicePath}.");
        }
    }

    /// <summary>The same with an emulated CPU for the instructions KVM gives up on.</summary>
    private KvmVerdict ProbeWithHelp(KvmVerdict alone)
    {
        try
        {
            return Try(libc!, Assistance.AtEveryFault) is { } shortfall
                ? KvmVerdict.Unavailable($"{KvmSystem.DevicePath} is there, but it cannot run guests: {shortfall()}.")
                : new KvmVerdict(KvmState.Degraded, () => $"Degraded: {KvmSystem.DevicePath} cannot run guests alone ({alone.Shortfall}), so the engine runs on its emulated CPU what KVM gives up on. 'cpu: emulated' is faster here.");
        }
        catch (ErrnoException e)
        {
            return KvmVerdict.Unavailable(Explain(e));
        }
    }

    /// <summary>Has a guest stopped by them, before an instruction of its kernel and one of its program.</summary>
    public static bool TryDebugRegisters(LibC libc, Assistance assistance)
    {
        try
        {
            using ProbeGuest guest = new((memory, timeStamp) =>
                new KvmCpu(memory, timeStamp, libc, assistance, ShadowTables.FewestPages) { FindMeans = () => WatchMeans.PagesAndDebugRegisters });
            return guest.RunWatched() is null;
        }
        catch (ErrnoException)
        {
            return false;
        }
    }

    private static bool TryVmcall(LibC libc)
    {
        try
        {
            using ProbeGuest guest = new((memory, timeStamp) => new KvmCpu(memory, timeStamp, libc, Assistance.None, ShadowTables.FewestPages));
            return guest.RunVmcall() is null;
        }
        catch (ErrnoException)
        {
            return false;
        }
    }

    private static Func<string>? Try(LibC libc, Assistance assistance)
    {
        using ProbeGuest guest = new((memory, timeStamp) => new KvmCpu(memory, timeStamp, libc, assistance, ShadowTables.FewestPages));
        return guest.Run();
    }

    private static string Explain(ErrnoException e) => e.Errno switch
    {
        Errno.ENOENT => $"{KvmSystem.DevicePath} does not exist: load kvm_intel or kvm_amd, or switch virtualisation on in the firmware.",
        Errno.EACCES or Errno.EPERM => $"{KvmSystem.DevicePath}: permission denied. Add yourself to its group (sudo usermod -aG kvm $USER) and log in again.",
        Errno.ENXIO or Errno.ENODEV => $"{KvmSystem.DevicePath} has no virtualisation behind it: the processor lacks it, or the firmware has switched it off.",
        Errno.EBUSY => "KVM is busy: another hypervisor (VirtualBox, VMware, …) holds the processor's virtualisation.",
        _ => $"KVM refused: {e.Message}.",
    };
}

/// <summary>What KVM is good for on this machine.</summary>
/// <param name="state">In a word.</param>
/// <param name="reason">Makes it a sentence.</param>
/// <param name="shortfall">If KVM is there and works, says what it cannot do alone.</param>
internal sealed class KvmVerdict(KvmState state, Func<string> reason, Func<string>? shortfall = null)
{
    public KvmState State => state;

    /// <summary>In a sentence.</summary>
    public string Reason => field ??= reason();

    /// <summary>Whether KVM is there and works, but cannot run guests alone.</summary>
    public bool FallsShort => shortfall is not null;

    /// <summary>What it cannot do alone; null if it does not come to that.</summary>
    public string? Shortfall => shortfall?.Invoke();

    public static KvmVerdict Unavailable(string reason) => new(KvmState.Unavailable, () => reason);
}
