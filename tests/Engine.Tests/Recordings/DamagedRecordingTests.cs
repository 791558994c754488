using System.Buffers.Binary;
using LguestPS.Checkpoints;
using LguestPS.State;
using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>Recordings that were damaged and packed again, with the right checksum: none is found out in the middle of a run.</summary>
public sealed class DamagedRecordingTests : IDisposable
{
    private const int PositionSize = 28;

    private readonly TempFolder folder = new();

    private string File => folder.Path("run.lguest");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_damage_behind_the_checkpoint_is_refused_or_another_run()
    {
        (byte[] whole, int tail) = Recorded();
        Random random = new(1);
        long[] extremes = [-1, 0, 1, long.MaxValue, long.MinValue, 1L << 40];
        for (int round = 0; round < 150; round++)
        {
            byte[] damaged = [.. whole];
            // Most of it is the page of the change; what is around that matters more.
            int at = round % 3 == 0 ? tail + random.Next(whole.Length - tail - 8) : tail + random.Next(Math.Min(whole.Length - tail - 8, 4 * PositionSize));
            if (round % 2 == 0) damaged[at] ^= (byte)(1 << random.Next(8));
            else BinaryPrimitives.WriteInt64LittleEndian(damaged.AsSpan(at), extremes[random.Next(extremes.Length)]);
            try
            {
                Write(damaged);
                using Guest replay = Guest.Replay(RecordedRun.Load(File));
                _ = replay.Run(new RunOptions { Driver = "the test", StopAtInstruction = 10_000_000 }).ToList();
            }
            catch (LguestException e)
            {
                Assert.True(e.Error is LguestError.InvalidCheckpoint or LguestError.ReplayDiverged, $"round {round}: {e.Error}: {e.Message}");
            }
        }
    }

    [Fact]
    public void Questions_about_a_damaged_recording_are_refused_or_about_another_run()
    {
        (byte[] whole, int tail) = Recorded();
        Random random = new(3);
        int refused = 0;
        for (int round = 0; round < 120; round++)
        {
            byte[] damaged = [.. whole];
            int at = tail + random.Next(round % 3 == 0 ? whole.Length - tail - 8 : Math.Min(whole.Length - tail - 8, 4 * PositionSize));
            damaged[at] ^= (byte)(1 << random.Next(8));
            try
            {
                Write(damaged);
                using GuestHistory history = GuestHistory.Open(File);
                _ = history.FindCalls(new CallQuery { Symbols = ["print"], Threads = 1 + round % 3, Spacing = 1000 }).Count();
                _ = history.FindEvents(new EventQuery()).Count();
                _ = history.TraceValue(new ValueQuery { Register = "eax", To = PositionExpression.Of(new RunPosition(0, 1500, TimeSpan.Zero)) }).Count();
            }
            catch (LguestException e)
            {
                refused++;
                Assert.True(e.Error is LguestError.InvalidCheckpoint or LguestError.ReplayDiverged, $"round {round}: {e.Error}: {e.Message}");
            }
        }
        Assert.True(refused > 10, $"only {refused} were refused");
    }

    [Theory]
    [InlineData(0, "it does not begin where its checkpoint was taken")]         // events at the beginning
    [InlineData(24, "it ends before it begins")]                                // inputs there
    [InlineData(16, "it ends before it begins")]                                // time there
    [InlineData(PositionSize, "it ends before it begins")]                      // events at the end
    public void A_place_that_cannot_be_is_refused_when_it_is_read(int at, string why)
    {
        (byte[] damaged, int tail) = Recorded();
        BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(tail + at + (at is 16 or PositionSize ? 4 : 0)), at is 16 or PositionSize ? int.MinValue : 7);
        Write(damaged);
        Assert.Contains(why, Assert.Throws<LguestException>(() => RecordedRun.Load(File)).Message);
    }

    private void Write(byte[] contents) => StateFile.Write(File, StateFile.RecordingKind, file => file.Write(contents));

    /// <summary>A recording with input and a change, unpacked, and where in it the recording's own part begins.</summary>
    private (byte[] Whole, int Tail) Recorded()
    {
        using (Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-echo").Definition(ClockKind.Virtual)))
        {
            guest.Record(keepEvents: true);
            guest.SendConsole("one\n");
            _ = guest.Run(new RunOptions { Driver = "the test" }).Take(20).ToList();
            guest.Inspector.WriteMemory(0x60000, [1, 2, 3, 4], "the test", physical: true);
            guest.SendConsole("two\n");
            _ = guest.Run(new RunOptions { Driver = "the test" }).Take(20).ToList();
            guest.SaveRecording(File);
        }
        byte[] whole = StateFile.Read(File, StateFile.RecordingKind, file =>
        {
            MemoryStream all = new();
            file.Allow(1L << 30);
            file.BaseStream.CopyTo(all);
            return all.ToArray();
        });
        MemoryStream contents = new(whole);
        CheckpointFile.Read(new BoundedReader(contents, long.MaxValue / 2));
        return (whole, (int)contents.Position);
    }
}
