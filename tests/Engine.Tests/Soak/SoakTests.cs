using System.Diagnostics;
using Xunit;

namespace LguestPS.Tests.Soak;

/// <summary>Every fault of a soak once, and a few of the guests that it makes and ends; <c>tests/soak/run</c> does it for hours.</summary>
[Collection(nameof(SoakTests))]
public sealed class SoakTests : IDisposable
{
    private readonly TempFolder folder = new();

    public static TheoryData<string> Faults => [.. ShortFaults.All.Keys];

    public void Dispose() => folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Faults))]
    public void Nothing_acknowledged_is_lost_and_every_end_is_said(string fault)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "signals, limits and pipes are troubled in Linux's ways");
        using ShortFaults faults = new(folder.Path("work"));
        string? why = faults.Try(fault);
        Skip.If(why is not null, why);
    }

    [SkippableFact] // in a process of its own: the other tests have descriptors and threads, too
    public void A_process_that_makes_and_ends_guests_of_all_kinds_does_not_grow()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "what a process holds is read from /proc");
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "LguestPS.Soak"), ["worker-churn", "--guests", "168", "--threads", "2", "--hours", "0", "--work", folder.Path("churn")])
        {
            RedirectStandardOutput = true,
        };
        using Process worker = Process.Start(start)!;
        string said = worker.StandardOutput.ReadToEnd();
        worker.WaitForExit();
        Assert.True(worker.ExitCode == 0, said);
        Assert.Contains("168 guests in one process on 2 threads", said);
        Assert.Contains("promises broken: 0", said);
    }

    [Theory]
    [InlineData(5000u, 0)]
    [InlineData(0u, 0)]
    public void A_disk_that_holds_what_was_acknowledged_has_lost_nothing(uint acknowledged, int lost)
    {
        string image = folder.Write("disk.img", Records(64, acknowledged));
        Assert.Equal(lost, DiskRecords.FindLost(image, acknowledged, out _).Count);
    }

    [Fact] // a check that finds nothing would be none
    public void A_record_that_is_older_torn_or_missing_is_found()
    {
        byte[] disk = Records(64, 5000);
        disk[10 * DiskRecords.RecordSize + 777] ^= 1;
        disk.AsSpan(20 * DiskRecords.RecordSize, DiskRecords.RecordSize).Clear();
        Record(4894).CopyTo(disk.AsSpan(30 * DiskRecords.RecordSize));
        IReadOnlyList<string> lost = DiskRecords.FindLost(folder.Write("disk.img", disk), 5000, out int looked);
        Assert.Equal(63, looked);       // but for the place of the next one
        Assert.Equal(3, lost.Count);
        Assert.Contains("place 10 was acknowledged (the newest is 5000), and its word 194 is wrong", lost[0]);
        Assert.Contains("no record is there", lost[1]);
        Assert.Contains("record 4894 is there", lost[2]);
    }

    [Fact]
    public void A_process_that_grows_is_found()
    {
        Growth flat = new(), grows = new(), leaks = new();
        for (int i = 0; i < 90; i++)
        {
            flat.Add(TimeSpan.FromMinutes(i), new ProcessSample(100_000 + i % 7 * 100, 50 + i % 3, 12));
            grows.Add(TimeSpan.FromMinutes(i), new ProcessSample(100_000 + i * 1000, 50, 12));
            leaks.Add(TimeSpan.FromMinutes(i), new ProcessSample(100_000, 50 + i / 5, 12));
        }
        Assert.True(flat.Judge(mostMemoryKib: 8192).IsFlat);
        Assert.False(grows.Judge(mostMemoryKib: 8192).IsFlat);
        Assert.False(leaks.Judge(mostMemoryKib: 8192).IsFlat);
    }

    [Theory]
    [InlineData("A 17 0 0 0#", true)]
    [InlineData("A 18 0 0 0#", false)]
    public void A_line_of_the_load_counts_only_with_its_checksum(string text, bool isRight)
    {
        string line = text + LoadLine.Checksum("A 17 0 0 0"u8).ToString("x8");
        Assert.Equal(isRight, LoadLine.Parse(line) is { Kind: 'A', Numbers: [17, 0, 0, 0] });
    }

    private static byte[] Records(int places, uint newest)
    {
        byte[] disk = new byte[places * DiskRecords.RecordSize];
        for (uint number = newest > places ? newest - (uint)places + 1 : 1; number <= newest; number++) Record(number).CopyTo(disk.AsSpan((int)(number % places) * DiskRecords.RecordSize));
        return disk;
    }

    /// <summary>As the load makes it, written down a second time.</summary>
    private static byte[] Record(uint number)
    {
        uint[] words = new uint[DiskRecords.RecordSize / 4];
        uint state = unchecked(number * 2654435761) | 1;
        (words[0], words[1]) = (0x4b414f53, number);
        for (int i = 2; i < words.Length - 1; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            words[i] = state;
        }
        byte[] bytes = new byte[DiskRecords.RecordSize];
        Buffer.BlockCopy(words, 0, bytes, 0, bytes.Length);
        BitConverter.TryWriteBytes(bytes.AsSpan(DiskRecords.RecordSize - 4), LoadLine.Checksum(bytes.AsSpan(0, DiskRecords.RecordSize - 4)));
        return bytes;
    }
}
