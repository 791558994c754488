using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace LguestPS.Tests.House;

/// <summary>The engine's folders are floors: each uses only those below it. Only the facade at the top is a knot.</summary>
public class FloorTests
{
    /// <summary>From the ground up. A folder may use those of the lines above its own, and of its own line those to its left.</summary>
    private static readonly string[][] Floors =
    [
        ["Errors", "State", "Native", "Files", "Texts"],
        ["Memory", "Paging", "Segments"],
        ["Cpu", "Symbols"],
        ["Abi", "Definition"],
        ["Clock", "Machines"],
        ["Events", "Traps", "Hypercalls"],
        ["Networks", "Devices"],
        ["Exports"],
    ];

    private static readonly string[] Facade = ["Boot", "Breakpoints", "Checkpoints", "Fleets", "Guests", "Histories", "Kernels", "Recordings", "Run"];

    /// <summary>What is built on all of it, and nothing else uses.</summary>
    private static readonly string[] Roof = ["Reports", "Fuzzing"];

    private static readonly string[] Order = [.. Floors.SelectMany(floor => floor)];

    [Fact]
    public void Every_folder_has_its_floor() =>
        Assert.Empty(FolderGraph.OfEngine.Folders.Except([.. Order, .. Facade, .. Roof]));

    [Fact]
    public void No_folder_uses_one_above_it()
    {
        string[] upward =
        [
            .. from lower in Order
               from upper in Order.Skip(Array.IndexOf(Order, lower) + 1).Concat(Facade).Concat(Roof)
               from use in FolderGraph.OfEngine.Uses(lower, upper)
               select $"{lower} -> {upper}: {use}",
        ];
        Assert.Empty(upward);
    }

    [Fact]
    public void Only_the_facade_is_a_knot()
    {
        IReadOnlyCollection<string> cycle = FolderGraph.OfEngine.LargestCycle();
        Assert.Empty(cycle.Except(Facade));
        Assert.True(FolderGraph.OfEngine.MutualPairs <= 8, $"{FolderGraph.OfEngine.MutualPairs} pairs of folders use each other");
    }

    [Theory]
    [InlineData("Native", "")]
    [InlineData("Devices", "Cpu")]
    public void Some_know_nothing_of_others(string folder, string others)
    {
        foreach (string other in others.Length == 0 ? FolderGraph.OfEngine.Folders.Where(any => any != folder) : [others])
            Assert.Empty(FolderGraph.OfEngine.Uses(folder, other));
    }

    [Fact]
    public void The_engine_references_no_PowerShell() =>
        Assert.DoesNotContain(typeof(Guest).Assembly.GetReferencedAssemblies(), name => name.Name!.StartsWith("System.Management.Automation", StringComparison.Ordinal));

    [Fact]
    public void Only_Native_names_the_package_of_Linuxs_calls()
    {
        string native = Repository.Path("src", "Engine", "Native");
        Assert.All(
            Directory.EnumerateFiles(Repository.Path("src", "Engine"), "*.cs", SearchOption.AllDirectories).Where(file => Path.GetDirectoryName(file) != native && !file.Contains("/obj/")),
            file => Assert.False(File.ReadAllText(file).Contains("Tmds.", StringComparison.Ordinal), file));
    }

    /// <remarks>A type with such a field cannot be loaded on a system for which the package has no library, whoever asks.</remarks>
    [Fact]
    public void No_type_needs_that_package_to_be_loaded()
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        IEnumerable<Type> needing = typeof(Guest).Assembly.GetTypes().Where(type => type.GetFields(All).Any(field => field.FieldType.Assembly.GetName().Name == "Tmds.LibC"));
        Assert.Equal(["itimerspec"], needing.Select(type => type.Name));
    }

    [Fact]
    public void The_guests_facade_stays_small()
    {
        string[] parts = [.. Directory.EnumerateFiles(Repository.Path("src", "Engine"), "Guest*.cs", SearchOption.AllDirectories)
            .Where(file => Regex.IsMatch(Path.GetFileName(file), @"^Guest(\.\w+)?\.cs$"))];
        Assert.NotEmpty(parts);
        int lines = parts.Sum(file => File.ReadAllLines(file).Length);
        Assert.True(lines <= 450, $"Guest and its parts have {lines} lines");
    }

    /// <summary>A file is a room with one purpose.</summary>
    [Fact]
    public void No_file_has_more_than_400_lines()
    {
        string[] large =
        [
            .. from folder in (string[])["src", "tests", "bench"]
               from file in Directory.EnumerateFiles(Repository.Path(folder), "*.cs", SearchOption.AllDirectories)
               where !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin")
               let lines = File.ReadLines(file).Count()
               where lines > 400
               select $"{Path.GetFileName(file)}: {lines} lines",
        ];
        Assert.Empty(large);
    }
}
