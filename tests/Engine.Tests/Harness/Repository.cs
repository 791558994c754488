namespace LguestPS.Tests;

/// <summary>Files of the repository the tests were built in.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "LguestPS.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("LguestPS.sln is in no folder above the tests");
    }
}
