using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace LguestPS.Bench;

/// <summary>How fast hypercalls pass through the engine, with and without somebody watching. Operations per second are hypercalls per second.</summary>
[Config(typeof(InThisProcess))]
[MemoryDiagnoser]
public class HypercallBenchmarks
{
    private const int Calls = 1_000_000;

    private sealed class InThisProcess : ManualConfig
    {
        // The emulated CPU wants the runtime settings of this project, which a generated one would not have.
        public InThisProcess()
        {
            AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
            AddColumn(StatisticColumn.OperationsPerSecond);
        }
    }

    [GlobalSetup]
    public void Build() => Workloads.Build();

    /// <summary>Trap, pending hypercall, ring, call, resume; no events are wanted.</summary>
    [Benchmark(OperationsPerInvoke = Calls)]
    public long Unwatched() => Run(EventFilter.Nothing);

    /// <summary>A filter that looks at every call and never wants one.</summary>
    [Benchmark(OperationsPerInvoke = Calls)]
    public long FilteredOut() => Run(new EventFilter { Kinds = EventKinds.Hypercall, Hypercalls = [13] });

    /// <summary>An event object for each.</summary>
    [Benchmark(OperationsPerInvoke = Calls)]
    public long Watched() => Run(EventFilter.Everything);

    private static long Run(EventFilter filter)
    {
        using Guest guest = Guest.Create(Workloads.Guest("calls.elf", $"{Calls}"));
        long events = 0;
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = filter })) events++;
        return events;
    }
}
