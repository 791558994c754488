namespace LguestPS.Bench;

/// <summary>How many runs a second a fuzzer does from a checkpoint of a Linux that stands at its shell's prompt.</summary>
internal static class FuzzMeasurement
{
    private const int Seconds = 5;
    private const long BootSlice = 1_000_000;
    private const long MostBoot = 2_000_000_000;

    /// <param name="kernel">A kernel with a console on hvc0.</param>
    /// <param name="initrd">Its userland, which comes to the prompt "# ".</param>
    public static int Run(string kernel, string initrd)
    {
        using Guest guest = Guest.Create(new GuestDefinition
        {
            Name = "linux", Kernel = kernel, Initrd = initrd, CommandLine = "console=hvc0", Memory = 64 << 20, Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual,
            Devices = [new ConsoleDefinition()],
        });
        while (!guest.ConsoleText.Contains("\n# ", StringComparison.Ordinal))
        {
            if (guest.HasEnded || guest.InstructionCount > MostBoot) throw new BenchException($"'{kernel}' did not come to its prompt: {guest.StateReason}");
            foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing, StopAtInstruction = guest.InstructionCount + BootSlice }))
            {
            }
        }
        FuzzOptions options = new() { Checkpoint = guest.TakeCheckpoint(), TimeLimit = TimeSpan.FromSeconds(Seconds) };
        FuzzTarget[] register = [FuzzTarget.Register("eax")], console = [FuzzTarget.Console(32)];

        Console.WriteLine($"A checkpoint of {options.Checkpoint.MemoryBytes >> 20} MiB in use after {guest.InstructionCount:N0} instructions; {Seconds} s each, built-in mutators.");
        Console.WriteLine();
        Console.WriteLine("| runs | coverage | threads | runs/s | instructions a run | edges |");
        Console.WriteLine("|---|---|---:|---:|---:|---:|");
        foreach (int threads in (int[])[1, Environment.ProcessorCount])
        {
            foreach (bool coverage in (bool[])[false, true])
            {
                FuzzOptions now = options with { Coverage = coverage, Threads = threads };
                Measure("eax, 1 instruction", now with { Targets = register, InstructionLimit = 1 });
                Measure("eax, 10,000 instructions", now with { Targets = register, InstructionLimit = 10_000 });
                Measure("eax, 50,000 instructions", now with { Targets = register, InstructionLimit = 50_000 });
                Measure("a line for the shell, to the next prompt", now with { Targets = console, UntilText = "\n# ", InstructionLimit = 3_000_000 });
            }
        }
        Measure("eax and a script that does nothing, 10,000 instructions", options with { Targets = register, InstructionLimit = 10_000, Mutate = (_, _) => { } });
        return 0;
    }

    private static void Measure(string what, FuzzOptions options)
    {
        Fuzzer fuzzer = new(options);
        foreach (FuzzFind _ in fuzzer.Run())
        {
        }
        FuzzProgress done = fuzzer.Progress;
        Console.WriteLine($"| {what} | {(options.Coverage ? "on" : "off")} | {options.Threads} | {done.RunsPerSecond:N0} | {done.Instructions / done.Runs:N0} | {done.Edges:N0} |");
    }
}
