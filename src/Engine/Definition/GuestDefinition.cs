namespace LguestPS;

/// <summary>Which vCPU to run a guest on.</summary>
public enum CpuChoice : long
{
    /// <summary>The fastest one that works here and can do what the definition asks.</summary>
    Auto,
    Emulated,
    Kvm,
}

/// <summary>What the guest's time is made of.</summary>
public enum ClockKind : long
{
    /// <summary>Real time.</summary>
    Host,

    /// <summary>One instruction is one nanosecond and idle time is jumped over: repeatable to the last event.</summary>
    Virtual,

    /// <summary>Time advances only with guest-visible exits: the same on every vCPU.</summary>
    Events,
}

/// <summary>What a guest is told about its time stamp counter.</summary>
public enum TscChoice : long
{
    /// <summary>The counter's frequency.</summary>
    Auto,

    /// <summary>Zero kHz: the guest reads <c>time</c> in lguest_data instead.</summary>
    Off,
}

/// <summary>Who hands a guest on KVM its own system calls and page faults.</summary>
public enum DirectTrapChoice : long
{
    /// <summary>Code inside the virtual machine, which saves an exit each, as long as no trap events are wanted and the clock is the host's.</summary>
    Auto,

    /// <summary>The engine, always.</summary>
    Off,
}

/// <summary>Whether the emulated CPU makes machine code of what a guest runs often. What the guest does is the same either way.</summary>
public enum CompileChoice : long
{
    /// <summary>It does, where it can: on Linux on x64.</summary>
    Auto,

    /// <summary>It interprets everything.</summary>
    Off,
}

/// <summary>What happens to writes to a disk image.</summary>
public enum BlockMode : long
{
    /// <summary>Writes fail.</summary>
    ReadOnly,

    /// <summary>Writes go to the file.</summary>
    ReadWrite,

    /// <summary>Writes stay in memory, or go to an overlay file; the image is never touched.</summary>
    Snapshot,
}

/// <summary>A device of a guest. The order of devices is the order of their slots in the descriptor page (ABI §8).</summary>
public abstract record DeviceDefinition;

public sealed record ConsoleDefinition : DeviceDefinition;

/// <summary>A source of random numbers, for guests from 2.6.27 on: the host's or, with a simulated clock, a sequence that is the same in every run of a guest of this name.</summary>
public sealed record EntropyDefinition : DeviceDefinition;

/// <param name="Path">Absolute path of the disk image.</param>
/// <param name="Mode">What happens to writes.</param>
/// <param name="Overlay">Absolute path of the file that keeps a snapshot's writes for the next run, made if it is not there; null to keep them in memory.</param>
public sealed record BlockDefinition(string Path, BlockMode Mode = BlockMode.Snapshot, string? Overlay = null) : DeviceDefinition
{
    /// <summary>The least a snapshot may be limited to.</summary>
    public const long LeastLimit = 1L << 20;

    /// <summary>The most bytes a snapshot without an overlay holds, from 1 MiB; null for the size of the disk, or half of this machine's memory if that is less. What does not fit into an eighth of memory goes to a temporary file.</summary>
    public long? Limit { get; init; }
}

/// <summary>A network card; the derived record says what it is connected to.</summary>
public abstract record NetDefinition : DeviceDefinition;

/// <summary>A network that guests share, in one process or several.</summary>
/// <param name="Path">Absolute path of the file that is the network; made by the first guest if it does not exist.</param>
public sealed record SharedNetDefinition(string Path) : NetDefinition;

/// <param name="Time">Host time after which a run pauses, or null.</param>
/// <param name="Instructions">Instructions after which the guest pauses, or null. A trap that comes without an instruction counts as one.</param>
/// <param name="Sockets">How many sockets of the host the guest's user networks may hold at a time, 1 to 4096.</param>
/// <param name="Reboots">How often the guest may reboot by itself, at least 1; asking once more ends it. Null for as often as it likes.</param>
public sealed record GuestLimits(TimeSpan? Time = null, long? Instructions = null, int Sockets = GuestLimits.UsualSockets, long? Reboots = null)
{
    /// <summary>The most sockets unless the definition says otherwise.</summary>
    public const int UsualSockets = 256;

    /// <summary>The largest <see cref="Sockets"/>.</summary>
    public const int MostSockets = 4096;

    /// <summary>The longest time limit.</summary>
    public static TimeSpan LongestTime { get; } = TimeSpan.FromDays(24);     // what the system's waits can take
}

/// <summary>Everything needed to build a guest. Paths are absolute; values are checked by <see cref="Validate"/>.</summary>
public sealed record GuestDefinition
{
    /// <summary>The most instructions between two samples.</summary>
    public const long LongestSampling = 1_000_000_000;

    /// <summary>The most devices of a guest: each has an interrupt at least, and the first of 32 is the clock's. Some eras have fewer.</summary>
    public const int MostDevices = 31;

    public const long MinimumMemory = 1L << 20;
    public const long MaximumMemory = LguestPS.Memory.GuestMemory.MostRam;

    /// <summary>The guest's name; 1 to 64 letters, digits, dots, dashes and underscores.</summary>
    public required string Name { get; init; }

    /// <summary>Path of the kernel image: ELF or bzImage.</summary>
    public required string Kernel { get; init; }

    /// <summary>Path of the initial RAM disk, or null.</summary>
    public string? Initrd { get; init; }

    /// <summary>Path of a file with the kernel's symbols: its System.map or an ELF kernel. If null, an ELF kernel's own are used.</summary>
    public string? Symbols { get; init; }

    /// <summary>RAM in bytes: a multiple of 4096 from 1 MiB to 3 GiB. Beyond 880 MiB the kernel has to know high memory.</summary>
    public long Memory { get; init; } = 64L << 20;

    /// <summary>The kernel's command line, at most 2047 bytes.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Name of the ABI profile (ABI §1), or <see cref="AbiProfile.Automatic"/> for the kernel's own. A guest that was made has a profile's name here.</summary>
    public string Abi { get; init; } = AbiProfile.Automatic;

    public CpuChoice Cpu { get; init; } = CpuChoice.Auto;

    public ClockKind Clock { get; init; } = ClockKind.Host;

    public TscChoice Tsc { get; init; } = TscChoice.Auto;

    public DirectTrapChoice DirectTraps { get; init; } = DirectTrapChoice.Auto;

    public CompileChoice Compile { get; init; } = CompileChoice.Auto;

    /// <summary>Instructions, on average, from one look at where the guest is to the next, at least 1 (see <see cref="Guest.HotCode"/>); null for none.</summary>
    public long? SampleEvery { get; init; }

    // An array, whatever it is made from: PowerShell cannot index what collection expressions make.
    public IReadOnlyList<DeviceDefinition> Devices { get; init => field = value?.ToArray()!; } = new DeviceDefinition[] { new ConsoleDefinition() };

    public GuestLimits Limits { get; init; } = new();

    /// <summary>Whether a guest that asks to be started again is rebooted in place; else it ends then.</summary>
    public bool Reboot { get; init; } = true;

    /// <summary>Whether the guest's run is recorded from its first instruction on, so that it can be taken back.</summary>
    public bool Record { get; init; }

    /// <summary>The file this was read from, or null.</summary>
    public string? Source { get; init; }

    /// <summary>Everything that is wrong with this definition by itself, without opening a file: property (Limits.Time) and sentence.</summary>
    public IEnumerable<(string Property, string Problem)> Validate()
    {
        // Scripts do not know what must not be null, and can make a number of any enumeration.
        (string Property, object? Value)[] needed = [(nameof(Name), Name), (nameof(Kernel), Kernel), (nameof(CommandLine), CommandLine), (nameof(Abi), Abi), (nameof(Devices), Devices), (nameof(Limits), Limits)];
        bool lacksOne = false;
        foreach ((string property, object? value) in needed)
        {
            if (value is not null) continue;
            lacksOne = true;
            yield return (property, $"a definition needs '{property}', and this has null");
        }
        if (lacksOne) yield break;
        if (Devices.Contains(null))
        {
            yield return (nameof(Devices), "one of the devices is null");
            yield break;
        }
        (string Property, string? Problem)[] choices =
        [
            (nameof(Cpu), DefinitionText.ChoiceProblem(Cpu)), (nameof(Clock), DefinitionText.ChoiceProblem(Clock)), (nameof(Tsc), DefinitionText.ChoiceProblem(Tsc)),
            (nameof(DirectTraps), DefinitionText.ChoiceProblem(DirectTraps)), (nameof(Compile), DefinitionText.ChoiceProblem(Compile)),
        ];
        foreach ((string property, string? problem) in choices)
            if (problem is not null) yield return (property, problem);
        foreach (BlockDefinition disk in Devices.OfType<BlockDefinition>())
            if (DefinitionText.ChoiceProblem(disk.Mode) is { } problem) yield return (nameof(Devices), problem);
        if (Name.Length is 0 or > 64 || !IsName(Name))
            yield return (nameof(Name), $"the name '{Name}' must be 1 to 64 letters, digits, dots, dashes and underscores");
        if (Memory is < MinimumMemory or > MaximumMemory || Memory % 4096 != 0)
            yield return (nameof(Memory), $"memory of {Memory} bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB");
        if (CommandLine.Contains('\0'))
            yield return (nameof(CommandLine), "the command line contains a zero byte, which would end it");
        if (System.Text.Encoding.UTF8.GetByteCount(CommandLine) > 2047)
            yield return (nameof(CommandLine), "the command line is longer than 2047 bytes");
        if (Abi != AbiProfile.Automatic && AbiProfile.Find(Abi) is null)
            yield return (nameof(Abi), $"unknown ABI profile '{Abi}'{DefinitionText.Instead(Abi, [.. AbiProfile.Names])}");
        if (Devices.Count > MostDevices)
            yield return (nameof(Devices), $"{Devices.Count} devices are too many; a guest has {MostDevices} virtual interrupts for them");
        if (Devices.OfType<ConsoleDefinition>().Count() > 1)
            yield return (nameof(Devices), "more than one console; a guest has at most one");
        if (Devices.OfType<EntropyDefinition>().Count() > 1)
            yield return (nameof(Devices), "more than one rng; a guest has at most one source of random numbers");
        foreach (BlockDefinition disk in Devices.OfType<BlockDefinition>())
            if (disk.Overlay is not null && disk.Mode != BlockMode.Snapshot)
                yield return (nameof(Devices), $"a disk with an overlay needs mode 'snapshot', not '{DefinitionText.NameOf(disk.Mode)}'");
        foreach (BlockDefinition disk in Devices.OfType<BlockDefinition>())
        {
            if (disk.Limit is null) continue;
            if (disk.Mode != BlockMode.Snapshot || disk.Overlay is not null)
                yield return (nameof(Devices), "a disk with a limit needs mode 'snapshot' and no overlay: only what has no file of its own is limited");
            else if (disk.Limit < BlockDefinition.LeastLimit)
                yield return (nameof(Devices), $"a snapshot's limit of {disk.Limit} bytes is not possible; give at least 1 MiB");
        }
        foreach (string problem in Devices.OfType<HostNetDefinition>().SelectMany(net => net.Validate()))
            yield return (nameof(Devices), problem);
        if (SampleEvery is <= 0 or > LongestSampling)
            yield return (nameof(SampleEvery), $"a sample every {SampleEvery} instructions is not possible; give a number from 1 to {LongestSampling}");
        if (Cpu == CpuChoice.Kvm && SampleEvery is not null)
            yield return (nameof(SampleEvery), "'sampleEvery' needs 'cpu: emulated' or 'cpu: auto'");
        if (Limits.Instructions is <= 0)
            yield return ($"{nameof(Limits)}.{nameof(Limits.Instructions)}", "the instruction limit must be at least 1");
        if (Limits.Time is { } time && (time <= TimeSpan.Zero || time > GuestLimits.LongestTime))
            yield return ($"{nameof(Limits)}.{nameof(Limits.Time)}", $"the time limit must be longer than nothing and at most {GuestLimits.LongestTime.TotalDays:0} days");
        if (Limits.Sockets is < 1 or > GuestLimits.MostSockets)
            yield return ($"{nameof(Limits)}.{nameof(Limits.Sockets)}", $"the socket limit is {Limits.Sockets}; give a number from 1 to {GuestLimits.MostSockets}");
        if (Limits.Reboots is < 1)
            yield return ($"{nameof(Limits)}.{nameof(Limits.Reboots)}", "the limit of reboots must be at least 1; 'reboot: false' is for none");
        if (Record && Clock == ClockKind.Host)
            yield return (nameof(Record), "a run with clock 'host' cannot be recorded, because real time cannot be repeated; use clock 'virtual'");
        if (Cpu == CpuChoice.Kvm && Clock == ClockKind.Virtual)
            yield return (nameof(Clock), "clock 'virtual' counts instructions, which 'cpu: kvm' cannot; use 'cpu: emulated' or clock 'events'");
        if (Cpu == CpuChoice.Kvm && Limits.Instructions is not null)
            yield return ($"{nameof(Limits)}.{nameof(Limits.Instructions)}", "'limits.instructions' needs 'cpu: emulated' or 'cpu: auto'");
    }

    /// <summary>A valid name made from any text, such as a file's name.</summary>
    public static string NameFrom(string text)
    {
        char[] name = text[..Math.Min(text.Length, 64)].ToCharArray();
        for (int i = 0; i < name.Length; i++)
            if (!IsNameCharacter(name[i])) name[i] = '-';
        return name.Length == 0 ? "guest" : new string(name);
    }

    private static bool IsName(string text)
    {
        foreach (char c in text)
            if (!IsNameCharacter(c)) return false;
        return true;
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_';
}
