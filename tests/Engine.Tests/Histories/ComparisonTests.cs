using Xunit;

namespace LguestPS.Tests.Histories;

/// <summary>Two runs are held against each other, and a run against its recording, to the first thing that differs.</summary>
public class ComparisonTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("example-ring")]
    [InlineData("minikernel")]
    public void A_run_is_the_same_as_itself_and_as_its_file(string name)
    {
        using Guest guest = RecordedGuests.Run(name), again = RecordedGuests.Run(name, compile: CompileChoice.Off);
        guest.SaveRecording(folder.Path("run.lguest"));
        using GuestHistory here = GuestHistory.Of(guest), other = GuestHistory.Of(again), file = GuestHistory.Open(folder.Path("run.lguest"));
        Assert.Null(here.Compare(file));
        Assert.Null(here.Compare(other));
    }

    [Fact]
    public void Other_input_is_found_where_it_came_in()
    {
        using Guest one = Echo("one\nquit\n"), two = Echo("two\nquit\n");
        using GuestHistory left = GuestHistory.Of(one), right = GuestHistory.Of(two);
        RunDifference found = left.Compare(right)!;
        Assert.Equal(RunDifferenceKind.Instruction, found.Kind);
        DifferentValue value = Assert.Single(found.Values);
        Assert.Contains("<input>", value.Name);
        Assert.Equal(("\none"[1], "two"[0]), ((char)(value.Left & 0xFF), (char)(value.Right & 0xFF)));
        Assert.Contains("HALT", found.LeftInstruction);
        Assert.IsType<DmaEvent>(found.LeftEvent);
        Assert.Equal(found.Event, found.RightEvent!.Sequence);
    }

    [Fact]
    public void A_word_that_somebody_changed_is_found_at_the_instruction_after_which_it_was()
    {
        using Guest one = Changed(0), two = Changed(1);
        using GuestHistory left = GuestHistory.Of(one), right = GuestHistory.Of(two);
        RunDifference found = left.Compare(right)!;
        Assert.Equal(1000, found.Position.Instructions, tolerance: 1);
        Assert.Contains(found.Values, value => value.Left == 0 && value.Right == 1);
    }

    [Fact]
    public void Kernels_that_begin_differently_say_so()
    {
        using Guest one = RecordedGuests.Run("example-ring"), two = RecordedGuests.Run("example-hello");
        using GuestHistory left = GuestHistory.Of(one), right = GuestHistory.Of(two);
        RunDifference found = left.Compare(right)!;
        Assert.Equal(RunDifferenceKind.Start, found.Kind);
        Assert.NotEmpty(found.Values);
        Assert.Equal(1, found.Event);
    }

    [Fact]
    public void A_run_that_ends_earlier_says_so()
    {
        using Guest one = Echo("one\n"), two = Echo("one\n");
        two.SendConsole("quit\n");
        RecordedGuests.RunToEnd(two);
        using GuestHistory left = GuestHistory.Of(one), right = GuestHistory.Of(two);
        RunDifference found = left.Compare(right)!;
        Assert.NotNull(found.RightEvent);
        Assert.Null(found.LeftEvent);
    }

    [Theory]
    [InlineData("minikernel", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-3.1-pae", ClockKind.Events)]
    public void A_recording_passes(string name, ClockKind clock)
    {
        using Guest guest = RecordedGuests.Run(name, clock);
        guest.SaveRecording(folder.Path("run.lguest"));
        using GuestHistory here = GuestHistory.Of(guest), file = GuestHistory.Open(folder.Path("run.lguest"));
        RecordingCheck check = here.Test();
        Assert.True(check.Passed, check.Problem);
        Assert.Equal((here.EventCount, here.End.Instructions), (check.Events, check.Instructions));
        Assert.Equal(here.Checkpoints.Count - 1, check.Checkpoints);
        check = file.Test(threads: 3);
        Assert.True(check.Passed, check.Problem);
    }

    [Fact]
    public void A_recording_whose_memory_was_changed_does_not_pass()
    {
        // The text that the guest prints is another one in the checkpoint that the recording begins with.
        using Guest guest = RecordedGuests.Run("example-hello");
        guest.SaveRecording(folder.Path("run.lguest"));
        RecordedRun run = RecordedRun.Load(folder.Path("run.lguest"));
        (uint frame, byte[]? page) = run.Start.Memory.PagesNotIn(Memory.MemoryImage.Of(new Memory.GuestMemory(4 << 20, 0), allChanged: true)).First(entry => entry.Page?.AsSpan().IndexOf("Hello"u8) >= 0);
        page![page.AsSpan().IndexOf("Hello"u8)] = (byte)'J';
        RecordingCheck check = GuestHistory.Of(run).Test();
        Assert.False(check.Passed);
        Assert.Contains("has diverged from its recording: event", check.Problem);
        Assert.NotNull(check.Position);
    }

    public void Dispose() => folder.Dispose();

    private static Guest Echo(string input)
    {
        Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-echo").Definition(ClockKind.Virtual));
        guest.Record(keepEvents: true);
        guest.SendConsole(input);
        RecordedGuests.RunToEnd(guest);
        return guest;
    }

    /// <summary>A guest with a word of its unused memory changed after a thousand instructions.</summary>
    private static Guest Changed(uint value)
    {
        Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual));
        guest.Record(keepEvents: true);
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", StopAtInstruction = 1000 }))
        {
        }
        guest.Inspector.WriteMemory(0xC0300000, BitConverter.GetBytes(value), "the test");
        RecordedGuests.RunToEnd(guest);
        return guest;
    }
}
