using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>One oracle for the tests that need one, or the reason why there is none.</summary>
public sealed class OracleFixture : IDisposable
{
    public OracleFixture()
    {
        (string? program, WhyNot) = Oracle.Build();
        if (program is null) return;
        Oracle = new Oracle(program, SnippetGenerator.Data(), Oracle.InitialImage(), SnippetGenerator.Segments);
        File.Delete(program);
    }

    internal Oracle? Oracle { get; }

    internal string? WhyNot { get; }

    internal Oracle Require()
    {
        Skip.If(Oracle is null, WhyNot);
        return Oracle!;
    }

    public void Dispose() => Oracle?.Dispose();
}
