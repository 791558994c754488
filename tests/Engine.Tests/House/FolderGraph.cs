using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LguestPS.Tests.House;

/// <summary>Which folder of src/Engine uses which others, read from the sources: an arrow for each name in one that is declared in the other.</summary>
internal sealed class FolderGraph
{
    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    private readonly Dictionary<(string From, string To), SortedSet<string>> arrows = [];

    private FolderGraph()
    {
    }

    public static FolderGraph OfEngine { get; } = Read(Repository.Path("src", "Engine"));

    public IReadOnlyCollection<string> Folders => [.. arrows.Keys.SelectMany(arrow => (string[])[arrow.From, arrow.To]).Distinct().Order()];

    /// <summary>Why a folder uses another: "File uses Type.Member", in order; none if it does not.</summary>
    public IReadOnlyCollection<string> Uses(string from, string to) => arrows.TryGetValue((from, to), out SortedSet<string>? uses) ? uses : [];

    public IEnumerable<string> UsedBy(string from) => arrows.Keys.Where(arrow => arrow.From == from).Select(arrow => arrow.To);

    /// <summary>Pairs of folders that use each other, each once.</summary>
    public int MutualPairs => arrows.Keys.Count(arrow => string.CompareOrdinal(arrow.From, arrow.To) < 0 && arrows.ContainsKey((arrow.To, arrow.From)));

    /// <summary>The largest set of folders each of which leads, over others, to each.</summary>
    public IReadOnlyCollection<string> LargestCycle()
    {
        Dictionary<string, HashSet<string>> reached = Folders.ToDictionary(folder => folder, Reachable);
        return Folders.Select(folder => (string[])[.. reached[folder].Where(other => reached[other].Contains(folder)).Order()]).MaxBy(cycle => cycle.Length) ?? [];
    }

    private HashSet<string> Reachable(string from)
    {
        HashSet<string> reached = [];
        Stack<string> open = new(UsedBy(from));
        while (open.TryPop(out string? folder))
            if (reached.Add(folder)) foreach (string next in UsedBy(folder)) open.Push(next);
        return reached;
    }

    private static FolderGraph Read(string root)
    {
        CSharpParseOptions options = new(LanguageVersion.Preview);
        SyntaxTree[] trees =
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Where(file => FolderOf(root, file) is not ("obj" or "bin"))
                .Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), options, file)),
        ];
        string[] platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(System.IO.Path.PathSeparator);
        CSharpCompilation engine = CSharpCompilation.Create(
            "Engine",
            [.. trees, CSharpSyntaxTree.ParseText(ImplicitUsings, options)],
            platform.Where(file => !System.IO.Path.GetFileName(file).StartsWith("LguestPS", StringComparison.Ordinal)).Select(file => MetadataReference.CreateFromFile(file)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        FolderGraph graph = new();
        foreach (SyntaxTree tree in trees) graph.Add(root, tree, engine.GetSemanticModel(tree));
        return graph;
    }

    private void Add(string root, SyntaxTree tree, SemanticModel model)
    {
        string from = FolderOf(root, tree.FilePath), file = System.IO.Path.GetFileNameWithoutExtension(tree.FilePath);
        foreach (SimpleNameSyntax name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            SymbolInfo info = model.GetSymbolInfo(name);
            if ((info.Symbol ?? info.CandidateSymbols.FirstOrDefault()) is not { } symbol || symbol is INamespaceSymbol) continue;
            if (symbol.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.SyntaxTree.FilePath is not { Length: > 0 } declared) continue;
            string to = FolderOf(root, declared);
            if (to == from) continue;
            if (!arrows.TryGetValue((from, to), out SortedSet<string>? uses)) arrows[(from, to)] = uses = new(StringComparer.Ordinal);
            uses.Add($"{file} uses {(symbol is INamedTypeSymbol ? "" : $"{symbol.ContainingType?.Name}.")}{symbol.Name}");
        }
    }

    private static string FolderOf(string root, string file) => System.IO.Path.GetRelativePath(root, file).Split(System.IO.Path.DirectorySeparatorChar)[0];
}
