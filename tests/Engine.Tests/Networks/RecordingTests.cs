using CsCheck;
using LguestPS.Networks;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>Recorded frames: what is written is a pcapng file, and what is read is what was written.</summary>
public class RecordingTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_recording_is_pcapng_to_the_byte()
    {
        using TempFolder folder = new();
        byte[] file = Record(folder, (0x1_0000_0002, FrameDirection.ToGuest, [.. Enumerable.Range(1, 15).Select(i => (byte)i)]));
        Assert.Equal(
            // A section: length, byte order, version 1.0, length unknown, "LguestPS"
            "0A0D0D0A" + "2C000000" + "4D3C2B1A" + "01000000" + "FFFFFFFFFFFFFFFF" + "04000800" + "4C67756573745053" + "00000000" + "2C000000"
            // An interface: Ethernet, 1514 bytes, "guest", nanoseconds
            + "01000000" + "2C000000" + "01000000" + "EA050000" + "02000500" + "6775657374000000" + "09000100" + "09000000" + "00000000" + "2C000000"
            // A packet: interface 0, time, 15 bytes twice, the bytes, flags: inbound
            + "06000000" + "3C000000" + "00000000" + "01000000" + "02000000" + "0F000000" + "0F000000" + "0102030405060708090A0B0C0D0E0F00"
            + "02000400" + "01000000" + "00000000" + "3C000000",
            Convert.ToHexString(file));
    }

    [Fact]
    public void The_frames_for_the_guest_are_read_back()
    {
        using TempFolder folder = new();
        Record(folder, (5, FrameDirection.ToGuest, new byte[14]), (6, FrameDirection.FromGuest, new byte[60]), (3 * Second, FrameDirection.ToGuest, new byte[1514]));
        IReadOnlyList<RecordedFrame> frames = FrameRecording.Read(folder.Path("frames"));
        Assert.Equal([(5, 14), (3 * Second, 1514)], frames.Select(frame => (frame.Time, frame.Bytes.Length)));
    }

    [Fact]
    public void Files_of_other_programs_are_read_too()
    {
        // Big-endian, microseconds (nothing said), an unknown block between.
        byte[] file = Convert.FromHexString(
            "0A0D0D0A" + "0000001C" + "1A2B3C4D" + "00010000" + "FFFFFFFFFFFFFFFF" + "0000001C"
            + "00000001" + "00000014" + "00010000" + "00000000" + "00000014"
            + "00000BAD" + "00000010" + "12345678" + "00000010"
            + "00000006" + "0000003C" + "00000000" + "00000000" + "00000007" + "0000000E" + "0000000E" + "000102030405060708090A0B0C0D0000" + "00020004" + "00000001" + "00000000" + "0000003C");
        using TempFolder folder = new();
        RecordedFrame frame = Assert.Single(FrameRecording.Read(folder.Write("frames", file)));
        Assert.Equal((7000, "000102030405060708090A0B0C0D"), (frame.Time, Convert.ToHexString(frame.Bytes)));
    }

    [Fact]
    public void A_replay_gives_each_frame_at_its_time()
    {
        ReplayPort port = new(TestWire.GatewayMac, [new(10, [1]), new(10, [2]), new(20, [3])]);
        Assert.False(port.IsLive);
        Assert.Equal(10, port.NextDue);
        port.Advance(9);
        Assert.False(port.HasFrame || port.TryTake(out _));
        port.Advance(10);
        Assert.True(port.TryTake(out byte[]? first) && port.TryTake(out byte[]? second) && first[0] == 1 && second[0] == 2);
        Assert.False(port.TryTake(out _));
        port.Advance(25);
        Assert.True(port.TryTake(out _));
        Assert.Null(port.NextDue);
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused_unless_a_block_ends_there()
    {
        using TempFolder folder = new();
        byte[] file = Record(folder, (1, FrameDirection.ToGuest, new byte[30]), (2, FrameDirection.ToGuest, new byte[31]));
        int[] ends = [0x2C, 0x58, 0x58 + 0x4C, file.Length];
        for (int length = 0; length <= file.Length; length++)
        {
            string path = folder.Write("cut", file[..length]);
            if (ends.Contains(length)) FrameRecording.Read(path);
            else Assert.Equal(LguestError.InvalidImage, Assert.Throws<LguestException>(() => FrameRecording.Read(path)).Error);
        }
    }

    [Theory]
    [InlineData(0, 0x0B, "it is not a pcapng file (at byte 0)")]
    [InlineData(8, 0, "a section has no byte order (at byte 8)")]
    [InlineData(12, 2, "it has version 2 of the format, not 1 (at byte 12)")]
    [InlineData(48, 0x2B, "a block cannot have 43 bytes (at byte 44)")]
    [InlineData(48, 0x30, "a block's two lengths differ (at byte 88)")]
    [InlineData(52, 9, "a packet is of link type 9, not Ethernet (1) (at byte 96)")]
    [InlineData(76, 10, "its times are not in tenths, hundredths, … or nanoseconds (at byte 52)")]
    [InlineData(96, 1, "a packet names interface 1, which does not exist (at byte 96)")]
    [InlineData(109, 9, "does not fit into its block (at byte 108)")]
    [InlineData(108, 13, "a frame for the guest has 13 bytes; 14 to 1514 are possible (at byte 108)")]
    [InlineData(103, 0x7F, "a time is too large (at byte 100)")]
    public void What_is_damaged_is_named(int at, byte value, string message)
    {
        using TempFolder folder = new();
        byte[] file = Record(folder, (1, FrameDirection.ToGuest, new byte[16]));
        file[at] = value;
        LguestException problem = Assert.Throws<LguestException>(() => FrameRecording.Read(folder.Write("damaged", file)));
        Assert.EndsWith(message, problem.Message);
    }

    [Fact]
    public void Frames_that_go_back_in_time_are_refused()
    {
        using TempFolder folder = new();
        Record(folder, (2, FrameDirection.ToGuest, new byte[16]), (1, FrameDirection.ToGuest, new byte[16]));
        Assert.Contains("earlier than the one before it", Assert.Throws<LguestException>(() => FrameRecording.Read(folder.Path("frames"))).Message);
    }

    [Fact]
    public void A_missing_or_forbidden_file_is_named()
    {
        using TempFolder folder = new();
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => FrameRecording.Read(folder.Path("none"))).Error);
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => new FrameRecorder(folder.Path("none/x"))).Error);
    }

    [Fact]
    public void Any_damage_is_found_or_harmless()
    {
        using TempFolder folder = new();
        byte[] file = Record(folder, (1, FrameDirection.ToGuest, new byte[30]), (2, FrameDirection.FromGuest, new byte[31]), (3, FrameDirection.ToGuest, new byte[40]));
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte).Array[1, 4].Sample(
            changes =>
            {
                byte[] damaged = [.. file];
                foreach ((int at, byte value) in changes) damaged[at] = value;
                string path = folder.Write($"damaged{Environment.CurrentManagedThreadId}", damaged);
                try
                {
                    return FrameRecording.Read(path).Count <= 3;
                }
                catch (LguestException e)
                {
                    return e.Error == LguestError.InvalidImage;
                }
            },
            iter: 2000);
    }

    private static byte[] Record(TempFolder folder, params (long Time, FrameDirection Direction, byte[] Frame)[] frames)
    {
        using (FrameRecorder recorder = new(folder.Path("frames")))
            foreach ((long time, FrameDirection direction, byte[] frame) in frames) recorder.Write(Assert.Fail, time, direction, frame);
        return File.ReadAllBytes(folder.Path("frames"));
    }
}
