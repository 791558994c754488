using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace LguestPS.Tests.House;

/// <summary>What measures and checks this project says what it needs, and takes what it can get.</summary>
public sealed class ToolTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("cpu", "qemu-user")]
    [InlineData("boot KERNEL BZIMAGE INITRD TEXT", "qemu-system-x86")]
    [InlineData("idle KERNEL BZIMAGE INITRD TEXT", "qemu-system-x86")]
    [InlineData("work KERNEL BZIMAGE INITRD", "qemu-system-x86")]
    [InlineData("kvm", "gcc")]
    public void A_measurement_without_its_peer_says_what_to_install(string words, string package)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, [Repository.Path("bench", "bin", "Debug", "net10.0", "LguestPS.Bench.dll"), .. words.Split(' ')])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = folder.Path(""),
        };
        start.Environment["PATH"] = folder.Path("");
        using Process bench = Process.Start(start)!;
        _ = bench.StandardOutput.ReadToEndAsync();
        string said = bench.StandardError.ReadToEnd();
        Assert.True(bench.WaitForExit(TimeSpan.FromMinutes(5)));
        Assert.Matches($@"^bench: this measurement needs .+: install .*\b{Regex.Escape(package)}\b.* \(Debian: apt-get install\) and run it again\n$", said);
        Assert.Equal(1, bench.ExitCode);
    }

    [SkippableTheory]
    [InlineData("touch \"$0.installed\"; printf '#!/bin/sh\\n' > \"$(dirname \"$0\")/a-tool\"; chmod +x \"$(dirname \"$0\")/a-tool\"", 0)]
    [InlineData("exit 100", 1)]
    public void An_update_of_the_package_lists_that_fails_in_part_keeps_CI_from_nothing(string installation, int status)
    {
        Skip.IfNot(File.Exists("/bin/bash"), "there is no bash on this machine");
        string apt = folder.Path("apt-get");
        File.WriteAllText(apt, $"#!/bin/sh\ncase $1 in update) exit 100;; install) {installation};; esac\n");
        Shell.Run($"chmod +x '{apt}'");
        string script = folder.Path("need.sh");
        File.WriteAllText(script, $"PATH='{folder.Path("")}':$PATH\neval \"$(sed -n '/^need() {{/,/^}}/p' '{Repository.Path(".ci", "run")}')\"\nneed a-tool=its-package && command -v a-tool\n");

        (int ended, string said) = Shell.TryRun($"bash '{script}'");

        Assert.Equal(status, ended);
        Assert.StartsWith("The update of the package lists failed, at least in part; trying with those that are here.\n", said);
        if (status == 0) Assert.EndsWith("/a-tool\n", said);
        else Assert.EndsWith("Install these and run this again: its-package\n", said);
    }
}
