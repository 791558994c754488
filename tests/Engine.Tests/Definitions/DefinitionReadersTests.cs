using System.Reflection;
using System.Runtime.Loader;
using Xunit;

namespace LguestPS.Tests.Definitions;

/// <summary>Whatever YamlDotNet the process has, ours is another.</summary>
public sealed class DefinitionReadersTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("lguest-").FullName;

    public DefinitionReadersTests()
    {
        foreach (string name in new[] { "LguestPS.Definitions.dll", "YamlDotNet.dll" })
            File.Copy(Path.Combine(AppContext.BaseDirectory, name), Path.Combine(folder, name));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_reader_and_its_YamlDotNet_live_in_a_context_of_their_own()
    {
        Assembly everybodys = Assembly.Load("YamlDotNet");
        IGuestDefinitionReader reader = DefinitionReaders.Load(folder);
        using DefinitionFile file = new("kernel: k\nname: apart");
        Assert.Equal("apart", reader.Read(file.Path).Name);

        AssemblyLoadContext ours = AssemblyLoadContext.GetLoadContext(reader.GetType().Assembly)!;
        Assembly oursToo = Assert.Single(ours.Assemblies, assembly => assembly.GetName().Name == "YamlDotNet");
        Assert.NotSame(AssemblyLoadContext.Default, ours);
        Assert.NotSame(everybodys, oursToo);
        Assert.Equal(Path.Combine(folder, "YamlDotNet.dll"), oursToo.Location);
        Assert.NotEqual(oursToo.Location, everybodys.Location);
    }

    [Fact]
    public void Only_the_engine_is_shared()
    {
        IGuestDefinitionReader reader = DefinitionReaders.Load(folder);
        using DefinitionFile file = new("name: x");
        Assert.Throws<LguestException>(() => reader.Read(file.Path));
        Assert.Equal(
            ["LguestPS.Definitions", "YamlDotNet"],
            AssemblyLoadContext.GetLoadContext(reader.GetType().Assembly)!.Assemblies.Select(assembly => assembly.GetName().Name).Order());
    }

    [Fact]
    public void A_folder_is_loaded_once() => Assert.Same(DefinitionReaders.Load(folder), DefinitionReaders.Load(folder + "/."));

    [Fact]
    public void A_folder_without_the_reader_says_so()
    {
        LguestException missing = Assert.Throws<LguestException>(() => DefinitionReaders.Load("/nowhere"));
        Assert.Equal(LguestError.FileUnavailable, missing.Error);
        Assert.StartsWith("the definition reader '/nowhere/LguestPS.Definitions.dll' cannot be loaded: ", missing.Message);
    }

    [Fact]
    public void A_file_that_is_no_assembly_says_so()
    {
        string broken = Directory.CreateTempSubdirectory("lguest-").FullName;
        File.WriteAllText(Path.Combine(broken, "LguestPS.Definitions.dll"), "not an assembly");
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => DefinitionReaders.Load(broken)).Error);
        Directory.Delete(broken, recursive: true);
    }
}
