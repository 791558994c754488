namespace LguestPS.Tests;

/// <summary>A folder for the files of one test.</summary>
/// <param name="inMemory">Where the machine keeps files in memory, if it does: for thousands of them a second.</param>
internal sealed class TempFolder(bool inMemory = false) : IDisposable
{
    private const string InMemory = "/dev/shm";

    private readonly string path = inMemory && OperatingSystem.IsLinux() && Directory.Exists(InMemory)
        ? Directory.CreateDirectory(System.IO.Path.Combine(InMemory, $"lguestps-{Guid.NewGuid():N}")).FullName
        : Directory.CreateTempSubdirectory("lguestps-").FullName;

    public string Write(string name, byte[] bytes)
    {
        string file = System.IO.Path.Combine(path, name);
        File.WriteAllBytes(file, bytes);
        return file;
    }

    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    public string Path(string name) => System.IO.Path.Combine(path, name);

    public void Dispose() => Directory.Delete(path, recursive: true);
}
