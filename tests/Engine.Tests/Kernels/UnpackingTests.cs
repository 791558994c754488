using LguestPS.Boot;
using LguestPS.Paging;
using LguestPS.Tests.Eras;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests.Kernels;

/// <summary>What a bzImage has packed in it is found in whichever way it is packed, and with it what a guest of it begins with.</summary>
public sealed class UnpackingTests : IDisposable
{
    private const uint Load = 0x100000;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Libraries => [.. PackedFiles.Unpackable.Where(packing => packing != "gzip")];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_kernel_is_what_it_was_before_it_was_packed(string packing) =>
        Assert.Equal(PackedFiles.Kernel, LguestPS.Boot.BzImage.TryDecompress("kernel", BzImageOf(PackedFiles.Pack(packing, PackedFiles.Kernel), "3.2.65 (a@b) #1", before: new byte[77]), packing, 1 << 20));

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Code_after_the_packed_kernel_is_not_taken_for_more_of_it(string packing)
    {
        byte[] file = BzImageOf(PackedFiles.Pack(packing, PackedFiles.Kernel), "3.2.65 (a@b) #1");
        Assert.Equal(PackedFiles.Kernel, LguestPS.Boot.BzImage.TryDecompress("kernel", [.. file, .. new byte[500]], packing, 1 << 20));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Nothing_is_unpacked_beyond_the_guests_memory(string packing)
    {
        byte[] file = BzImageOf(PackedFiles.Pack(packing, PackedFiles.Kernel), "3.2.65 (a@b) #1");
        Assert.Contains("unpacks to more than", Assert.Throws<LguestException>(() => LguestPS.Boot.BzImage.TryDecompress("kernel", file, packing, 100)).Message);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Damage_and_missing_ends_give_nothing_or_other_bytes_or_too_many_but_no_exception_of_a_librarys(string packing)
    {
        byte[] packed = PackedFiles.Pack(packing, PackedFiles.Kernel);
        for (int at = 0; at < packed.Length; at += 1 + packed.Length / 100)
        {
            byte[] damaged = [.. packed];
            damaged[at] ^= 0xFF;
            Survives(damaged);
            Survives(packed[..at]);
        }

        void Survives(byte[] damaged)
        {
            try
            {
                LguestPS.Boot.BzImage.TryDecompress("kernel", BzImageOf(damaged, "3.2.65 (a@b) #1"), packing, 1 << 20);
            }
            catch (LguestException e) when (e.Message.Contains("unpacks to more than"))
            {
                // as a damaged kernel may
            }
        }
    }

    [Theory] // by 2.6.31 a kernel is left to unpack itself, but finds page tables that the host has made for it
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("lzma")]
    [InlineData("lz4")]
    public void PAE_and_the_page_offset_are_seen_in_a_kernel_that_unpacks_itself(string packing)
    {
        byte[] code = new byte[0x3000];
        code[0] = 0x90;
        foreach (int index in (int[])[0, 2]) Put32(code, 0x1000 + index * 8, 0x202000 | PageFlags.Present);
        Put32(code, 0x1000 + 3 * 8, 0x202000 | PageFlags.Present);
        LguestData(Era.Virtio2631, PackedFiles.PageOffset, PackedFiles.PageOffset + 0x200000).CopyTo(code, 0x2400);
        byte[] kernel = ElfAt(0x200000, new Segment(0x200000, code, Virtual: 0x200000 + PackedFiles.PageOffset));
        byte[] file = BzImageOf(PackedFiles.Pack(packing, kernel), "2.6.32-5-686 (a@b) #1 SMP", before: new byte[300]);
        Put32(file, 0x214, Load);
        Put32(file, 0x230, Load);
        KernelImage image = KernelImage.Load(folder.Write("kernel", file), 8 << 20, asked: null);
        Assert.Equal((PagingMode.Pae, PackedFiles.PageOffset), (image.Tables.Mode, image.PageOffset));
    }

    [Fact] // the kernels of that time are not left to unpack themselves
    public void A_kernel_of_2_6_23_boots_from_a_packing_that_came_later()
    {
        byte[] kernel = Elf(new Segment(Physical, [.. Signature, 0x90, .. "Linux version 2.6.23 (a@b)\0"u8, .. LguestData("dma-2.6.23")]));
        byte[] file = BzImageOf(PackedFiles.Pack("lzma", kernel), "2.6.23 (a@b) #1");
        Assert.Equal("dma-2.6.23", KernelImage.Load(folder.Write("kernel", file), 4 << 20, asked: null).Abi.Name);
    }
}
