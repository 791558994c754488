using System.Text;
using LguestPS.Launcher;
using Xunit;

namespace LguestPS.Tests.Launcher;

/// <summary>One run of the launcher, in this process.</summary>
internal sealed record Launched(int Status, string Output, string Error)
{
    public static string Repository { get; } = FindRepository();

    public static string Example(string name) => Path.Combine(Repository, "examples", name, name + ".yaml");

    public static string TestGuest(string name) => Path.Combine(Repository, "tests", "guests", name + ".elf");

    public static Launched Run(params string[] arguments) => RunWith("", arguments);

    public static Launched RunWith(string input, params string[] arguments) =>
        RunWith(new MemoryStream(Encoding.UTF8.GetBytes(input)), arguments);

    public static Launched RunWith(Stream input, params string[] arguments)
    {
        MemoryStream output = new();
        StringWriter error = new();
        int status = Program.Run(arguments, new LauncherStreams(input, output, error));
        return new Launched(status, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "LguestPS.sln"))) folder = folder.Parent;
        Assert.NotNull(folder);
        return folder.FullName;
    }
}
