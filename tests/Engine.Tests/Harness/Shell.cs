using System.Diagnostics;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Commands of the host's system, for what another process does to our files.</summary>
internal static class Shell
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs a command that must succeed.</summary>
    public static string Run(string command)
    {
        (int status, string output) = TryRun(command);
        Assert.True(status == 0, $"{command}: status {status}: {output}");
        return output;
    }

    public static (int Status, string Output) TryRun(string command)
    {
        Skip.IfNot(File.Exists("/bin/sh"), "there is no /bin/sh on this machine");
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{command} 2>&1"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Patience)) process.Kill(entireProcessTree: true);
        return (process.ExitCode, output.GetAwaiter().GetResult());
    }
}
