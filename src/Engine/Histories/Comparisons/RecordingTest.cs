using LguestPS.Recordings;

namespace LguestPS.Histories;

/// <summary>Does a run again, every event held against the recorded one, and memory and registers against those of every checkpoint.</summary>
internal sealed class RecordingTest(GuestHistory history, HistoryQuery query, CancellationToken stop)
{
    private sealed record EverythingQuery : HistoryQuery;

    public static HistoryQuery Everything(Action<double>? pulse, int threads) => new EverythingQuery { Pulse = pulse, Threads = threads };

    public RecordingCheck Run()
    {
        // Places where a replica makes a checkpoint on its way are no test of anything.
        Dictionary<RunPosition, Checkpoint> recorded = history.Checkpoints.Skip(1).ToDictionary(kept => kept.At, kept => kept.Checkpoint);
        Survey<string> survey = new(history, query, () => new Tester(history, recorded), stop);
        RunPosition same = history.Start;
        int checkpoints = 0;
        RecordingCheck check = new() { Guest = history.Guest, Path = history.Path, Events = history.KeepsEvents ? history.EventCount : 0, Instructions = history.End.Instructions - history.Start.Instructions, Checkpoints = 0 };
        try
        {
            foreach (Stretch<string> stretch in survey.Stretches())
            {
                foreach (string problem in stretch.Findings(survey.PulseAt(stretch))) return check with { Problem = problem, Position = same, Checkpoints = checkpoints };
                same = stretch.To;
                if (recorded.ContainsKey(same)) checkpoints++;
            }
        }
        catch (LguestException e) when (e.Error is LguestError.ReplayDiverged or LguestError.InvalidCheckpoint)
        {
            return check with { Problem = e.Message, Position = same, Checkpoints = checkpoints };
        }
        return check with { Checkpoints = checkpoints };
    }

    /// <summary>Tells what is not the same.</summary>
    private sealed class Tester(GuestHistory history, Dictionary<RunPosition, Checkpoint> recorded) : IAnalyst<string>
    {
        private Replica? replica;
        private Action<string>? found;

        public int Begin(Replica replica, Action<string> found)
        {
            (this.replica, this.found) = (replica, found);
            if (history.KeepsEvents) replica.Guest.Recording!.HoldAgainst(history.Run.Log.Copy());
            return 0;
        }

        public void End()
        {
            replica!.Guest.Recording!.HoldAgainst(recorded: null);
            RunPosition here = replica.Position;
            if (!recorded.TryGetValue(here, out Checkpoint? checkpoint)) return;
            using Replica then = history.ReplicaAt(here, checkpoint);
            if (StateDifference.Find(replica.Guest, then.Guest, history.Symbols) is [var first, ..])
                found!($"at {here} {first.Name} is 0x{first.Left:x} and was 0x{first.Right:x}");
        }
    }
}
