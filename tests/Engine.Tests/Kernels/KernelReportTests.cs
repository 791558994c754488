using System.Text;
using LguestPS.Tests.Eras;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests.Kernels;

/// <summary>What a report on a kernel says is what the file has in it, and what booting it would do.</summary>
public sealed class KernelReportTests : IDisposable
{
    private const string Gcc = "(root@build) (gcc version 4.8.2 20131212 (Red Hat 4.8.2-7) (GCC) ) #1 SMP Thu Dec 5 14:12:26 UTC 2013";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_vmlinux_tells_its_version_era_place_and_build()
    {
        KernelReport report = Report(Vmlinux("3.11.10-301.fc20.i686", Era.Virtio31, [.. "\0virtio_blk\0noinitrd\0"u8], pageOffset: 0xB0000000));
        Assert.Equal((KernelFormat.Vmlinux, 32, new Version(3, 11, 10), "3.11.10-301.fc20.i686", Gcc), (report.Format, report.Bits, report.Version, report.Release, report.Build));
        Assert.Equal((Era.Virtio31, LguestSupport.Yes, 0xB0000000u, true, true), (report.Profile, report.Lguest, report.PageOffset, report.Smp, report.CanRun));
        Assert.Null(report.Packing);
        Assert.StartsWith("Yes, with ABI profile virtio-3.1; 3.11.10 was tried on the emulated CPU", report.Runs);
        Assert.Contains("An initrd, or a disk image as its root (root=/dev/vda).", report.Needs);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("lzma")]
    [InlineData("xz")]
    [InlineData("lz4")]
    public void A_bzImage_tells_the_same_however_it_is_packed(string packing)
    {
        KernelReport plain = Report(PackedFiles.Kernel, "vmlinux"), report = Report(Bootable(PackedFiles.Pack(packing, PackedFiles.Kernel), "3.2.65 (a@b) #1 SMP"));
        Assert.Equal((KernelFormat.BzImage, packing, true), (report.Format, report.Packing, report.Unpacked));
        Assert.Equal(
            (plain.Release, plain.Build, plain.Profile, plain.Lguest, plain.PageOffset, plain.Smp, plain.CanRun, plain.Runs),
            (report.Release, report.Build, report.Profile, report.Lguest, report.PageOffset, report.Smp, report.CanRun, report.Runs));
        Assert.Equal((PackedFiles.PageOffset, LguestSupport.Yes), (report.PageOffset, report.Lguest));
    }

    [Fact]
    public void A_kernel_that_cannot_be_unpacked_is_named_and_may_run()
    {
        KernelReport report = Report(Bootable([.. Encoding.Latin1.GetBytes("\u0089LZO"), .. new byte[200]], "3.2.65 (a@b) #1 SMP"));
        Assert.Equal(("lzo", false, LguestSupport.Unknown, Era.Virtio31), (report.Packing, report.Unpacked, report.Lguest, report.Profile));
        Assert.Null(report.CanRun);
        Assert.Null(report.PageOffset);
        Assert.Null(report.Pae);
        Assert.StartsWith("Perhaps, with ABI profile virtio-3.1: it is packed with lzo and could not be looked into", report.Runs);
    }

    public static TheoryData<string> Bad => [.. BadFiles.Keys];

    [Theory] // what a report says and what booting says must be one thing
    [MemberData(nameof(Bad))]
    public void A_file_that_does_not_boot_says_what_booting_it_says(string which)
    {
        string path = folder.Write("kernel", BadFiles[which]);
        KernelReport report = KernelReport.Read(path);
        LguestException refused = Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(ScriptedGuest.Definition with { Kernel = path, Abi = AbiProfile.Automatic }));
        Assert.Equal($"No: it {refused.Message[$"kernel '{path}' ".Length..]}.", report.Runs);
        Assert.False(report.CanRun);
        Assert.Empty(report.Needs);
    }

    [Fact]
    public void A_file_that_is_refused_still_tells_what_its_header_says()
    {
        KernelReport report = Report(BadFiles["64 bits"]);
        Assert.Equal((64, "3.2.0-4-amd64", KernelFormat.BzImage), (report.Bits, report.Release, report.Format));
        Assert.Equal((KernelFormat.ZImage, KernelFormat.None, KernelFormat.None), (Report(BadFiles["zImage"]).Format, Report(BadFiles["script"]).Format, Report(BadFiles["empty"]).Format));
        Assert.Equal((LguestSupport.No, Era.Virtio31), (Report(BadFiles["no lguest"]).Lguest, Report(BadFiles["no lguest"]).Profile));
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_errors()
    {
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => KernelReport.Read(folder.Path("none"))).Error);
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => KernelReport.Read(Path.GetTempPath())).Error);
    }

    [Fact]
    public void A_configuration_in_the_kernel_goes_before_what_its_bytes_look_like()
    {
        byte[] configured = Vmlinux("3.2.65", Era.Virtio31, more: [.. Configuration("CONFIG_MODULES=y\nCONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_NET=y\n# CONFIG_X86_PAE is not set\nCONFIG_HZ=100\n"), .. "\0virtio_blk\0"u8]);
        KernelReport report = Report(configured);
        Assert.Equal(("100", "in the kernel", true, false), (report.Configuration!["HZ"], report.ConfigurationSource, report.Modules, report.Pae));
        Assert.Equal(
            [("console", DriverState.Missing), ("block", DriverState.Module), ("net", DriverState.BuiltIn), ("rng", DriverState.Missing)],
            report.Drivers.Select(driver => (driver.Device, driver.State)));
        Assert.Contains("An initrd that loads its driver for disks, a module; then a disk image can be its root (root=/dev/vda).", report.Needs);
    }

    [Theory]
    [InlineData("# Linux/i386 3.11.10 Kernel Configuration", true)]
    [InlineData("# Linux kernel version: 3.11.10", true)]
    [InlineData("# Linux/i386 3.11.1 Kernel Configuration", false)]
    [InlineData("# Linux/i386 3.2.65 Kernel Configuration", false)]
    public void A_configuration_beside_a_kernel_is_its_own_only_if_it_is_of_its_version(string comment, bool own)
    {
        folder.Write("config-3.11.10-301", Encoding.ASCII.GetBytes($"#\n{comment}\n#\nCONFIG_VIRTIO_BLK=m\n"));
        KernelReport report = Report(Vmlinux("3.11.10-301", Era.Virtio31, [.. "/sbin/modprobe\0"u8]), "vmlinuz-3.11.10-301");
        Assert.Equal(own ? folder.Path("config-3.11.10-301") : null, report.ConfigurationSource);
        Assert.Equal(own ? DriverState.Module : DriverState.Unknown, report.Drivers.First(driver => driver.Device == "block").State);
    }

    [Fact]
    public void Without_a_configuration_its_texts_tell()
    {
        KernelReport bare = Report(Vmlinux("3.11.10", Era.Virtio31));
        Assert.Equal((false, false, false, false), (bare.StackProtector, bare.Microcode, bare.Modules, bare.Kaslr));
        Assert.All(bare.Drivers, driver => Assert.Equal(DriverState.Missing, driver.State));       // and no module can be loaded
        KernelReport report = Report(Vmlinux("3.11.10", Era.Virtio31, more:
            [.. "\0stack-protector: Kernel stack is corrupted in: %p\0dis_ucode_ldr\0/sbin/modprobe\0virtio_blk\0"u8]));
        Assert.Equal((true, true, true), (report.StackProtector, report.Microcode, report.Modules));
        Assert.Equal(
            [("block", DriverState.BuiltIn), ("net", DriverState.Unknown)],
            report.Drivers.Where(driver => driver.Device is "block" or "net").Select(driver => (driver.Device, driver.State)));
    }

    [Fact]
    public void The_program_that_unpacks_a_kernel_tells_whether_it_moves_it()
    {
        byte[] packed = PackedFiles.Pack("gzip", PackedFiles.Kernel);
        KernelReport moves = Report(Bootable(packed, "3.2.65 (a@b) #1", before: [.. "\0KASLR disabled: 'nokaslr' on cmdline\0"u8])), stays = Report(Bootable(packed, "3.2.65 (a@b) #1"));
        Assert.Equal((true, false), (moves.Kaslr, stays.Kaslr));
        Assert.Contains(moves.Needs, need => need.StartsWith("nokaslr", StringComparison.Ordinal));
        Assert.DoesNotContain(stays.Needs, need => need.StartsWith("nokaslr", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("2.6.32", Era.Virtio2631)]
    [InlineData("3.11.10", Era.Virtio31)]
    public void PAE_is_seen_in_the_image(string version, string era)
    {
        byte[] code = new byte[0x4000 - Physical];
        foreach (int index in (int[])[0, 3]) Put32(code, 0x3000 - (int)Physical + index * 8, 0x2001);
        Assert.Equal((true, false), (Report(Vmlinux(version, era, more: [], image: code)).Pae, Report(Vmlinux(version, era)).Pae));
    }

    [Fact] // lguest excluded it before
    public void A_kernel_before_2_6_31_has_no_PAE() => Assert.False(Report(Vmlinux("2.6.27", Era.Virtio2624)).Pae);

    [Theory]
    [InlineData("2.6.31", Era.Virtio2631)]
    [InlineData("3.2.65", Era.Virtio31)]
    public void It_boots_in_the_least_memory_and_in_no_less(string version, string era)
    {
        string path = folder.Write("kernel", ElfAt(Physical, new Segment(Physical, [.. Banner(version), .. LguestData(era)], Size: (5 << 20) - Physical)));
        long least = KernelReport.Read(path).LeastMemory!.Value;
        using ScriptedGuest guest = Boot(least);
        Assert.Contains($"give at least {least >> 20} MiB", Assert.Throws<LguestException>(() => Boot(least - (1 << 20))).Message);

        ScriptedGuest Boot(long memory) => ScriptedGuest.Fresh(new GuestDefinition { Name = "least", Kernel = path, Memory = memory });
    }

    [Fact]
    public void Symbols_beside_it_are_its_own_only_if_its_version_text_is_where_they_say()
    {
        byte[] kernel = Vmlinux("3.2.65", Era.Virtio31);
        string map = folder.Write("System.map-3.2.65", Encoding.ASCII.GetBytes($"{PageOffset + Physical:x8} T _text\n{PageOffset + Physical:x8} R linux_banner\n"));
        KernelReport own = Report(kernel, "vmlinux-3.2.65");
        Assert.Equal((map, 2), (own.Symbols, own.SymbolCount));
        folder.Write("System.map-3.2.65", Encoding.ASCII.GetBytes($"{PageOffset + Physical:x8} T _text\n{PageOffset + Physical + 16:x8} R linux_banner\n"));
        Assert.Null(Report(kernel, "vmlinux-3.2.65").Symbols);
    }

    [Fact]
    public void A_text_from_a_kernel_cannot_reach_the_terminal_as_an_escape()
    {
        KernelReport report = Report(ElfAt(Physical, new Segment(Physical, [.. Encoding.Latin1.GetBytes("Linux version 3.2.65\u001b[2J (a\u009b@b) #1\n"), .. LguestData(Era.Virtio31)])));
        Assert.Equal(("3.2.65[2J", "(a@b) #1"), (report.Release, report.Build));
    }

    private static Dictionary<string, byte[]> BadFiles { get; } = new()
    {
        ["empty"] = [],
        ["script"] = Encoding.ASCII.GetBytes("#!/bin/sh\n"),
        ["initramfs"] = [.. "070701"u8, .. new byte[600]],
        ["64 bits"] = BzImageOf([1, 2, 3], "3.2.0-4-amd64 (debian) #1", loadFlags64: 1),
        ["too new"] = BzImageOf(Gzip(FlatKernel()), "6.1.0-18-686-pae (debian) #1 SMP"),
        ["too old"] = Vmlinux("2.6.22.19", "dma-2.6.23"),
        ["no lguest"] = ElfAt(Physical, new Segment(Physical, Banner("3.2.65"))),
        ["cut off"] = PackedFiles.Kernel[..60],
        ["zImage"] = ZImage(),
        ["nothing known"] = ElfAt(Physical, new Segment(Physical, [1, 2, 3])),
    };

    private static byte[] ZImage()
    {
        byte[] file = BzImageOf(PackedFiles.Pack("gzip", PackedFiles.Kernel), "3.2.65 (a@b) #1");
        file[0x211] = 0;
        Put32(file, 0x214, 0x1000);
        return file;
    }

    private static byte[] Bootable(byte[] packed, string version, byte[]? before = null)
    {
        byte[] file = BzImageOf(packed, version, before: before ?? new byte[300]);
        Put32(file, 0x214, 0x100000);
        Put32(file, 0x230, 0x100000);
        return file;
    }

    private static byte[] Banner(string version) => Encoding.ASCII.GetBytes($"Linux version {version} {Gcc}\n\0");

    private static byte[] Vmlinux(string version, string era, byte[]? more = null, uint pageOffset = PageOffset, byte[]? image = null)
    {
        byte[] start = [.. Banner(version), .. more ?? []];
        byte[] bytes = image ?? [];
        if (image is null) bytes = start;
        else start.CopyTo(bytes, 0);
        return ElfAt(Physical, new Segment(Physical, [.. bytes, .. LguestData(era, pageOffset, pageOffset + Physical)], Virtual: Physical + pageOffset));
    }

    private static byte[] Configuration(string text) => [.. "IKCFG_ST"u8, .. Gzip(Encoding.ASCII.GetBytes(text)), .. "IKCFG_ED"u8];

    private KernelReport Report(byte[] file, string name = "kernel") => KernelReport.Read(folder.Write(name, file));
}
