using CsCheck;
using Xunit;

namespace LguestPS.Tests;

/// <summary>However a run is cut into steps, stops and early departures, the same calls are done, in the same order, once.</summary>
public class SteppingProperties
{
    /// <summary>One trap: what the guest leaves in the ring before it, and the direct call.</summary>
    private sealed record Turn(Made[] Ring, Made Direct);

    private sealed record Made(uint Number, uint First, uint Second, uint Third);

    /// <summary>One way to drive the guest a little further.</summary>
    private sealed record Move(int Kind, int Count);

    private static readonly Gen<Made> AnyCall = Gen.OneOf(
        Gen.UInt[0, 1].Select(set => new Made(Call.Ts, set, 0, 0)),
        Gen.Const(new Made(Call.FlushAsync, 0, 0, 0)),
        Gen.UInt[0, 0xFFFF].Select(page => new Made(Call.SetPte, 0x1000, page << 12, 0)),
        Gen.UInt[0, 1].Select(all => new Made(Call.FlushTlb, all, 0, 0)),
        Gen.Select(Gen.UInt[0, 3], Gen.UInt[0, 3]).Select((key, irq) => new Made(Call.BindDma, key * 4 + 0x1000, ScriptedGuest.BufferAddress, 1 << 8 | irq)),
        Gen.UInt[0, 1].Select(key => new Made(Call.SendDma, key * 8, ScriptedGuest.DmaAddress, 0)),
        Gen.Const(new Made(Call.SetClockEvent, 0, 0, 0)));

    private static readonly Gen<Turn[]> Turns = Gen.Select(AnyCall.Array[0, 70], AnyCall).Select((ring, direct) => new Turn(ring, direct)).Array[1, 5];

    private static readonly Gen<Move[]> Moves = Gen.Select(Gen.Int[0, 5], Gen.Int[1, 9]).Select((kind, count) => new Move(kind, count)).Array[1, 60];

    [Fact]
    public void Any_mixture_of_steps_runs_and_departures_does_the_same_calls_once() =>
        Gen.Select(Turns, Moves).Sample((turns, moves) =>
        {
            string[] straight = Drive(turns, []);
            string[] mixed = Drive(turns, moves);
            return straight.SequenceEqual(mixed);
        }, iter: 300);

    [Fact]
    public void Every_call_the_guest_made_is_done()
    {
        // Guards the property above against a script that plays nothing.
        Turns.Sample(turns => Drive(turns, []).Count(line => line.StartsWith("call", StringComparison.Ordinal)) == 1 + turns.Sum(turn => 1 + turn.Ring.Length), iter: 50);
    }

    private static string[] Drive(Turn[] turns, Move[] moves)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.TextDma("text");
        int slot = 0;
        foreach (Turn turn in turns)
        {
            // As Linux does: when the ring is full, a lazy call becomes a direct one, which empties it.
            List<Made> queued = [];
            foreach (Made made in turn.Ring)
            {
                if (queued.Count < 64) queued.Add(made);
                else
                {
                    Trap(queued, made);
                    queued = [];
                }
            }
            Trap(queued, turn.Direct);
        }

        void Trap(List<Made> entries, Made direct) =>
            guest.Hypercall(() => slot = Queue(guest, entries, slot), direct.Number, direct.First, direct.Second, direct.Third);

        guest.Hypercall(Call.Halt);     // sleeps for ever: a move can go no further

        List<LguestEvent> events = [];
        foreach (Move move in moves) events.AddRange(Make(guest, move));
        events.AddRange(guest.Play());
        Assert.Equal(Standstill.WaitingForInput, guest.Guest.Standstill);
        return [.. events.Select(Line)];
    }

    private static int Queue(ScriptedGuest guest, List<Made> entries, int slot)
    {
        foreach (Made made in entries)
        {
            Assert.Equal(ScriptedGuest.Done, guest.RingStatus(slot));
            guest.Ring(slot, made.Number, made.First, made.Second, made.Third);
            slot = (slot + 1) % 64;
        }
        return slot;
    }

    private static List<LguestEvent> Make(ScriptedGuest guest, Move move)
    {
        RunOptions run = new() { Driver = "a move" };
        switch (move.Kind)
        {
            case 0: return guest.Step(StepUnit.Standstill, move.Count);
            case 1: return guest.Step(StepUnit.Instruction, move.Count);
            case 2: return guest.Step(StepUnit.Hypercall, move.Count, Call.SendDma);
            case 3: return [.. guest.Guest.Run(run).Take(move.Count)];
            case 4: return [.. guest.Guest.Run(run, new CancellationToken(canceled: true))];
            default:
                using (CancellationTokenSource stop = new())
                {
                    List<LguestEvent> events = [];
                    foreach (LguestEvent happened in guest.Guest.Run(run, stop.Token))
                    {
                        events.Add(happened);
                        if (events.Count == move.Count) stop.Cancel();
                    }
                    return events;
                }
        }
    }

    // Everything but host time, which no two runs share.
    private static string Line(LguestEvent happened) => happened switch
    {
        HypercallEvent call => $"call {call.Sequence} {call.GuestTime} {call.Name} {call.Slot} {string.Join(',', call.Arguments)} = {call.Result}",
        DmaEvent dma => $"dma {dma.Sequence} {dma.GuestTime} {dma.Key} {dma.Text} {dma.UsedLength}",
        _ => $"{happened.Kind} {happened.Sequence}",
    };
}
