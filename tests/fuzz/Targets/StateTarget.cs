using LguestPS.Checkpoints;

namespace LguestPS.Tests.Fuzz;

/// <summary>Files of guests' states, changed within and packed again with the right checksum, so that changes reach deep.</summary>
internal abstract class StateTarget(string kind) : FileTarget
{
    protected const int MostEvents = 200;

    private const long MostInstructions = 50_000;

    protected override string FileName => "state.lguest";

    public override int CasesInSuite => 150;

    protected override void Write(string path, byte[] contents) => StateFile.Write(path, kind, file => file.Write(contents));

    /// <summary>What is in a file.</summary>
    protected byte[] Unpacked(Action<string> save)
    {
        string path = Beside("valid.lguest");
        save(path);
        return StateFile.Read(path, kind, file =>
        {
            MemoryStream all = new();
            file.Allow(1L << 30);
            file.BaseStream.CopyTo(all);
            return all.ToArray();
        });
    }

    /// <summary>The guests whose states are changed: of every kind of device and era.</summary>
    protected static IEnumerable<GuestDefinition> Guests =>
        GuestRun.All.Where(run => run.Name is "example-echo" or "example-disk" or "example-paging").Select(run => run.Definition(ClockKind.Virtual) with { Limits = new GuestLimits(Instructions: 2_000_000) });

    protected void RunOn(Guest guest)
    {
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the fuzzer", StopAtInstruction = (guest.InstructionCount ?? 0) + MostInstructions }).Take(MostEvents)) Observation?.Add(happened.ToString());
        Observation?.Add(guest.InstructionCount ?? 0);
    }
}

/// <summary>Checkpoint files.</summary>
internal sealed class CheckpointTarget() : StateTarget(StateFile.CheckpointKind)
{
    public override string Name => "checkpoints";

    protected override string What => "a checkpoint";

    protected override IEnumerable<byte[]> MakeSamples() => Guests.Select(definition =>
    {
        using Guest guest = Guest.Create(definition);
        _ = guest.Run(new RunOptions { Driver = "the fuzzer" }).Take(12).Count();
        return Unpacked(guest.TakeCheckpoint("of the fuzzer").Save);
    });

    protected override void Use(string path, TapeRandom random)
    {
        using Guest guest = Guest.CreateFrom(Checkpoint.Load(path));
        RunOn(guest);
    }
}

/// <summary>Recordings.</summary>
internal sealed class RecordingTarget() : StateTarget(StateFile.RecordingKind)
{
    public override string Name => "recordings";

    protected override string What => "a recording";

    protected override IEnumerable<byte[]> MakeSamples() => Guests.Select(definition =>
    {
        using Guest guest = Guest.Create(definition);
        guest.Record(keepEvents: true);
        guest.SendConsole("one\n");
        _ = guest.Run(new RunOptions { Driver = "the fuzzer" }).Take(20).Count();
        guest.Inspector.WriteMemory(0x60000, [1, 2, 3, 4], "the fuzzer", physical: true);
        if (!guest.HasEnded) guest.SendConsole("two\n");
        _ = guest.Run(new RunOptions { Driver = "the fuzzer" }).Take(20).Count();
        return Unpacked(guest.SaveRecording);
    });

    protected override void Use(string path, TapeRandom random)
    {
        using Guest guest = Guest.Replay(RecordedRun.Load(path));
        RunOn(guest);
        if (random.Chance(30)) guest.StepBack(new StepBackOptions { Driver = "the fuzzer", Count = 1 + random.Next(3) });
    }
}
