using LguestPS.Launcher;
using Xunit;

namespace LguestPS.Tests.Launcher;

/// <summary>lguest --describe=KERNEL: what a file is, and a status that a script can ask.</summary>
public sealed class DescribeTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_kernel_that_runs_is_described_with_status_0()
    {
        string path = folder.Write("vmlinux", PackedFiles.Kernel);
        Launched launched = Launched.Run($"--describe={path}");
        Assert.Equal((0, ""), (launched.Status, launched.Error));
        string[] lines = launched.Output.TrimEnd().Split('\n');
        Assert.Equal(path, lines[0]);
        Assert.StartsWith("  runs           Yes, with ABI profile virtio-3.1; 3.2.65 was tried on the emulated CPU", lines[1]);
        Assert.Contains("  page offset    0xb0000000", lines);
        Assert.Contains("  file           vmlinux, 32-bit", lines);
        Assert.Contains("  built with     SMP", lines);
    }

    [Fact]
    public void One_that_does_not_is_described_with_status_2_and_the_others_are_as_well()
    {
        string script = folder.Write("script", "#!/bin/sh\n"u8.ToArray()), kernel = folder.Write("vmlinux", PackedFiles.Kernel);
        Launched launched = Launched.Run("--describe", script, "--describe", kernel);
        Assert.Equal(2, launched.Status);
        Assert.StartsWith($"{script}\n  runs           No: it is neither an ELF file nor a bzImage, but a script; ", launched.Output);
        Assert.Contains($"\n\n{kernel}\n", launched.Output);
    }

    [Fact]
    public void A_missing_file_is_an_error() =>
        Assert.Equal(new Launched(2, "", $"lguest: kernel '{folder.Path("none")}' does not exist\n"), Launched.Run($"--describe={folder.Path("none")}"));

    [Fact]
    public void It_runs_no_guest() =>
        Assert.Equal("--describe runs no guest, so '64' is too much; for several kernels write --describe before each", Assert.Throws<LguestException>(() => CommandLine.Parse(["--describe=/k", "64", "/k"]).Described).Message);
}
