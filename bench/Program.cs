using BenchmarkDotNet.Running;
using LguestPS.Bench;

// bench cpu         the emulated CPU beside qemu-i386, same code, same run
// bench start       from the start of lguest to the guest's first console output
// bench memory      what a guest needs beyond its RAM
// bench hypercalls  hypercalls and event objects per second through the engine (BenchmarkDotNet)
switch (args)
{
    case ["cpu", ..]:
        return CpuComparison.Run(rounds: args.Length > 1 ? int.Parse(args[1]) : 3);
    case ["start"]:
        return StartComparison.Run();
    case ["memory"]:
        return MemoryMeasurement.Run();
    case ["hypercalls"]:
        BenchmarkRunner.Run<HypercallBenchmarks>();
        return 0;
    default:
        Console.Error.WriteLine("usage: bench cpu [ROUNDS] | start | memory | hypercalls");
        return 2;
}
