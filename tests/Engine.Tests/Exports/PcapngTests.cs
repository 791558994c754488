using System.Buffers.Binary;
using System.Text;
using Xunit;
using static LguestPS.Tests.Exports.Exported;

namespace LguestPS.Tests.Exports;

public class PcapngTests
{
    private static readonly byte[] Frame = [.. Enumerable.Range(0, 60).Select(i => (byte)i)];

    [Fact]
    public void Frames_of_cards_are_packets_of_their_interfaces_with_a_comment_that_says_which_event_they_are()
    {
        List<(uint Type, byte[] Body)> blocks = Blocks(Of(ExportFormat.Pcapng, Dma(1, Frame, "net0"), Dma(2, [1, 2, 3]), Dma(3, Frame, "net0", DmaDirection.Receive), Dma(4, Frame, "net1")));
        Assert.Equal([0x0A0D0D0Au, 1u, 6u, 6u, 1u, 6u], blocks.Select(block => block.Type));
        Assert.Equal(["g/net0", "g/net1"], blocks.Where(block => block.Type == 1).Select(block => Encoding.UTF8.GetString(Option(block.Body, 8, 2))));
        (uint Type, byte[] Body)[] packets = [.. blocks.Where(block => block.Type == 6)];
        Assert.Equal(["guest g, net0, event 1", "guest g, net0, event 3", "guest g, net1, event 4"], packets.Select(packet => Encoding.UTF8.GetString(Option(packet.Body, 20 + 60, 1))));
        Assert.Equal([2, 1, 2], packets.Select(packet => (int)Option(packet.Body, 20 + 60, 2)[0]));
        Assert.All(packets, packet => Assert.Equal(Frame, packet.Body[20..80]));
        Assert.Equal(1000u, BinaryPrimitives.ReadUInt32LittleEndian(packets[0].Body.AsSpan(8)));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    public void A_frame_of_a_virtqueue_comes_without_its_header(int header)
    {
        byte[] before = new byte[header];
        LguestEvent[] events =
        [
            Buffer(1, VirtqueueOperation.Taken, 1, "net0", queue: 1, before, Frame),
            Buffer(2, VirtqueueOperation.Returned, 1, "net0", queue: 1),
            Buffer(3, VirtqueueOperation.Taken, 2, "net0", queue: 0),
            Buffer(4, VirtqueueOperation.Returned, 2, "net0", queue: 0, before, Frame),
        ];
        (uint Type, byte[] Body)[] packets = [.. Blocks(Of(ExportFormat.Pcapng, events)).Where(block => block.Type == 6)];
        Assert.Equal(2, packets.Length);
        Assert.All(packets, packet => Assert.Equal(Frame, packet.Body[20..80]));
    }

    [Fact]
    public void A_header_and_a_frame_in_one_descriptor_are_those_of_virtio_1()
    {
        (uint Type, byte[] Body) packet = Blocks(Of(ExportFormat.Pcapng, Buffer(1, VirtqueueOperation.Taken, 1, "net0", queue: 1, [.. new byte[12], .. Frame]))).Last();
        Assert.Equal(Frame, packet.Body[20..80]);
    }

    [Fact]
    public void A_name_that_is_too_long_for_an_option_is_cut()
    {
        List<(uint Type, byte[] Body)> blocks = Blocks(Of(ExportFormat.Pcapng, Dma(1, Frame, "net0", guest: new string('g', 100_000))));
        Assert.Equal([0x0A0D0D0Au, 1u, 6u], blocks.Select(block => block.Type));
        Assert.Equal(ushort.MaxValue, Option(blocks[1].Body, 8, 2).Length);
    }

    private static List<(uint Type, byte[] Body)> Blocks(byte[] file)
    {
        List<(uint, byte[])> blocks = [];
        for (int at = 0; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            Assert.Equal(0, length % 4);
            Assert.Equal(length, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + length - 4)));
            blocks.Add((BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)), file[(at + 8)..(at + length - 4)]));
            at += length;
        }
        return blocks;
    }

    private static byte[] Option(byte[] body, int at, ushort wanted)
    {
        while (BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(at)) is var code and not 0)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(at + 2));
            if (code == wanted) return body[(at + 4)..(at + 4 + length)];
            at += 4 + (length + 3 & ~3);
        }
        throw new InvalidDataException($"there is no option {wanted}");
    }
}
