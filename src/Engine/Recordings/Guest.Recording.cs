using LguestPS.Checkpoints;
using LguestPS.Events;
using LguestPS.Recordings;

namespace LguestPS;

/// <summary>Recording a run, going back in it, and replaying it.</summary>
public sealed partial class Guest
{
    /// <summary>Whether the guest's run is recorded, so that it can be taken back.</summary>
    public bool IsRecorded => Recording is not null;

    /// <summary>Whether the guest was taken back, or is a replay, and what it does next is known already.</summary>
    public bool IsInPast => Recording?.IsInPast ?? false;

    /// <summary>Begins to record the guest's run here, so that it can be taken back; does nothing if that is done already.</summary>
    /// <param name="keepEvents">Also for <see cref="SaveRecording"/>: keeps the essence of every event.</param>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; CheckpointRefused: the run would not be repeatable, says why.</exception>
    public void Record(bool keepEvents = false)
    {
        lock (Seat.Gate)
        {
            if (Recording is not null && (Recording.KeepsEvents || !keepEvents)) return;
            Seat.CheckIsFree();
            RecordOn(Recording.Begin(this, keepEvents));
        }
    }

    /// <summary>Takes a recorded guest back in its run, even if it has ended since. Run forward again it does the same again, until something new comes in.</summary>
    /// <returns>False if the recording does not go back that far: the guest then stands where it begins.</returns>
    /// <exception cref="LguestException">NotRecorded; GuestBusy; GuestEnded if it was removed; NotSupported: by instructions, and its CPU does not count them.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>; the guest then stands somewhere in its past.</exception>
    public bool StepBack(StepBackOptions options, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1);
        if (Recording is not { } recording)
            throw new LguestException(LguestError.NotRecorded, $"Guest '{Name}' was not recorded, so there is no way back. Turn it on before it runs: New-LguestGuest -Record, Start-LguestGuest -Record, or 'record: true' in its definition.");
        if (options.Unit is StepUnit.Instruction or StepUnit.Breakpoint && !Cpu.CountsInstructions)
            throw new LguestException(LguestError.NotSupported, $"Guest '{Name}' runs on the {Cpu.Name} CPU, which does not count instructions, so none of them is found again. Go back by standstills or hypercalls, or replay its recording: that is done on the emulated CPU.");
        lock (Seat.Gate) Seat.TakeBack(options.Driver);

        Events.Meter = null;        // nothing of this happens: it has happened
        bool isMuted = options.Unit != StepUnit.Breakpoint;
        if (isMuted) Interceptor.IsMuted = true;
        else Interceptor.Forget();
        try
        {
            using CancellationTokenRegistration wake = stop.Register(Wake);
            recording.Reach();
            Events.Filter = EventFilter.Nothing;
            bool reached = new Rewinder(this, loop, recording, options, stop).Go();
            if (reached) runner.Standstill = Interceptor.Stop is null ? loop.WhereItStands() : Standstill.Breakpoint;         // else where it stood when the recording began
            return reached;
        }
        catch (OperationCanceledException)
        {
            runner.Standstill = loop.WhereItStands();
            throw;
        }
        finally
        {
            if (isMuted) Interceptor.IsMuted = false;
            runner.LeaveSeat();
        }
    }

    /// <summary>Writes what was recorded up to here to a file: where it began, what came in, and every event's essence.</summary>
    /// <exception cref="LguestException">FileUnavailable; NotRecorded if it was not recorded with its events.</exception>
    public void SaveRecording(string path)
    {
        lock (Seat.Gate)
        {
            if (Recording is not { KeepsEvents: true } recording)
                throw new LguestException(LguestError.NotRecorded, $"Guest '{Name}' was not recorded for a file. Start it with Start-LguestGuest -RecordPath.");
            Seat.CheckIsAtHand();
            recording.Reach();
            StateFile.Write(path, StateFile.RecordingKind, recording.WriteTo);
        }
    }

    /// <summary>Makes a guest that does again what was recorded; each event is held against the recorded one.</summary>
    /// <param name="run">The recording. It can be replayed once: its guest goes on with it.</param>
    /// <param name="name">Its name, or null for the one it had.</param>
    /// <param name="symbols">An absolute path of its kernel's symbols, or null for what its definition says.</param>
    /// <param name="compile">Whether hot code is compiled, or null for what its definition says; its events are the same either way.</param>
    /// <exception cref="LguestException">As for <see cref="CreateFrom"/>; and InvalidCheckpoint if something in the recording cannot have happened.</exception>
    public static Guest Replay(RecordedRun run, string? name = null, string? symbols = null, CompileChoice? compile = null)
    {
        // Whatever it was recorded on, the emulated CPU can do it again; and what its networks sent is in the recording.
        GuestDefinition was = run.Start.Definition;
        GuestDefinition definition = was with
        {
            Name = name ?? run.Guest, Symbols = symbols ?? was.Symbols, Cpu = CpuChoice.Emulated, Compile = compile ?? was.Compile, Record = false,
        };
        return Revive(
            run.Start, definition, isAlone: true,
            prepare: guest =>
            {
                // What would be found out in the middle of the run is found out here.
                foreach (RecordedIntervention intervention in run.Interventions) intervention.TryOn(guest);
                run.Log.Check(EventOrigin.Of(guest.Machine));
            },
            finish: guest => guest.RecordOn(Recording.Replay(guest, run)));
    }

    private void RecordOn(Recording recording) => Events.Tape = Recording = recording;
}
