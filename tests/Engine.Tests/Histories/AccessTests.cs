using CsCheck;
using Xunit;

namespace LguestPS.Tests.Histories;

/// <summary>Every access to a range of memory is found once, by whomever, however the run is looked at.</summary>
public class AccessTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public void They_are_those_that_a_walk_by_single_instructions_finds()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        GuestHistory history = GuestHistory.Of(guest);
        long last = history.End.Instructions, found = 0;
        GuestCall[] calls = RecordedGuests.Calls(history);
        RandomRounds.Until(() => found > 20, () => Gen.Select(Gen.Int[0, calls.Length - 1].Select(i => calls[i]), Gen.Int[500, 4_000], Gen.UInt[0, 100], Gen.UInt[1, 64], Gen.Int[0, 2], Gen.Int[1, 3]).Sample((call, length, offset, bytes, kind, threads) =>
        {
            long from = Math.Max(0, call.Position.Instructions - 300);
            long to = Math.Min(from + length, last);
            MemoryAccess access = kind switch { 0 => MemoryAccess.Write, 1 => MemoryAccess.Read, _ => MemoryAccess.Execute };
            uint address = access == MemoryAccess.Execute ? call.Address + offset / 2 : call.Stack - offset;
            List<string> walked = [.. AccessWalker.Walk(history, address, bytes, from, to).Where(line => line.Contains(access.ToString(), StringComparison.Ordinal))];
            MemoryAccessQuery query = new() { Address = address, Length = bytes, Access = access, From = At(from), To = At(to), Threads = threads, Spacing = length / 4 };
            string[] asked = [.. history.FindAccesses(query).Where(seen => !seen.IsByHost).Select(seen => $"{seen.Position.Instructions} {seen.Eip:x}").Distinct()];
            found += walked.Count;
            Assert.Equal(walked.Select(line => line[..line.LastIndexOf(' ')].TrimEnd(',').Replace(" Read", "", StringComparison.Ordinal)), asked);
        }, iter: 60, threads: 1));
    }

    [Theory]
    [InlineData("minikernel", "lguest_data")]
    [InlineData("example-timer", "ticked")]
    [InlineData("example-paging", "lguest_data")]
    public void What_a_word_holds_is_what_was_written_last(string name, string symbol)
    {
        using Guest guest = RecordedGuests.Run(name);
        if (guest.Symbols!.AddressOf(symbol) is not { } address) address = guest.Data.Address + guest.Machine.PageOffset;
        GuestMemoryAccess[] writes = [.. GuestHistory.Of(guest).FindAccesses(new MemoryAccessQuery { Address = address, Length = 4 }).Where(write => write.Address == address && write.Length == 4)];
        Assert.NotEmpty(writes);
        for (int i = 1; i < writes.Length; i++)
            if (writes[i].OldValue != writes[i - 1].NewValue) Assert.Fail($"between\n{writes[i - 1].Position} {writes[i - 1]}\nand\n{writes[i].Position} {writes[i]}\nsomebody has written it");
    }

    [Fact]
    public void What_the_host_writes_is_found_with_its_event()
    {
        // The disk's sectors come by DMA into a buffer, and the time into lguest_data.
        using Guest guest = RecordedGuests.Run("example-disk");
        GuestHistory history = GuestHistory.Of(guest);
        DmaEvent received = history.FindEvents(new EventQuery { Filter = new EventFilter { Kinds = EventKinds.Dma } }).OfType<DmaEvent>().First(dma => dma.Direction == DmaDirection.Receive && dma.Sections.AsEnumerable().Any());
        uint buffer = received.Sections[0].Address + guest.Machine.PageOffset;
        GuestMemoryAccess write = history.FindAccesses(new MemoryAccessQuery { Address = buffer, Length = 4 }).First(access => access.IsByHost);
        Assert.StartsWith("host, event #", write.By);
        Assert.Equal(4, write.After.Length);
        Assert.NotNull(write.EventSummary);
    }

    [Theory]
    [InlineData("minikernel")]
    [InlineData("tasks")]
    public void They_are_the_same_from_any_number_of_threads_from_a_file_and_on_compiled_code_or_chains(string name)
    {
        using Guest guest = RecordedGuests.Run(name);
        using Guest chains = RecordedGuests.Run(name, compile: CompileChoice.Off);
        guest.SaveRecording(folder.Path("run.lguest"));
        uint data = guest.Data.Address + guest.Machine.PageOffset;
        MemoryAccessQuery query = new() { Address = data, Length = 64, Access = MemoryAccess.Read | MemoryAccess.Write, Threads = 1 };
        string[] accesses = [.. GuestHistory.Of(guest).FindAccesses(query).Select(Told)];
        Assert.NotEmpty(accesses);
        MemoryAccessQuery cut = query with { Threads = 3, Spacing = guest.InstructionCount!.Value / 7 + 1 };
        Assert.Equal(accesses, GuestHistory.Of(guest).FindAccesses(cut).Select(Told));
        Assert.Equal(accesses, GuestHistory.Of(chains).FindAccesses(cut).Select(Told));
        Assert.Equal(accesses, GuestHistory.Open(folder.Path("run.lguest")).FindAccesses(cut).Select(Told));
    }

    [Fact]
    public void The_damage_of_examples_panic_is_found_with_its_cause()
    {
        using Guest guest = RecordedGuests.Run("example-panic");
        uint next = guest.Symbols!.AddressOf("tasks")!.Value + 0x28;
        GuestMemoryAccess damage = GuestHistory.Of(guest).FindAccesses(new MemoryAccessQuery { Address = next, Length = 4 }).First();
        Assert.StartsWith("rename_task+", damage.Function);
        Assert.Equal((0xe0ul & 0xFF, 0x70ul), (damage.OldValue, damage.NewValue));
    }

    [Theory]
    [InlineData(0xC0100000, 0)]
    [InlineData(0xC0100000, MemoryAccessQuery.LongestRange + 1)]
    [InlineData(0xFFFFFFFF, 2)]
    public void A_range_that_cannot_be_is_an_error(uint address, uint length)
    {
        using Guest guest = RecordedGuests.Run("example-ring");
        Assert.Equal(LguestError.InvalidAddress, Assert.Throws<LguestException>(() => GuestHistory.Of(guest).FindAccesses(new MemoryAccessQuery { Address = address, Length = length })).Error);
    }

    public void Dispose() => folder.Dispose();

    private static PositionExpression At(long instructions) => PositionExpression.Of(new RunPosition(0, instructions, TimeSpan.Zero));

    private static string Told(GuestMemoryAccess access) => $"{access.Position} {access} {access.PageDirectory:x} {access.Length}";
}
