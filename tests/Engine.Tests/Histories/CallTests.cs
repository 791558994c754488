using CsCheck;
using Xunit;

namespace LguestPS.Tests.Histories;

/// <summary>Every call of a function is found once, as it was, however the run is looked at.</summary>
public class CallTests : IDisposable
{
    private readonly TempFolder folder = new();

    private static readonly string[] Functions =
        ["system_call", "schedule", "switch_stacks", "first_run", "call_write", "call_yield", "fork_current", "new_process", "map_page", "memcpy", "memset", "resolve_page_fault", "queue_hypercall", "end_current", "copy_space", "trap_common"];

    [Fact]
    public void They_are_those_that_a_walk_by_single_instructions_finds()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        GuestHistory history = GuestHistory.Of(guest);
        Dictionary<uint, string> all = Functions.Where(name => guest.Symbols!.AddressOf(name) is not null).ToDictionary(name => guest.Symbols!.AddressOf(name)!.Value);
        long last = history.End.Instructions, found = 0;
        GuestCall[] calls = RecordedGuests.Calls(history);
        RandomRounds.Until(() => found > 20, () => Gen.Select(Gen.Int[0, calls.Length - 1].Select(i => Math.Max(0, calls[i].Position.Instructions - 300)), Gen.Int[500, 12_000], Gen.Int[1, 3], Gen.Int[0, Functions.Length - 1].Array[1, 6]).Sample((from, length, threads, chosen) =>
        {
            Dictionary<uint, string> functions = all.Where(function => chosen.Select(i => Functions[i]).Contains(function.Value)).ToDictionary();
            if (functions.Count == 0) return;
            long to = Math.Min(from + length, last);
            CallQuery query = new() { Symbols = [.. functions.Values], From = At(from), To = At(to), Threads = threads, Spacing = length / 5 };
            List<string> walked = new CallWalker(functions).Walk(history, from, to);
            found += walked.Count;
            Assert.Equal(walked, Sorted(history.FindCalls(query)));
        }, iter: 25, threads: 1));
    }

    [Theory]
    [InlineData("minikernel", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-3.1-pae", ClockKind.Events)]
    [InlineData("tasks", ClockKind.Virtual)]
    public void They_are_the_same_from_any_number_of_threads_from_a_file_and_on_compiled_code_or_chains(string name, ClockKind clock)
    {
        using Guest guest = RecordedGuests.Run(name, clock);
        using Guest chains = RecordedGuests.Run(name, clock, CompileChoice.Off);
        guest.SaveRecording(folder.Path("run.lguest"));
        CallQuery query = new() { Symbols = ["*"], Threads = 1 };
        string[] calls = [.. GuestHistory.Of(guest).FindCalls(query).Select(Told)];
        Assert.True(calls.Length > 50, $"{calls.Length} calls");
        CallQuery cut = query with { Threads = 3, Spacing = (guest.InstructionCount!.Value / 9) + 1 };
        Assert.Equal(calls, GuestHistory.Of(guest).FindCalls(cut).Select(Told));
        Assert.Equal(calls, GuestHistory.Of(chains).FindCalls(cut).Select(Told));
        GuestHistory file = GuestHistory.Open(folder.Path("run.lguest"));
        Assert.Equal(calls, file.FindCalls(cut).Select(Told));
        Assert.Equal(calls, file.FindCalls(query with { Threads = 2 }).Select(Told));
    }

    [Fact]
    public void There_is_one_of_the_handler_for_each_system_call()
    {
        using Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "minikernel-cooperative").Definition(ClockKind.Virtual));
        guest.Record();
        guest.SendConsole("Paul\n");
        int made = guest.Run(new RunOptions { Driver = "the test" }).OfType<TrapEvent>().Count(trap => trap.Vector == 0x80);
        Assert.True(made > 0);
        Assert.Equal(made, GuestHistory.Of(guest).FindCalls(new CallQuery { Symbols = ["system_call"] }).Count());
    }

    [Fact]
    public void Arguments_and_results_are_what_the_source_says()
    {
        // schedule finds the task that is next; rename_task has the task and its new name.
        using Guest guest = RecordedGuests.Run("example-panic");
        GuestCall[] renamed = [.. GuestHistory.Of(guest).FindCalls(new CallQuery { Symbols = ["rename_task"], ArgumentCount = 2 })];
        Assert.NotEmpty(renamed);
        Assert.Contains(renamed, call => call.Arguments[1].Text == "idle loop");
        Assert.All(renamed, call => Assert.StartsWith("main+0x", call.Caller));
    }

    [Fact]
    public void Whoever_takes_only_the_first_ends_the_search()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        GuestHistory history = GuestHistory.Of(guest);
        GuestCall[] first = [.. history.FindCalls(new CallQuery { Symbols = ["system_call"], Threads = 2, Spacing = 5_000 }).Take(3)];
        Assert.Equal(3, first.Length);
        Assert.True(first[0].End < first[1].End && first[1].End < first[2].End);
    }

    [Fact]
    public void A_search_that_is_given_up_says_so()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        Assert.ThrowsAny<OperationCanceledException>(() => GuestHistory.Of(guest).FindCalls(new CallQuery { Symbols = ["system_call"] }, new CancellationToken(canceled: true)).Count());
    }

    [Fact]
    public void A_function_that_is_not_there_is_an_error_with_a_near_name()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        LguestException unknown = Assert.Throws<LguestException>(() => GuestHistory.Of(guest).FindCalls(new CallQuery { Symbols = ["shedule"] }));
        Assert.Equal(LguestError.InvalidAddress, unknown.Error);
        Assert.Contains("did you mean 'schedule'?", unknown.Message);
    }

    public void Dispose() => folder.Dispose();

    private static PositionExpression At(long instructions) => PositionExpression.Of(new RunPosition(0, instructions, TimeSpan.Zero));

    private static List<string> Sorted(IEnumerable<GuestCall> calls) => [.. calls.Select(CallWalker.Text).Order(StringComparer.Ordinal)];

    private static string Told(GuestCall call) => $"{call.Position} {call.End} {call.Depth} {call.PageDirectory:x} {call} {call.Caller}";
}
