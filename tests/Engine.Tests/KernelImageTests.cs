using CsCheck;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests;

/// <summary>Kernel images: what is accepted, and the sentence for what is not (ABI §9).</summary>
public sealed class KernelImageTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(18, 62, "is an ELF file for another machine (class 1, machine 62); lguest runs 32-bit x86 kernels: ")]
    [InlineData(4, 2, "is an ELF file for another machine (class 2, machine 3); lguest runs 32-bit x86 kernels: ")]
    [InlineData(5, 2, "is an ELF file for another machine (class 1, machine 3); lguest runs 32-bit x86 kernels: ")]
    [InlineData(16, 3, "is an ELF file but not an executable (type 3), so it is no kernel; lguest runs 32-bit x86 kernels: ")]
    [InlineData(44, 0, "has nothing to load")]
    [InlineData(42, 31, "has its program headers outside the file: it is cut off or damaged")]
    [InlineData(44, 200, "has its program headers outside the file: it is cut off or damaged")]
    public void A_wrong_ELF_header_is_named(int at, byte value, string problem)
    {
        byte[] file = Smallest;
        file[at] = value;
        Assert.StartsWith($"kernel '{folder.Path("kernel")}' {problem}", Refused(file).Message);
    }

    [Theory]
    [InlineData("not a kernel at all", "is neither an ELF file nor a bzImage, but a text file; lguest runs 32-bit x86 kernels: ")]
    [InlineData("\u007fELF\u0001\u0001", "is cut off in its ELF header")]
    public void What_is_no_kernel_is_said(string contents, string problem) =>
        Assert.Contains(problem, Refused(System.Text.Encoding.Latin1.GetBytes(contents)).Message);

    [Fact]
    public void A_kernel_without_the_signature_has_no_entry()
    {
        LguestException refused = Refused(Elf(new Segment(Physical, "GenuineLgues."u8.ToArray())));
        Assert.Contains("has no 'GenuineLguest' signature", refused.Message);
        Assert.Contains("CONFIG_LGUEST_GUEST=y", refused.Message);
    }

    [Fact]
    public void A_signature_outside_every_segment_does_not_count() =>
        Assert.Contains("signature", Refused([.. Elf(new Segment(Physical, [1, 2, 3])), .. Signature]).Message);

    [Fact]
    public void Segments_must_share_one_offset() =>
        Assert.EndsWith(
            "has segments at different offsets between virtual and physical addresses",
            Refused(Elf(new Segment(Physical, Signature), new Segment(0x5000, [1], Virtual: 0x5000 + 0xC0001000))).Message);

    [Theory]
    [InlineData(0u)]
    [InlineData(0xC0001000u)]
    [InlineData(0xC0200000u)]
    public void The_offset_must_be_a_page_directory_slot_and_not_where_programs_live(uint offset) =>
        Assert.Contains($"is linked with the page offset 0x{offset:x8}", Refused(Elf(new Segment(Physical, Signature, Virtual: Physical + offset))).Message);

    [Theory]
    [InlineData(0u)]
    [InlineData(0x1FFFu)]
    public void A_segment_over_the_boot_parameters_is_refused(uint physical) =>
        Assert.EndsWith($"loads at 0x{physical:x8}, over the boot parameters below 0x2000", Refused(Elf(new Segment(physical, Signature))).Message);

    [Theory]
    [InlineData(0xFFFFFFFFu, 1u)]
    [InlineData(0x80000000u, 0x80000000u)]
    [InlineData(0xFFFFF000u, 0xFFFFFFFFu)]
    public void A_segment_beyond_the_address_space_is_refused(uint physical, uint size)
    {
        byte[] file = Elf(new Segment(Physical, Signature), new Segment(physical, [], Size: size));
        Assert.Contains("at the impossible address", Refused(file).Message);
    }

    [Fact]
    public void A_segment_with_more_bytes_than_room_is_refused() =>
        Assert.Contains("has segment 0 outside the file", Refused(Elf(new Segment(Physical, Signature, Size: 5))).Message);

    [Fact] // the original mapped them one after the other
    public void Of_overlapping_segments_the_later_one_counts()
    {
        using ScriptedGuest guest = Boot(Elf(new Segment(Physical, [.. Signature, 1, 1, 1]), new Segment(Physical + 14, [2])));
        Assert.Equal([1, 2, 1], guest.Memory.Read(Physical + 13, 3).ToArray());
    }

    [Fact]
    public void A_kernel_may_have_many_segments()
    {
        Segment[] segments = [new(Physical, Signature), .. Enumerable.Range(0, 200).Select(i => new Segment((uint)(0x4000 + i * 16), [(byte)i]))];
        using ScriptedGuest guest = Boot(Elf(segments));
        Assert.Equal(199, guest.Memory.Read8(0x4000 + 199 * 16));
    }

    [Fact]
    public void A_bzImages_kernel_is_unpacked_to_1_MiB_with_its_page_offset_found_by_statistics()
    {
        byte[] kernel = FlatKernel();
        using ScriptedGuest guest = Boot(BzImage(kernel));
        Assert.Equal(kernel, guest.Memory.Read(0x100000, (uint)kernel.Length).ToArray());
        Assert.Equal(0xC0000000u, guest.Guest.Machine.PageOffset);
        Assert.Equal(0xC0100000u + (uint)kernel.AsSpan().IndexOf(Signature) + 13, guest.Cpu.Registers.Eip);
    }

    [Fact]
    public void The_majority_decides_the_page_offset()
    {
        byte[] kernel = [.. FlatKernel(0xC0, loads: 5), .. FlatKernel(0xB0, loads: 9), .. FlatKernel(0xFF, loads: 20), .. FlatKernel(0x3F, loads: 20)];
        using ScriptedGuest guest = Boot(BzImage(kernel));
        Assert.Equal(0xB0000000u, guest.Guest.Machine.PageOffset);
    }

    [Fact]
    public void Too_few_addresses_to_tell_are_an_error() =>
        Assert.Contains("does not tell its page offset; use its vmlinux instead", Refused(BzImage(FlatKernel(loads: 3))).Message);

    [Fact]
    public void What_only_looks_like_gzip_in_the_setup_code_is_passed_over()
    {
        byte[] before = [1, 2, 0x1F, 0x8B, 0x08, 0xFF, 0xFF, 0x1F, 0x8B, 0x08, 0, 9, 9, 9];
        using ScriptedGuest guest = Boot(BzImage(FlatKernel(), before));
        Assert.Equal(0xC0000000u, guest.Guest.Machine.PageOffset);
    }

    [Fact]
    public void An_ELF_file_packed_in_a_bzImage_is_read_as_one()
    {
        using ScriptedGuest guest = Boot(BzImage(Smallest));
        Assert.Equal(PageOffset + Physical + 13, guest.Cpu.Registers.Eip);
    }

    [Fact]
    public void A_bzImage_without_a_gzip_payload_is_an_error()
    {
        byte[] file = BzImage(FlatKernel());
        LguestException refused = Refused([.. file[..1024], .. new byte[4096]]);
        Assert.Contains("is a bzImage without a whole gzip-packed kernel in it", refused.Message);
    }

    [Fact]
    public void A_payload_is_unpacked_no_further_than_the_guest_has_memory()
    {
        byte[] file = BzImage(new byte[200 << 20]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("unpacks to more than the guest's", Refused(file).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100L << 20);
    }

    [Fact] // the unpacker reads 8192 bytes at a time
    public void A_whole_bzImage_boots_wherever_its_packed_end_falls()
    {
        byte[] noise = new byte[8300];
        new Random(1).NextBytes(noise);
        for (int length = 8050; length < 8170; length++)
        {
            using ScriptedGuest guest = Boot(BzImage([.. FlatKernel(), .. noise[..length]]));
            Assert.Equal(noise[length - 1], guest.Memory.Read8(0x100000 + (uint)(FlatKernel().Length + length - 1)));
        }
    }

    [Fact]
    public void A_bzImage_that_is_cut_off_is_never_booted()
    {
        byte[] file = BzImage([.. FlatKernel(), .. Enumerable.Range(0, 3000).Select(i => (byte)(i * 31 >> 3))]);
        for (int length = 1; length < file.Length; length += 13) Refused(file[..length]);
    }

    [Fact]
    public void An_ELF_file_that_is_cut_off_is_never_booted()
    {
        byte[] file = Elf(new Segment(Physical, [.. Signature, 1, 2, 3]), new Segment(0x5000, [4, 5, 6]));
        for (int length = 0; length < file.Length; length++) Refused(file[..length]);
    }

    [Fact]
    public void Any_damage_gives_our_own_exception_or_a_guest()
    {
        byte[][] files = [Smallest, Elf(new Segment(Physical, Signature), new Segment(0x5000, [4, 5, 6], Size: 100)), BzImage(FlatKernel()), BzImage(Smallest)];
        Gen<byte[]> damaged = Gen.Select(Gen.Int[0, files.Length - 1], Gen.Select(Gen.Int[0, 4000], Gen.Byte).Array[1, 6]).Select((which, changes) =>
        {
            byte[] copy = [.. files[which]];
            foreach ((int at, byte value) in changes) copy[at % copy.Length] = value;
            return copy;
        });
        damaged.Sample(Survives, iter: 2000, threads: 1);
    }

    [Fact]
    public void Every_single_bit_flipped_in_the_headers_gives_our_own_exception_or_a_guest()
    {
        byte[] file = Smallest;
        for (int bit = 0; bit < (ElfHeaderSize + ProgramHeaderSize) * 8; bit++)
        {
            byte[] copy = [.. file];
            copy[bit / 8] ^= (byte)(1 << bit % 8);
            Survives(copy);
        }
    }

    private void Survives(byte[] file)
    {
        try
        {
            using ScriptedGuest guest = Boot(file);
            guest.Code().Play();
        }
        catch (LguestException refused)
        {
            Assert.Equal(LguestError.InvalidImage, refused.Error);
        }
    }

    private ScriptedGuest Boot(byte[] kernel) =>
        ScriptedGuest.Fresh(new GuestDefinition { Name = "boots", Kernel = folder.Write("kernel", kernel), Memory = 4 << 20 });

    private LguestException Refused(byte[] kernel)
    {
        LguestException refused = Assert.Throws<LguestException>(() => Boot(kernel).Dispose());
        Assert.Equal((LguestError.InvalidImage, folder.Path("kernel")), (refused.Error, refused.Path));
        return refused;
    }
}
