using System.Text;
using Xunit;

namespace LguestPS.Tests.Fuzzing;

/// <summary>A fuzzer finds what a guest does wrong, gives it as a run that can be done again, and does the same whenever it is asked the same.</summary>
public class FuzzerTests
{
    private static readonly byte[][] Dictionary = [.. ((string[])["set8", "get", "spin", "="]).Select(Encoding.ASCII.GetBytes)];

    [Fact]
    public void The_bug_of_a_guest_is_found_and_made_small()
    {
        using Guest guest = Ready();
        FuzzFind crash = new Fuzzer(Options(guest) with { Minimize = true, Count = 30_000 }).Run().First(find => find.Kind == FuzzFindKind.Ending);
        Assert.Equal(EndingKind.Crashed, crash.Ending!.Kind);
        Assert.Contains("Fatal exception", crash.What);
        Assert.Contains("BUG: unable to handle a jump to … in obey", crash.What);
        Assert.Contains("BUG:", crash.ConsoleText);
        Assert.StartsWith("console=\"set8=", crash.Input.ToString());
        Assert.True(crash.Input.Length is >= 6 and <= 7, $"{crash.Input}, of {crash.LengthBefore} bytes: {crash}");
        Assert.False(guest.HasEnded);       // its own guest is somewhere else
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void The_same_seed_finds_the_same_with_any_number_of_threads(int seed)
    {
        using Guest guest = Ready();
        FuzzOptions options = Options(guest) with { Seed = seed, Count = 1500 };
        string[] alone = [.. new Fuzzer(options).Run().Select(Shown)];
        Assert.NotEmpty(alone);
        Assert.Equal(alone, new Fuzzer(options).Run().Select(Shown));
        Assert.Equal(alone, new Fuzzer(options with { Threads = 2 }).Run().Select(Shown));
        Assert.Equal(alone, new Fuzzer(options with { Threads = 3 }).Run().Select(Shown));
    }

    [Fact]
    public void Another_seed_tries_other_inputs()
    {
        using Guest guest = Ready();
        FuzzOptions options = Options(guest) with { Count = 500 };
        Assert.NotEqual(new Fuzzer(options).Run().Select(Shown), new Fuzzer(options with { Seed = 99 }).Run().Select(Shown));
    }

    [Fact]
    public void New_edges_are_found_one_letter_after_the_other()
    {
        using Guest guest = Ready();
        Fuzzer fuzzer = new(Options(guest) with { Dictionary = [], Count = 8000 });
        List<FuzzFind> finds = [.. fuzzer.Run()];
        Assert.All(finds.Where(find => find.Kind == FuzzFindKind.Edges), find => Assert.True(find.NewEdges > 0));
        Assert.True(finds.Count(find => find.Kind == FuzzFindKind.Edges) >= 4, string.Join('\n', finds));
        Assert.True(fuzzer.Progress.Edges >= finds.Sum(find => find.NewEdges));
        Assert.Equal(8000, fuzzer.Progress.Runs);
        Assert.True(fuzzer.Progress.Inputs > 4);
    }

    [Fact]
    public void A_run_that_takes_much_longer_is_a_find()
    {
        using Guest guest = Ready();
        FuzzFind slow = new Fuzzer(Options(guest) with { Inputs = [[Encoding.ASCII.GetBytes("get1")]], Minimize = true, Count = 20_000 }).Run().First(find => find.Kind == FuzzFindKind.Slow && find.Instructions > 50_000);
        Assert.Equal("console=\"spin\\n\"", slow.Input.ToString());
        Assert.Null(slow.Ending);
        Assert.Equal(Standstill.WaitingForInput, slow.Standstill);
    }

    [Fact]
    public void A_find_is_a_guest_that_can_be_stepped_back_in()
    {
        using Guest guest = Ready();
        FuzzFind crash = new Fuzzer(Options(guest) with { Count = 30_000 }).Run().First(find => find.Kind == FuzzFindKind.Ending);
        using Guest found = crash.CreateGuest("found");
        Assert.Equal((crash.Ending, crash.ConsoleText), (found.Ending, found.ConsoleText[guest.ConsoleText.Length..]));
        Assert.Equal(crash.Position.Instructions, found.RunPosition.Instructions);
        Assert.True(found.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = Call.SendDma }));
        Assert.False(found.HasEnded);
        Assert.Contains("BUG:", Run(found));
        Assert.Equal(crash.Ending, found.Ending);
    }

    [Fact]
    public void A_find_is_a_file_that_can_be_replayed()
    {
        using Guest guest = Ready();
        using TempFolder folder = new();
        string path = folder.Path("crash.recording");
        FuzzFind crash = new Fuzzer(Options(guest) with { Count = 30_000 }).Run().First(find => find.Kind == FuzzFindKind.Ending);
        crash.SaveRecording(path);
        using Guest replayed = Guest.Replay(RecordedRun.Load(path));
        Run(replayed);
        Assert.Equal(crash.Ending, replayed.Ending);
        Assert.Equal(crash.Position.Instructions, replayed.RunPosition.Instructions);
    }

    [Fact]
    public void It_can_be_stopped_and_its_finds_need_not_be_taken()
    {
        using Guest guest = Ready();
        using CancellationTokenSource stopping = new();
        Fuzzer fuzzer = new(Options(guest) with { Threads = 2 });
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (FuzzFind _ in fuzzer.Run(stopping.Token)) stopping.Cancel();
        });
        Assert.Single(new Fuzzer(Options(guest) with { Threads = 2 }).Run().Take(1));
    }

    private static string Shown(FuzzFind find) => $"{find.Run} {find} {find.Position}";

    internal static FuzzOptions Options(Guest guest) => new()
    {
        Checkpoint = guest.LastCheckpoint!, Targets = [FuzzTarget.Console(16)], Dictionary = Dictionary, UntilIdle = true, InstructionLimit = 200_000,
    };

    /// <summary>The guest with the bug, which waits for its first command and has a checkpoint there.</summary>
    internal static Guest Ready(CompileChoice compile = CompileChoice.Auto)
    {
        Guest guest = Guest.Create(new GuestDefinition
        {
            Name = "parser", Kernel = Repository.Path("tests", "guests", "parser.elf"), Memory = 4 << 20, Abi = AbiProfile.DefaultName,
            Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual, Compile = compile, Devices = [new ConsoleDefinition()],
        });
        Run(guest);
        Assert.Equal("ready\n", guest.ConsoleText);
        guest.TakeCheckpoint();
        return guest;
    }

    private static string Run(Guest guest)
    {
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) }))
        {
        }
        return guest.ConsoleText;
    }
}
