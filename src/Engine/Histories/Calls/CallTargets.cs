using System.IO.Enumeration;

namespace LguestPS.Histories;

/// <summary>A function whose calls are asked for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its first instruction.</param>
/// <param name="OnStack">Whether all of its arguments are on the stack.</param>
/// <param name="ArgumentCount">How many are shown.</param>
/// <param name="Parameters">What they are called; null if that is not known.</param>
/// <param name="IsCertain">Whether it was named, so that whatever leads there is a call; else only what a call instruction could have done.</param>
internal sealed record CallTarget(string Name, uint Address, bool OnStack, int ArgumentCount, string[]? Parameters, bool IsCertain);

/// <summary>Finds the functions that a question names.</summary>
internal static class CallTargets
{
    private const int UsualArguments = 3;

    /// <exception cref="LguestException">InvalidAddress: there is none of a name, or there are no symbols.</exception>
    public static IReadOnlyDictionary<uint, CallTarget> Find(SymbolTable symbols, CallQuery query)
    {
        bool isLinux = symbols.AddressOf("linux_banner") is not null || symbols.AddressOf("start_kernel") is not null;
        (uint, uint)[] code = CodeOf(symbols);
        Dictionary<uint, CallTarget> targets = [];
        foreach (string pattern in query.Symbols)
        {
            bool isPattern = pattern.AsSpan().ContainsAny('*', '?'), any = false;
            foreach ((string name, uint address) in symbols.All)
            {
                if (isPattern ? !Matches(pattern, name) || !IsCode(address) : name != pattern) continue;
                any = true;
                if (query.ExcludeSymbols.Any(excluded => Matches(excluded, name)) || targets.ContainsKey(address)) continue;
                bool onStack = query.Convention == CallConvention.Stack || (query.Convention == CallConvention.Auto && (!isLinux || SystemCalls.IsOnStack(name)));
                string[]? parameters = isLinux ? SystemCalls.ParametersOf(name) : null;
                targets.Add(address, new CallTarget(name, address, onStack, query.ArgumentCount ?? parameters?.Length ?? UsualArguments, parameters, !isPattern));
            }
            if (any) continue;
            string hint = DefinitionText.Nearest(pattern, symbols.Names) is { } near ? $"; did you mean '{near}'?" : "";
            throw new LguestException(LguestError.InvalidAddress, $"'{pattern}' is not the name of a function in {Path.GetFileName(symbols.Source)}{hint}");
        }
        return targets;

        bool IsCode(uint address) => code.Length == 0 || code.Any(range => address >= range.Item1 && address < range.Item2);
    }

    private static bool Matches(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name);

    /// <summary>Where a Linux has its functions; nothing if it does not tell.</summary>
    private static (uint, uint)[] CodeOf(SymbolTable symbols)
    {
        return [.. Range("_stext", "_etext"), .. Range("_sinittext", "_einittext")];

        IEnumerable<(uint, uint)> Range(string first, string last) => symbols.AddressOf(first) is { } from && symbols.AddressOf(last) is { } to && from < to ? [(from, to)] : [];
    }
}
