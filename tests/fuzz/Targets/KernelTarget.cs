namespace LguestPS.Tests.Fuzz;

/// <summary>Kernel images, ELF and bzImage, packed in each way: looked into, loaded, and run for a while.</summary>
internal sealed class KernelTarget : FileTarget
{
    private const long MostInstructions = 5000;

    public override string Name => "kernels";

    public override int CasesInSuite => 200;

    protected override string What => "a kernel";

    protected override string FileName => "vmlinux";

    protected override IEnumerable<byte[]> MakeSamples() =>
    [
        File.ReadAllBytes(Repository.Path("examples", "hello", "hello.elf")),
        KernelFiles.Smallest,
        KernelFiles.BzImage(KernelFiles.FlatKernel()),
        .. PackedFiles.Unpackable.Select(packing => KernelFiles.BzImageOf(PackedFiles.Pack(packing, PackedFiles.Kernel), "3.2.65 (a@b) #1")),
    ];

    protected override IReadOnlyList<byte[]> Tokens { get; } = Mutator.Tokens("GenuineLguest", "HdrS", "\u007fELF", "Linux version 2.6.24", "Linux version 4.13.0 (a@b)", "GUEST_OS=linux GUEST_VER=2.6 XEN_VER=3.0");

    protected override void Use(string path, TapeRandom random)
    {
        Observation?.Add(KernelReport.Read(path).ToString());
        using Guest guest = Guest.Create(new GuestDefinition
        {
            Name = "fuzz", Kernel = path, Memory = random.Chance(20) ? 1 << 20 : 8 << 20, Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual, Devices = [new ConsoleDefinition()],
            Limits = new GuestLimits(Instructions: MostInstructions),
        });
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the fuzzer" }).Take(300)) Observation?.Add(happened.ToString());
        Observation?.Add(guest.Symbols?.Count ?? 0);
        Observation?.Add(guest.StateReason);
    }
}
