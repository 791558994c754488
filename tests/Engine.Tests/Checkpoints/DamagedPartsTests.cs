using System.Text;
using LguestPS.Checkpoints;
using LguestPS.Devices;
using LguestPS.State;
using Xunit;

namespace LguestPS.Tests.Checkpoints;

/// <summary>What files bring along is checked like all of them: whatever stands there is read or refused, and nothing else happens.</summary>
public class DamagedPartsTests
{
    [Fact]
    public void Damaged_symbols_are_read_or_refused()
    {
        using Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual));
        Try(Bytes(guest.Symbols!.WriteTo), file =>
        {
            SymbolTable read = SymbolTable.ReadFrom(file);
            Assert.All(read.All, symbol => Assert.NotEmpty(symbol.Name));
            _ = read.Find(0xC0100000u);
        });
    }

    [Fact]
    public void A_damaged_origin_is_read_or_refused() =>
        Try(Bytes(file => FileOrigin.Write(file, new FileOrigin("LguestPS 0.1.0", "emulated", new string('a', 64)))), file =>
        {
            FileOrigin? read = FileOrigin.Read(file);
            Assert.DoesNotContain($"{read?.Program}{read?.Cpu}{read?.KernelSha256}", letter => char.IsControl(letter));
        });

    [Fact]
    public void Damaged_sectors_are_read_or_refused()
    {
        RecordedDisk disk = new(1 << 20, new byte[32], [(3, new byte[512]), (9, new byte[1024]), (2040, new byte[4096])]);
        Try(Bytes(disk.WriteTo), file =>
        {
            RecordedDisk read = RecordedDisk.ReadFrom(file);
            foreach ((long first, byte[] bytes) in read.Runs ?? []) Assert.InRange((first * 512) + bytes.Length, 1, read.Length);
        });
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Numbers_of_symbols_and_stretches_are_not_believed(int count)
    {
        Assert.Throws<InvalidStateException>(() => SymbolTable.ReadFrom(Reader(Bytes(file => { file.Write("vmlinux"); file.Write(0u); file.Write(count); }))));
        Assert.ThrowsAny<Exception>(() => RecordedDisk.ReadFrom(Reader(Bytes(file => { file.Write(1L << 40); file.Write(new byte[32]); file.Write(512L); file.Write(count); }))));
        Assert.Throws<InvalidStateException>(() => RecordedDisk.ReadFrom(Reader(Bytes(file => { file.Write(1L << 40); file.Write(new byte[32]); file.Write(1L << 39); }))));
    }

    private static void Try(byte[] whole, Action<BoundedReader> read)
    {
        read(Reader(whole));
        Random random = new(1);
        int refused = 0;
        for (int round = 0; round < 2000; round++)
        {
            byte[] damaged = random.Next(4) == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            for (int times = random.Next(1, 4); times > 0 && damaged.Length > 0; times--) damaged[random.Next(damaged.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)(0xFF * random.Next(2));
            try
            {
                read(Reader(damaged));
            }
            catch (Exception e) when (e is InvalidStateException or IOException or FormatException)
            {
                refused++;
            }
        }
        Assert.NotEqual(0, refused);
    }

    private static BoundedReader Reader(byte[] bytes) => new(new MemoryStream(bytes), 64 << 20);

    private static byte[] Bytes(Action<BinaryWriter> write)
    {
        using MemoryStream bytes = new();
        using (BinaryWriter writer = new(bytes, Encoding.UTF8, leaveOpen: true)) write(writer);
        return bytes.ToArray();
    }
}
