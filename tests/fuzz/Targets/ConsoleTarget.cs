using System.Text;
using LguestPS.Terminals;

namespace LguestPS.Tests.Fuzz;

/// <summary>What is typed at a terminal on its way into guests, through the old console and virtio's on both transports.</summary>
internal sealed class ConsoleTarget : FuzzTarget
{
    private const int MostPieces = 12, LongestPiece = 1500, MostEvents = 300;
    private const long MostInstructions = 60_000;

    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    private static readonly string[] chords = ["Ctrl-]", "Ctrl-a x", "^b d", "Ctrl-^ .", "^@", "Ctrl-_ ~", "Ctrl-c Ctrl-d", "ctrl-\\ ctrl-d"];

    private static readonly byte[][] strokes =
    [
        "\u001b[A"u8.ToArray(), "\u001b[1;5C"u8.ToArray(), "\u001bOP"u8.ToArray(), "\u001b]0;title\u0007"u8.ToArray(), "\u001b[200~pasted\u001b[201~"u8.ToArray(), "\r"u8.ToArray(), "\n"u8.ToArray(), "quit\n"u8.ToArray(),
        "Paul\n"u8.ToArray(), "\u0003"u8.ToArray(), "\u0004"u8.ToArray(), "\u0000"u8.ToArray(), "ä€🙂"u8.ToArray(), [0xC3], [0xFF, 0xFE], "\u001b"u8.ToArray(), "one line\n"u8.ToArray(),
    ];

    private readonly Lazy<Pair[]> pairs = new(() =>
        [.. GuestRun.All.Where(run => run.Name is "example-echo" or "input" or "minikernel-cooperative" or "minikernel-cooperative-2.6.30" or "minikernel-cooperative-3.1" or "minikernel-cooperative-4.1").Select(run => new Pair(run))]);

    public override string Name => "console-input";

    public override string Promise => "whatever is typed, in whatever pieces, a guest gets all of it up to the chord that leaves, once and in order, however often it is paused and put back";

    public override int CasesInSuite => 60;

    public override string? Try(TapeRandom random)
    {
        LeaveChord chord = LeaveChord.Parse(random.Chance(90) ? random.Pick(chords) : Text(random));
        Pair pair = random.Pick(pairs.Value);
        byte[][] pieces = [.. Enumerable.Range(0, 1 + random.Next(MostPieces)).Select(_ => Piece(random, chord))];
        (byte[] expected, bool leaves) = Passed(chord, [.. pieces.SelectMany(piece => piece)]);
        Parts += pieces.Length;

        int left = 0;
        Guest typed = pair.First.Again(), sent = pair.Second.Again();
        using (FakeKeys keys = new(pieces))
        using (Keyboard keyboard = new(keys, typed, chord, by => left += by == chord.ToString() ? 1 : 0, threeCtrlCsLeave: random.Chance(30)))
            if (!keyboard.Closed.WaitHandle.WaitOne(patience)) return "the keyboard does not come to an end";
        if (left != (leaves ? 1 : 0)) return $"the user left {left} times by {chord}, and should {(leaves ? "" : "not ")}have";
        byte[] waiting = typed.Devices.Console!.TakeWaiting();
        typed.Devices.Console.PutBackWaiting(waiting);
        if (!waiting.AsSpan().SequenceEqual(expected)) return $"of {Convert.ToHexString(expected)} the console got {Convert.ToHexString(waiting)}";

        sent.SendConsole(expected);
        string whole = Run(typed, pauses: null), paused = Run(sent, random);
        Observation?.Add(whole);
        return whole == paused ? null : $"{pair.Name}: what was typed has other effects on a guest that is paused\n{First(whole, paused)}";
    }

    public override void Dispose()
    {
        if (!pairs.IsValueCreated) return;
        foreach (Pair pair in pairs.Value) pair.Dispose();
    }

    /// <summary>What is for the guest, told from all keys at once.</summary>
    private static (byte[] Passed, bool Leaves) Passed(LeaveChord chord, byte[] typed)
    {
        string text = Encoding.Latin1.GetString(typed);
        string[] keys = [.. chord.ToString().Split(' ').Select(key => $"{(char)(key.Length > 1 ? char.ToUpperInvariant(key[^1]) ^ 0x40 : key[0])}")];
        if (keys.Length == 1)
        {
            int end = text.IndexOf(keys[0], StringComparison.Ordinal);
            return (typed[..(end < 0 ? typed.Length : end)], end >= 0);
        }
        StringBuilder passed = new();
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] != keys[0][0])
            {
                passed.Append(text[at]);
                continue;
            }
            // A first key that nothing follows is withheld.
            if (++at == text.Length) break;
            if (text[at] == keys[1][0]) return (Encoding.Latin1.GetBytes(passed.ToString()), true);
            if (text[at] != keys[0][0]) passed.Append(keys[0]);
            passed.Append(text[at]);
        }
        return (Encoding.Latin1.GetBytes(passed.ToString()), false);
    }

    private static string Run(Guest guest, TapeRandom? pauses)
    {
        StringBuilder story = new();
        long end = (guest.InstructionCount ?? 0) + MostInstructions;
        int events = 0;
        while (!guest.HasEnded && events < MostEvents)
        {
            long from = guest.InstructionCount ?? 0;
            int before = events;
            long pause = pauses is null ? end : Math.Min(end, from + 1 + pauses.Next(4000));
            foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the fuzzer", StopAtInstruction = pause }).Take(MostEvents - events))
            {
                events++;
                if (happened is not GuestEndedEvent) story.Append(EventText.Of(happened)).Append('\n');
            }
            if (guest.InstructionCount >= end || (guest.InstructionCount == from && events == before && guest.Standstill != Standstill.Instruction)) break;
            if (pauses is not null && !guest.HasEnded && pauses.Chance(20)) guest.Restore(guest.TakeCheckpoint());
        }
        if (guest.HasEnded || events < MostEvents) story.Append($"{guest.Ending} {guest.InstructionCount} {guest.EventCount} {guest.ConsoleText}");
        return story.ToString();
    }

    private static byte[] Piece(TapeRandom random, LeaveChord chord)
    {
        List<byte> piece = [];
        for (int left = 1 + random.Next(6); left > 0; left--)
        {
            switch (random.Next(12))
            {
                case 0:
                    piece.AddRange(chord.ToString().Split(' ').Select(key => (byte)(key.Length > 1 ? char.ToUpperInvariant(key[^1]) ^ 0x40 : key[0])).Take(1 + random.Next(2)));
                    break;
                case 1 or 2:
                    byte[] noise = new byte[1 + random.Next(random.Chance(10) ? LongestPiece : 24)];
                    random.NextBytes(noise);
                    piece.AddRange(noise);
                    break;
                default:
                    piece.AddRange(random.Pick(strokes));
                    break;
            }
        }
        return [.. piece];
    }

    private static string Text(TapeRandom random) => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => (char)random.Next(1, 300)));

    private static string First(string one, string other)
    {
        (string, string) different = one.Split('\n').Zip(other.Split('\n')).FirstOrDefault(pair => pair.First != pair.Second);
        return $"{different.Item1}\n{different.Item2}";
    }

    /// <summary>The same guest twice, where it first waits for somebody to type.</summary>
    private sealed class Pair(GuestRun run) : IDisposable
    {
        public string Name => run.Name;

        public PlacedGuest First { get; } = At(run);

        public PlacedGuest Second { get; } = At(run);

        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }

        private static PlacedGuest At(GuestRun run)
        {
            Guest guest = Guest.Create(run.Definition(ClockKind.Virtual));
            _ = guest.Run(new RunOptions { Driver = "the fuzzer", StopAtInstruction = 5_000_000 }).Count();
            return new PlacedGuest(guest);
        }
    }

    private sealed class FakeKeys(IReadOnlyList<byte[]> pieces) : TerminalKeys
    {
        private int next;

        public override int Read(Span<byte> buffer)
        {
            if (next == pieces.Count) return 0;
            pieces[next].CopyTo(buffer);
            return pieces[next++].Length;
        }

        public override void End()
        {
        }
    }
}
