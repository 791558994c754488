using CsCheck;
using Xunit;

namespace LguestPS.Tests.Checkpoints;

/// <summary>Wherever a guest is taken back to, in this process or by a file, the rest of its run is the same again.</summary>
public class CheckpointProperties
{
    private const int Samples = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>One way to drive the guest a little further: by what, and how much of it.</summary>
    private sealed record Move(int Kind, int Count);

    private static readonly Gen<Move[]> Moves = Gen.Select(Gen.Int[0, 3], Gen.Int[1, 400]).Select((kind, count) => new Move(kind, count)).Array[0, 6];

    public static TheoryData<string> Guests => [.. GuestRun.All.Where(run => run.Clocks.Contains(ClockKind.Virtual) && IsWholeInside(run)).Select(run => run.Name)];

    [Theory]
    [MemberData(nameof(Guests))]
    public void A_guest_that_was_taken_back_does_the_same_again(string name) => Moves.Sample(moves =>
    {
        using Guest guest = Start(name);
        Make(guest, moves);
        if (guest.HasEnded) return true;
        Checkpoint checkpoint = guest.TakeCheckpoint();
        Ran first = Finish(guest);
        guest.Restore(checkpoint);
        Ran second = Finish(guest);
        return first == second;
    }, iter: Samples);

    [Theory]
    [MemberData(nameof(Guests))]
    public void A_guest_made_from_a_file_goes_on_like_the_one_that_was_saved(string name) => Moves.Sample(moves =>
    {
        using TempFolder folder = new();
        using Guest guest = Start(name);
        Make(guest, moves);
        if (guest.HasEnded) return true;
        guest.TakeCheckpoint().Save(folder.Path("guest.lguest"));
        using Guest second = Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest")));
        return Finish(guest) == Finish(second);
    }, iter: Samples);

    [Theory]
    [MemberData(nameof(Guests))]
    public void Taking_checkpoints_changes_nothing(string name)
    {
        using Guest straight = Start(name);
        using Guest kept = Start(name);
        List<string> events = [];
        int next = 0;
        foreach (LguestEvent happened in kept.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }))
        {
            events.Add(EventText.Of(happened));
            if (!kept.HasEnded && next++ % 97 == 0) kept.TakeCheckpoint();
        }
        Assert.Equal(Finish(straight), new Ran(string.Join('\n', events), kept.ConsoleText, kept.InstructionCount, kept.GuestTime, kept.StateReason));
    }

    /// <summary>Everything a run shows.</summary>
    private sealed record Ran(string Events, string Console, long? Instructions, TimeSpan Time, string State);

    private static Guest Start(string name)
    {
        GuestRun run = GuestRun.All.Single(one => one.Name == name);
        Guest guest = Guest.Create(run.Definition(ClockKind.Virtual));
        if (run.Input is { } input) guest.SendConsole(input);
        return guest;
    }

    private static void Make(Guest guest, Move[] moves)
    {
        foreach (Move move in moves)
        {
            if (guest.HasEnded) return;
            StepOptions step = new() { Driver = "a move", Count = move.Count, TimeLimit = Patience };
            switch (move.Kind)
            {
                case 0: _ = guest.Step(step).ToList(); break;
                case 1: _ = guest.Step(step with { Unit = StepUnit.Instruction }).ToList(); break;
                // Whoever leaves early leaves events after that were not taken.
                default: _ = guest.Run(new RunOptions { Driver = "a move", TimeLimit = Patience }).Take(move.Count).ToList(); break;
            }
        }
    }

    private static Ran Finish(Guest guest)
    {
        string events = string.Join('\n', guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }).Select(EventText.Of));
        return new Ran(events, guest.ConsoleText, guest.InstructionCount, guest.GuestTime, guest.StateReason);
    }

    /// <summary>A disk that the guest writes to is outside of it, and so is a checkpoint refused.</summary>
    private static bool IsWholeInside(GuestRun run) =>
        run.Definition(ClockKind.Virtual).Devices.OfType<BlockDefinition>().All(disk => disk.Mode != BlockMode.ReadWrite && disk.Overlay is null);
}
