using LguestPS.Launcher;
using Xunit;

namespace LguestPS.Tests.Launcher;

public class LiveOutputTests
{
    [Fact]
    public void Small_writes_are_collected_and_still_come_out_soon()
    {
        CountingStream stream = new();
        using LiveOutput output = new(stream, _ => { });
        for (int i = 0; i < 100; i++) output.Write("line\n"u8);
        Assert.True(stream.Written.Wait(TimeSpan.FromMinutes(5)));
        Assert.InRange(stream.Writes, 1, 20);
    }

    [Fact]
    public void Nothing_is_lost_or_moved()
    {
        CountingStream stream = new();
        byte[] expected = new byte[300_000];
        new Random(1).NextBytes(expected);
        using (LiveOutput output = new(stream, _ => { }))
        {
            for (int at = 0, size = 1; at < expected.Length; at += size, size = size * 3 % 50_000 + 1)
            {
                size = Math.Min(size, expected.Length - at);
                output.Write(expected.AsSpan(at, size));
            }
        }
        Assert.Equal(expected, stream.ToArray());
    }

    private sealed class CountingStream : MemoryStream
    {
        public int Writes { get; private set; }

        public ManualResetEventSlim Written { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(buffer);
            Writes++;
            Written.Set();
        }
    }
}
