using System.Text;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests;

/// <summary>What cannot be booted: each file is named for what it is, with what to do about it.</summary>
public sealed class ForeignKernelTests : IDisposable
{
    private const string Old = "2.6.23 (build@host) #1 Mon Oct 22 2007";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("6.1.0-18-686-pae (debian) #1 SMP", "is Linux 6.1.0; lguest was removed from Linux in 4.14")]
    [InlineData("4.14.0-rc1 (a@b) #1", "is Linux 4.14.0; lguest was removed from Linux in 4.14")]
    [InlineData("2.6.22.19 (a@b) #1", "is Linux 2.6.22; lguest came with Linux 2.6.23")]
    public void A_release_without_lguest_is_named_by_its_version(string version, string problem) =>
        Assert.Contains(problem, Refused(BzImageOf(Gzip(FlatKernel()), version)));

    [Fact]
    public void A_64_bit_kernel_is_named_before_it_is_unpacked() =>
        Assert.Contains("is a 64-bit kernel (3.2.0-4-amd64); lguest runs 32-bit x86 kernels", Refused(BzImageOf([1, 2, 3], "3.2.0-4-amd64 (debian) #1", loadFlags64: 1)));

    [Fact]
    public void A_64_bit_vmlinux_is_named()
    {
        byte[] file = Smallest;
        file[4] = 2;
        file[18] = 62;
        Assert.Contains("is a 64-bit kernel; lguest runs 32-bit x86 kernels", Refused(file));
    }

    [Theory]
    [InlineData("BZh9", "bzip2")]
    [InlineData("\u00fd7zXZ\0", "xz")]
    [InlineData("]\0\0", "lzma")]
    [InlineData("\u0089LZO", "lzo")]
    [InlineData("\u0002!L\u0018", "lz4")]
    [InlineData("(\u00b5/\u00fd", "zstd")]
    public void A_kernel_packed_in_another_way_says_which(string magic, string packing)
    {
        byte[] packed = [.. Encoding.Latin1.GetBytes(magic), .. new byte[100]];
        Assert.Contains(
            $"is a bzImage (Linux 2.6.23) packed with {packing}, {(PackedFiles.Unpackable.Contains(packing) ? "and is damaged" : "which is not unpacked here")}; a kernel of its era is not left to unpack itself, so use its vmlinux",
            Refused(BzImageOf(packed, "2.6.23 (a@b) #1", before: [1, 2, 3, 4, 5])));
        byte[] whole = BzImageOf(packed, "3.2.65 (a@b) #1", before: [1, 2, 3, 4, 5]);
        Assert.Contains($"is a bzImage (Linux 3.2.65) packed with {packing}, and cut off, with {whole.Length - 50} of its", Refused(whole[..^50]));
        Assert.Contains(packing is "bzip2" or "xz" or "zstd" ? $"cannot be unpacked: it is packed with {packing}, and " : $"a file packed with {packing}; if a kernel is in it, unpack it first", Refused(packed));
    }

    [Fact]
    public void A_bzImage_that_is_cut_off_says_how_much_is_missing()
    {
        byte[] file = BzImageOf(Gzip([.. FlatKernel(), .. Enumerable.Range(0, 3000).Select(i => (byte)(i * i >> 3))]), Old);
        Assert.Contains($"is a bzImage (Linux 2.6.23) without a whole gzip-packed kernel in it: it is cut off, with {file.Length - 200} of its", Refused(file[..^200]));
    }

    [Fact]
    public void A_damaged_bzImage_is_told_from_one_that_is_cut_off()
    {
        byte[] packed = Gzip(FlatKernel());
        Array.Fill(packed, (byte)0xEE, 10, packed.Length - 20);
        Assert.Contains("in it: it is damaged, or packed in a way that is not known here; copy it again", Refused(BzImageOf(packed, Old)));
    }

    [Fact] // as memory testers do
    public void Another_program_in_a_bzImage_is_named_by_what_it_calls_itself() =>
        Assert.Contains(
            "is a bzImage ('Memtest86+ v6.10') without a whole gzip-packed kernel in it: it starts as Linux does, but is another program",
            Refused(BzImageOf(new byte[64], "Memtest86+ v6.10")));

    [Fact]
    public void A_text_from_a_header_cannot_reach_the_terminal_as_an_escape() =>
        Assert.Contains("('x[2Jy')", Refused(BzImageOf(new byte[64], "x\u001b[2Jy")));

    [Theory]
    [InlineData("4.0.0", "pci-4.0")]
    [InlineData("4.1.0", "pci-4.1")]
    [InlineData("4.13.0", "pci-4.1")]
    public void A_kernel_with_devices_on_PCI_gets_its_profile(string version, string profile)
    {
        using ScriptedGuest guest = Boot(Kernel(version, lguest: true));
        Assert.Equal(profile, guest.Guest.Abi.Name);
    }

    [Theory]
    [InlineData("2.6.23")]
    [InlineData("2.6.27")]
    [InlineData("4.4.0")]
    public void A_kernel_without_lguest_support_is_told_which_option_it_lacks(string version) =>
        Assert.Contains("without lguest support; build it with CONFIG_LGUEST_GUEST=y", Refused(Kernel(version, lguest: false)));

    [Fact]
    public void A_flat_kernel_is_judged_by_its_support_before_its_page_offset() =>
        Assert.Contains("without lguest support", Refused(BzImage([.. Encoding.ASCII.GetBytes("Linux version 2.6.23 (a@b)\0")])));

    [Theory]
    [InlineData(0, "070701", "an initramfs (a cpio archive), which is given as the initrd")]
    [InlineData(0x438, "\u0053\u00ef", "an ext2, ext3 or ext4 disk image, which is given as a disk")]
    [InlineData(0x8001, "CD001", "a CD image")]
    [InlineData(0x1fe, "U\u00aa", "a boot sector, a disk image or a kernel older than bzImages")]
    [InlineData(0, "#!/bin/sh\n", "a script")]
    public void A_file_of_another_kind_is_named(int at, string magic, string kind)
    {
        byte[] file = new byte[0x9000];
        Encoding.Latin1.GetBytes(magic).CopyTo(file, at);
        Assert.Contains($"is neither an ELF file nor a bzImage, but {kind}; lguest runs", Refused(file));
    }

    [Fact]
    public void A_folder_is_said_to_be_one()
    {
        string path = folder.Path("sub");
        Directory.CreateDirectory(path);
        LguestException refused = Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(ScriptedGuest.Definition with { Kernel = path }));
        Assert.Equal((LguestError.FileUnavailable, $"kernel '{path}' is a folder; name the kernel file in it"), (refused.Error, refused.Message));
    }

    private static byte[] Kernel(string version, bool lguest) => Elf(new Segment(
        Physical, [.. Encoding.ASCII.GetBytes($"Linux version %s\0Linux version {version} (a@b) #1\0{(lguest ? "lguest" : "native")}\0")]));

    private ScriptedGuest Boot(byte[] kernel) =>
        ScriptedGuest.Fresh(new GuestDefinition { Name = "boots", Kernel = folder.Write("kernel", kernel), Memory = 4 << 20 });

    private string Refused(byte[] kernel)
    {
        LguestException refused = Assert.Throws<LguestException>(() => Boot(kernel).Dispose());
        Assert.Equal(LguestError.InvalidImage, refused.Error);
        return refused.Message;
    }
}
