using System.IO.Compression;
using LguestPS.Devices;
using LguestPS.Files;
using LguestPS.Symbols;
using Microsoft.Win32.SafeHandles;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.ZStandard;
using Xunit;

namespace LguestPS.Tests.Files;

/// <summary>Kernels, symbols and disk images that are packed as they are shipped.</summary>
public sealed class PackedFileTests : IDisposable
{
    /// <summary>What xz makes of <see cref="Payload"/>; no library here writes it.</summary>
    private const string Xz =
        "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4CHxAK5dABgIAoZJD7h8rfbqKukMaZNQPtAIn49FtJfnlu4hzx7zi7wxYeJ9AUzBR6sodl6gyR8kqfAQI2CmatHRFhoHdOwWsp3mqDUgqm9WXZXxIYvFrcSsflUBKv/aYv9GKWupww+08GZQxjSY"
        + "lyXK0Kr8zL+gED9CaCANzUlbZ6Z7mQUDLHeIjpdPrs6AoS6h7I9iu9wRWnQBpDtUA3xHIp7O0+8MvgAAiT7GNLRW6ZJ+AAAAAKwhJ8fG++V9AAHKAfJDAAAKLfUQscRn+wIAAAAABFla";

    /// <summary>The same in five blocks, as xz does it on several threads.</summary>
    private const string XzInBlocks =
        "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Af/AJRdABgIAoZJD7h8rfbqKukMaZNQPtAIn49FtJfnlu4hzx7zi7wxYeJ9AUzBR6sodl6gyR8kqfAQI2CmatHRFhoHdOwWsp3mqDUgqm9WXZXxIYvFrcSsflUBKv/aYv9GKWupww+08GZQxjSY"
        + "lyXK0Kr8zL+gED9CaCANzUlbZ6Z7mQUDLHeIjpdPrs6AoS6h7I9iVaj+AAAA+5xBaPuDpU0CACEBFgAAAHQv5aPgB/8All0AGAgCy6kfB2wtXXllnuCjuXV2Ix0BnSX6SSnYj+hv8aH+sxx/rqf5vhtq+BAGTLIrjyklJjpKjB91V5spLPy2"
        + "tGEcsYq3XFVrGXDUweLtgzwQDyJG8CQcHEnk0gRlZ81in5mlrgR0uYk5YNdqv0/bulKCFbBf3I12R7lJS7LjTNq/AR2EDVE7dgNc1lui8cKwmRkiRKwAAAAAyscnFTsEaF8CACEBFgAAAHQv5aPgB/8Al10AG4gDEDlozskUkjsbOzYTaddw"
        + "G95i05bnhY35dn18ynRlNRSqLG7S7Z4gxnM69LCqpSdXleW+otW0ozOOPd+IpDWDF3cz/F+kLxewCSLvVbejnLvG1a4N2UWTbjbi7YS87pwoaCM3wXhKN3tcTLfZyMmKO4T0uzQXD7PpdIju1hbNwN1277QSeqTMF5lDTBMaSzlQrc04AAAA"
        + "DHhZJCVcY3QCACEBFgAAAHQv5aPgB/8AlV0AGggDdfEWD5ZkIJHbA/5mIM+pz4mfnToV+2S76ybepRBBH2Pb1QAeceFGLVBlPss5qoaDKxGc5s6fHGqaRdPXvNZS5pmLpzGfAxrkb50BSBeZSIBVJDMQoQG4xOQvr4kY6ZSRJGr/cJoeW52o"
        + "ta9WBOgSA3VXQvP0HO8+H57+TzIkra7PFQRphQn8fjE81DrS8BEZBAAAAAAA6AoOHyI9nhwCACEBFgAAAHQv5aPgAfEAil0AEAxDexBBJtzFJE2/gXFnh+U/ySKMbxlfU/I8NrUA8eRfvCb5mU2Dl7fYdSnowwruUsMrYgfE98Advvj3IH3L"
        + "9RnZBP6Flg/6Qoe6Nd8VRv8temJKGpKOaRmRj/Z7zthUGdXHUwiI6XOlwGpVZJelgn87JDkYw5KEaqQ75L7FP+2skD/l1TDJbJgAAAAApN90UrevHOIABbABgBCyAYAQswGAELEBgBCmAfIDAAAFmqQvp4b2YAYAAAAABFla";

    /// <summary>The same behind xz's filter for x86 code.</summary>
    private const string XzFiltered =
        "/Td6WFoAAATm1rRGAgEEACEBFgANhjUf4CHxAK5dABgIAoZJD7h8rfbqKukMaZNQPtAIn49FtJfnlu4hzx7zi7wxYeJ9AUzBR6sodl6gyR8kqfAQI2CmatHRFhoHdOwWsp3mqDUgqm9WXZXxIYvFrcSsflUBKv/aYv9GKWupww+08GZQxjSY"
        + "lyXK0Kr8zL+gED9CaCANzUlbZ6Z7mQUDLHeIjpdPrs6AoS6h7I9iu9wRWnQBpDtUA3xHIp7O0+8MvgAAiT7GNLRW6ZJ+AAAAAKwhJ8fG++V9AAHKAfJDAAAKLfUQscRn+wIAAAAABFla";

    private static readonly byte[] Payload = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(i => $"{i % 97} ")));

    private readonly string folder = Directory.CreateTempSubdirectory("lguest-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("zstd")]
    [InlineData("xz")]
    [InlineData("xz in blocks")]
    public void What_is_packed_comes_out_whole(string packing)
    {
        using SafeFileHandle file = Open(Pack(packing));
        Assert.Equal(packing.Split(' ')[0], PackedFile.PackingOf(file));
        Assert.Equal(Payload, PackedFile.ReadAll(file, packing.Split(' ')[0], Payload.Length));
        Assert.Equal(Payload[..100], PackedFile.ReadStart(file, packing.Split(' ')[0], 100));
        using FileStream whole = PackedFile.ToTemporary(file, packing.Split(' ')[0], Payload.Length);
        using MemoryStream read = new();
        whole.CopyTo(read);
        Assert.Equal(Payload, read.ToArray());
    }

    [Theory]
    [InlineData("bzip2")]
    [InlineData("zstd")]
    public void Several_that_were_joined_come_out_one_after_the_other(string packing)
    {
        using SafeFileHandle file = Open([.. Pack(packing), .. Pack(packing)]);
        Assert.Equal([.. Payload, .. Payload], PackedFile.ReadAll(file, packing, 2 * Payload.Length));
    }

    [Fact]
    public void What_the_library_cannot_undo_is_refused_by_its_reason()
    {
        Assert.Equal("it is packed with xz and a filter that is not undone here; unpack it with xz -d", Problem(Convert.FromBase64String(XzFiltered)));
        Assert.Equal("it is packed with xz, and damaged or made of several streams; unpack it with xz -d", Problem([.. Pack("xz"), .. Pack("xz")]));
        Assert.Equal("it is packed with gzip, and not whole or made of several pieces; unpack it with gzip -d", Problem([.. Pack("gzip"), .. Pack("gzip")], "gzip"));
        byte[] greedy = Pack("xz");
        Assert.Equal(0x21, greedy[14]);
        greedy[16] = 40;        // a dictionary of 4 GiB
        Assert.Equal("it is packed with xz and a dictionary of more than 64 MiB; unpack it with xz -d", Problem(greedy));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("zstd")]
    [InlineData("xz")]
    [InlineData("xz in blocks")]
    public void No_more_comes_out_than_may(string packing)
    {
        using SafeFileHandle file = Open(Pack(packing));
        Assert.StartsWith("it holds more than", Assert.Throws<IOException>(() => PackedFile.ReadAll(file, packing.Split(' ')[0], Payload.Length - 1)).Message);
        Assert.StartsWith("it holds more than", Assert.Throws<IOException>(() => PackedFile.ToTemporary(file, packing.Split(' ')[0], Payload.Length - 1)).Message);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("zstd")]
    [InlineData("xz")]
    [InlineData("xz in blocks")]
    public void Whatever_is_damaged_is_an_error_of_ours_or_comes_out_bounded(string packing)
    {
        Random random = new(1);
        byte[] packed = Pack(packing);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = i % 3 == 0 ? packed[..random.Next(7, packed.Length)] : [.. packed];
            if (i % 3 != 0) for (int flips = 1 + random.Next(3); flips > 0; flips--) damaged[random.Next(6, damaged.Length)] ^= (byte)(1 << random.Next(8));
            using SafeFileHandle file = Open(damaged);
            try
            {
                Assert.True(PackedFile.ReadAll(file, packing.Split(' ')[0], 1 << 20).Length <= 1 << 20);
                Assert.NotEqual(0, i % 3);      // what is cut off never passes for whole
            }
            catch (IOException)
            {
            }
        }
    }

    [Fact]
    public void A_kernel_that_is_packed_boots_with_its_symbols()
    {
        string kernel = Path.Combine(folder, "hello.elf.gz");
        Pack(Repository.Path("examples", "hello", "hello.elf"), kernel);
        using Guest guest = Guest.Create(new GuestDefinition { Name = "packed", Kernel = kernel, Memory = 4 << 20, Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual });
        Assert.NotNull(guest.Symbols?.AddressOf("lguest_data"));
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "test" }))
        {
        }
        Assert.Equal(EndingKind.PowerDown, guest.Ending?.Kind);
    }

    [Fact]
    public void A_System_map_may_be_packed()
    {
        string map = Path.Combine(folder, "System.map.gz");
        File.WriteAllText(Path.Combine(folder, "System.map"), "c0100000 T _text\nc0100010 T start_kernel\n");
        Pack(Path.Combine(folder, "System.map"), map);
        Assert.Equal(0xC0100010, SymbolTable.Load(map).AddressOf("start_kernel"));
        SymbolFile.Check(map);
        File.WriteAllBytes(map, File.ReadAllBytes(map)[..^12]);
        Assert.Contains("packed with gzip", Assert.Throws<LguestException>(() => SymbolTable.Load(map)).Message);
        Pack(Repository.Path("examples", "hello", "hello.elf"), map);
        SymbolFile.Check(map);
        Assert.NotNull(SymbolTable.Load(map).AddressOf("lguest_data"));
    }

    [Fact]
    public void A_disk_image_whose_name_says_so_is_unpacked_and_never_written()
    {
        byte[] image = new byte[3 << 20];
        Payload.CopyTo(image, 1 << 20);
        string raw = Path.Combine(folder, "disk.img"), packed = Path.Combine(folder, "disk.img.gz");
        File.WriteAllBytes(raw, image);
        Pack(raw, packed);
        byte[] before = File.ReadAllBytes(packed);
        using (BlockStore store = BlockStore.Open(new BlockDefinition(packed)))
        {
            Assert.Equal(image.Length, store.Length);
            byte[] read = new byte[image.Length];
            Assert.True(store.TryRead(0, read));
            Assert.Equal(image, read);
            Assert.True(store.TryWrite(512, new byte[512]));
        }
        Assert.Equal(before, File.ReadAllBytes(packed));

        LguestException refused = Assert.Throws<LguestException>(() => BlockStore.Open(new BlockDefinition(packed, BlockMode.ReadWrite)));
        Assert.Equal($"disk image '{packed}' is packed with gzip, so nothing can be written to it; use mode 'snapshot' or 'readOnly', or unpack it", refused.Message);
        File.WriteAllBytes(packed, before[..^20]);
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => BlockStore.Open(new BlockDefinition(packed))).Error);
    }

    [Fact]
    public void A_disk_image_that_only_begins_like_a_packed_file_is_taken_as_it_is()
    {
        string image = Path.Combine(folder, "disk.img");
        File.WriteAllBytes(image, [.. Pack("gzip"), .. new byte[4096]]);
        using BlockStore store = BlockStore.Open(new BlockDefinition(image, BlockMode.ReadWrite));
        byte[] sector = new byte[512];
        Assert.True(store.TryRead(0, sector));
        Assert.Equal([0x1F, 0x8B], sector[..2]);
    }

    private string Problem(byte[] packed, string packing = "xz")
    {
        using SafeFileHandle file = Open(packed);
        return Assert.Throws<IOException>(() => PackedFile.ReadAll(file, packing, 1 << 20)).Message;
    }

    private SafeFileHandle Open(byte[] bytes)
    {
        string path = Path.Combine(folder, "file");
        File.WriteAllBytes(path, bytes);
        return File.OpenHandle(path);
    }

    private static void Pack(string from, string to)
    {
        using FileStream file = File.Create(to);
        using GZipStream gzip = new(file, CompressionLevel.Fastest);
        gzip.Write(File.ReadAllBytes(from));
    }

    private static byte[] Pack(string packing)
    {
        using MemoryStream packed = new();
        switch (packing)
        {
            case "xz": return Convert.FromBase64String(Xz);
            case "xz in blocks": return Convert.FromBase64String(XzInBlocks);
            case "gzip":
                using (GZipStream gzip = new(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(Payload);
                break;
            case "bzip2":
                using (Stream bzip2 = BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Compress, decompressConcatenated: false, leaveOpen: true)) bzip2.Write(Payload);
                break;
            default:
                using (CompressionStream zstd = new(packed, 3, 0, leaveOpen: true)) zstd.Write(Payload);
                break;
        }
        return packed.ToArray();
    }
}
