using System.Text;
using LguestPS.Symbols;

namespace LguestPS.Tests.Fuzz;

/// <summary>System.map files and the symbol tables of ELF files.</summary>
internal sealed class SymbolTarget : FileTarget
{
    public override string Name => "symbols";

    public override int CasesInSuite => 1000;

    protected override string What => "a file of symbols";

    protected override string FileName => "System.map";

    protected override IEnumerable<byte[]> MakeSamples() =>
    [
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 60).Select(i => $"c01{i:x2}000 {"TtDdBbRA"[i % 8]} symbol_{i}\n"))),
        File.ReadAllBytes(Repository.Path("examples", "hello", "hello.elf")),
        File.ReadAllBytes(Repository.Path("tests", "guests", "ring.elf")),
    ];

    protected override IReadOnlyList<byte[]> Tokens { get; } = Mutator.Tokens("\n", " ", "\t[module]", "\0", "ffffffff T end\n", "                 U undefined\n", "00000000c0100000 T wide\n", "\uFEFF", "g");

    protected override void Use(string path, TapeRandom random)
    {
        SymbolFile.Check(path);
        if (SymbolFile.Read(path) is not { } symbols) return;
        for (int i = 0; i < 4; i++) Observation?.Add(symbols.Find(0xC0100000 + (uint)random.Next(0x100000))?.ToString());
        Observation?.Add(symbols.AddressOf("symbol_7") ?? 0);
    }
}
