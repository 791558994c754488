using System.Globalization;
using System.Text;
using LguestPS.Cpu;

namespace LguestPS.Inspection;

/// <summary>Sums samples up: by function or by instruction, hottest first.</summary>
internal static class HotCodeList
{
    private const int UserRing = 3;
    private const uint PageMask = 0xFFFFF000;

    /// <exception cref="LguestException">NotRecorded: no samples are taken of the guest.</exception>
    public static IReadOnlyList<HotCode> Of(Guest guest, HotCodeUnit unit)
    {
        CodeSamples samples = guest.Cpu.Samples
            ?? throw new LguestException(LguestError.NotRecorded, $"No samples are taken of guest '{guest.Name}'. Ask for them before it is made: 'sampleEvery: 1000' in its definition does that.");
        IReadOnlyList<(uint Eip, int Level, long Count)> taken = samples.Take();
        long all = taken.Sum(sample => sample.Count);
        SymbolTable? symbols = guest.Symbols;
        return
        [
            .. taken.GroupBy(sample => Place(symbols, sample.Eip, sample.Level, unit))
                .Select(group => (group.Key, Count: group.Sum(sample => sample.Count)))
                .OrderByDescending(entry => entry.Count).ThenBy(entry => entry.Key.Address).ThenBy(entry => entry.Key.Level)
                .Select(entry => new HotCode
                {
                    Guest = guest.Name,
                    Address = entry.Key.Address,
                    Symbol = entry.Key.Symbol,
                    PrivilegeLevel = entry.Key.Level,
                    Samples = entry.Count,
                    Instructions = entry.Count * samples.Period,
                    Share = (double)entry.Count / all,
                }),
        ];
    }

    /// <summary>A table for a terminal.</summary>
    public static string Text(IReadOnlyList<HotCode> lines, int most)
    {
        var text = new StringBuilder("   share   instructions  ring  address     function\n");
        foreach (HotCode line in lines.Take(most))
        {
            string shown = string.Create(CultureInfo.InvariantCulture, $"{100 * line.Share,6:F2} % {line.Instructions,14:N0}  {line.PrivilegeLevel,4}  0x{line.Address:x8}  {line.Symbol}");
            text.Append(shown.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private static (uint Address, string? Symbol, int Level) Place(SymbolTable? symbols, uint eip, int level, HotCodeUnit unit)
    {
        SymbolLocation? symbol = level == UserRing ? null : symbols?.Find(eip);
        if (unit == HotCodeUnit.Instruction) return (eip, symbol?.ToString(), level);
        return symbol is { } function ? (function.Address, function.Name, level) : (eip & PageMask, null, level);
    }
}
