using LguestPS.Networks;
using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>The sums of IPv4, TCP and UDP, held against sums that are made word by word.</summary>
public class ChecksumTests
{
    [Fact]
    public void The_sum_is_the_one_made_word_by_word_whatever_the_length_and_the_sum_so_far()
    {
        Random random = new(7);
        for (int length = 0; length < 600; length++)
        {
            byte[] bytes = new byte[length];
            if (length % 3 != 0) random.NextBytes(bytes);
            if (length % 5 == 0) bytes.AsSpan().Fill(0xFF);
            foreach (uint initial in (uint[])[0, 1, 0xFFFF, 0x1FFFE, (uint)random.Next()]) Assert.Equal(WordByWord(bytes, initial), InternetChecksum.Of(bytes, initial));
        }
    }

    [Fact] // RFC 1071, 3
    public void The_example_of_the_standard_comes_out() =>
        Assert.Equal(0xFFFF - 0xDDF2, InternetChecksum.Of([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_checksum_that_was_left_out_is_completed(int length)
    {
        byte[] frame = TestWire.Tcp(1, 2, 3, 4, TcpFlags.Ack, payload: new byte[length]);
        byte[] without = [.. frame];
        without.AsSpan(50, 2).Fill(0x77);
        Assert.False(TransportChecksum.IsRight(without));
        TransportChecksum.Complete(without);
        Assert.Equal(frame, without);
        Assert.True(TransportChecksum.IsRight(frame));
    }

    [Fact] // a datagram may say that it has none
    public void A_datagram_without_a_checksum_stays_without()
    {
        byte[] frame = TestWire.Udp(1, 2, "data"u8);
        frame.AsSpan(40, 2).Clear();
        byte[] before = [.. frame];
        TransportChecksum.Complete(frame);
        Assert.Equal(before, frame);
        Assert.False(TransportChecksum.IsRight(frame));
    }

    [Fact] // a fragment has not all that is summed up
    public void A_fragment_is_left_alone()
    {
        byte[] frame = TestWire.Udp(1, 2, "data"u8);
        frame[20] |= 0x20;
        frame[40] ^= 1;
        byte[] before = [.. frame];
        TransportChecksum.Complete(frame);
        Assert.Equal(before, frame);
    }

    [Fact]
    public void Anything_may_be_looked_at()
    {
        Random random = new(8);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = i % 2 == 0 ? TestWire.Udp(1, 2, new byte[random.Next(50)]) : TestWire.Tcp(1, 2, 3, 4, TcpFlags.Ack, payload: new byte[random.Next(50)]);
            for (int changes = random.Next(5); changes > 0; changes--) frame[random.Next(frame.Length)] = (byte)random.Next(256);
            frame = frame[..random.Next(frame.Length + 1)];
            bool wasRight = TransportChecksum.IsRight(frame);
            TransportChecksum.Complete(frame);
            Assert.True(!wasRight || TransportChecksum.IsRight(frame));
        }
    }

    private static ushort WordByWord(byte[] bytes, uint initial)
    {
        ulong sum = initial;
        for (int i = 0; i < bytes.Length; i += 2) sum += (ulong)(bytes[i] << 8 | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
        while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
