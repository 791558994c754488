using Xunit;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>The CPUs and the processor that <see cref="RootCause"/>s are tried on.</summary>
public sealed class RootCauseFixture : IDisposable
{
    private readonly string? whyNot;
    private readonly Oracle? oracle;

    public RootCauseFixture()
    {
        byte[] data = Data(), image = Oracle.InitialImage();
        UserSegment[] global = SnippetGenerator.Segments;
        ReadOnlySpan<ushort> selectors = [0x63, 0x6B, 0x73];
        Machines =
        [
            ("in chains", new DifferentialMachine(data, global, selectors, image, local: LocalSegments.All)),
            ("compiled", new DifferentialMachine(data, global, selectors, image, heat: 0, local: LocalSegments.All)),
        ];
        (string? program, whyNot) = Oracle.Build();
        if (program is null) return;
        oracle = Oracle.TryStart(program, data, image, global, LocalSegments.All, out whyNot);
        File.Delete(program);
    }

    internal (string Way, DifferentialMachine Machine)[] Machines { get; }

    internal Oracle Require()
    {
        Skip.If(oracle is null, whyNot);
        return oracle!;
    }

    public void Dispose()
    {
        foreach ((_, DifferentialMachine machine) in Machines) machine.Dispose();
        oracle?.Dispose();
    }

    /// <summary>Zeros, so that what is read can be written down.</summary>
    private static byte[] Data() => new byte[Oracle.DataSize];
}
