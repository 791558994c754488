using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Definitions;

/// <summary>A definition in a folder of its own.</summary>
internal sealed class DefinitionFile : IDisposable
{
    public DefinitionFile(string text, string name = "hello.yaml")
        : this(System.Text.Encoding.UTF8.GetBytes(text), name)
    {
    }

    public DefinitionFile(byte[] bytes, string name = "hello.yaml")
    {
        Path = System.IO.Path.Combine(Folder, name);
        File.WriteAllBytes(Path, bytes);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("lguest-").FullName;

    public string Path { get; }

    public static GuestDefinition Read(string text)
    {
        using DefinitionFile file = new(text);
        return new GuestDefinitionReader().Read(file.Path);
    }

    /// <summary>All guests of this file.</summary>
    public static IReadOnlyList<GuestDefinition> ReadAll(string text)
    {
        using DefinitionFile file = new(text);
        return new GuestDefinitionReader().ReadAll(file.Path);
    }

    /// <summary>What is wrong with this definition.</summary>
    public static LguestException Refuse(string text)
    {
        using DefinitionFile file = new(text);
        return Assert.Throws<LguestException>(() => new GuestDefinitionReader().Read(file.Path));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
