using LguestPS.Cpu.Emulated;
using LguestPS.Tests.Cpu.Kvm;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Programs;

/// <summary>Programs in Linux guests print and end as on the processor the test runs on, or there is a reason.</summary>
/// <remarks>
/// LGUEST_KERNELS names kernels, with colons between them; LGUEST_PROGRAMS, if it is set, a folder of static i386 programs that are run beside our own.
/// LGUEST_PROGRAM_RECORDS names a file that the runner wrote on another machine, which is then the truth for the programs in it.
/// </remarks>
public sealed class LinuxProgramTests(ProgramFiles files, ITestOutputHelper output) : IClassFixture<ProgramFiles>, IDisposable
{
    private readonly TempFolder folder = new();
    private readonly ProgramDifferences explained = ProgramDifferences.Load();

    public void Dispose() => folder.Dispose();

    /// <summary>Kernels, or one empty name where there are none, for which the tests say so.</summary>
    public static TheoryData<string> Kernels => [.. (Environment.GetEnvironmentVariable("LGUEST_KERNELS") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).DefaultIfEmpty("")];

    [SkippableTheory]
    [MemberData(nameof(Kernels))]
    public void On_the_emulated_CPU_in_chains(string kernel) => Check(kernel, heat: null);

    [SkippableTheory]
    [MemberData(nameof(Kernels))]
    public void On_the_emulated_CPU_compiled_when_hot(string kernel) => Check(kernel, EmulatedCpu.UsualHeat);

    [SkippableTheory]
    [MemberData(nameof(Kernels))]
    public void On_the_emulated_CPU_compiled_at_once(string kernel) => Check(kernel, heat: 0);

    [SkippableTheory]
    [Trait("Cpu", "kvm")]
    [MemberData(nameof(Kernels))]
    public void On_KVM(string kernel)
    {
        RequireKernel(kernel);
        KvmHost.RequireReady("whole Linux guests take hours on a KVM that only emulates");
        Check(kernel, (runner, programs) => LinuxGuest.Run(kernel, runner, programs, folder, CpuChoice.Kvm));
    }

    private static void RequireKernel(string kernel) =>
        Skip.If(kernel.Length == 0, "no Linux kernel was given: set LGUEST_KERNELS to the files of some, with colons between them");

    private void Check(string kernel, int? heat)
    {
        RequireKernel(kernel);
        Check(kernel, (runner, programs) => LinuxGuest.Run(
            kernel, runner, programs, folder, CpuChoice.Emulated, (memory, clock) => new EmulatedCpu(memory, clock.ReadTimeStampCounter, heat)));
    }

    private void Check(string kernel, Func<string, IEnumerable<string>, IReadOnlyList<ProgramRun>> runThere)
    {
        files.Require();
        Version? version = KernelReport.Read(kernel).Version;
        string all = folder.Path("all");
        Directory.CreateDirectory(all);
        foreach (string program in Directory.GetFiles(files.Own).Concat(Environment.GetEnvironmentVariable("LGUEST_PROGRAMS") is { Length: > 0 } others ? Directory.GetFiles(others) : []))
        {
            if (explained.WhyNotRun(Path.GetFileName(program), version) is { } reason) output.WriteLine($"not run: {Path.GetFileName(program)}: {reason}");
            else File.Copy(program, Path.Combine(all, Path.GetFileName(program)));
        }

        string[] programs = Directory.GetFiles(all);
        ProgramComparison comparison = new(explained, version);
        comparison.Compare(Truth(programs), runThere(files.Runner, programs));
        output.WriteLine($"Linux {version}: {programs.Length} programs, {comparison.Lines} lines");
        foreach ((string reason, int count) in comparison.Reasons.OrderByDescending(pair => pair.Value)) output.WriteLine($"{count,8}  {reason}");
        Assert.Equal("", comparison.Report);
    }

    /// <summary>What programs do where one believes it: as records from elsewhere say, or here.</summary>
    private IReadOnlyList<ProgramRun> Truth(string[] programs)
    {
        string[] names = [.. programs.Select(program => Path.GetFileName(program))];
        List<ProgramRun> truth = [];
        if (Environment.GetEnvironmentVariable("LGUEST_PROGRAM_RECORDS") is { Length: > 0 } records)
            truth.AddRange(ProgramRun.Read(File.ReadAllBytes(records)).Where(run => names.Contains(run.Name)));
        string here = folder.Path("here");
        Directory.CreateDirectory(here);
        foreach (string program in programs.Where(program => truth.All(run => run.Name != Path.GetFileName(program)))) File.Copy(program, Path.Combine(here, Path.GetFileName(program)));
        return [.. truth, .. files.RunHere(here)];
    }
}
