using LguestPS.Definitions;

namespace LguestPS.Tests.Fleets;

/// <summary>A matrix file in a folder of its own, beside the guests of examples.</summary>
internal sealed class MatrixFile : IDisposable
{
    private readonly TempFolder folder = new();

    public MatrixFile(string yaml) => File.WriteAllText(Path, yaml.Replace("EXAMPLES", Repository.Path("examples"), StringComparison.Ordinal));

    public string Path => folder.Path("nightly.yaml");

    /// <summary>Where kept files go; not there at first.</summary>
    public string Output => folder.Path("kept");

    public static GuestMatrix Read(string yaml)
    {
        using MatrixFile file = new(yaml);
        return file.Read();
    }

    public GuestMatrix Read() => new GuestDefinitionReader().ReadMatrix(Path);

    public void Dispose() => folder.Dispose();
}
