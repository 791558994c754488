using System.Diagnostics;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace LguestPS.Cmdlets;

/// <summary>Waits until guests have ended or stand still: for the job that runs one, or by running it here and dropping its events; or for the first of several.</summary>
[Cmdlet(VerbsLifecycle.Wait, "LguestGuest", DefaultParameterSetName = "All")]
[OutputType(typeof(Guest))]
public sealed class WaitLguestGuestCommand : RunningCommand
{
    private readonly List<GuestJob> race = [];

    [Parameter(ParameterSetName = "Any", Mandatory = true)]
    public SwitchParameter Any { get; set; }

    [Parameter(ParameterSetName = "Any")]
    public Regex? Expect { get; set; }

    [Parameter]
    public EndingKind[]? ExpectEnding { get; set; }

    private protected override void Process(Guest guest)
    {
        GuestJob? job = GuestRegistry.TryGetJob(guest, out GuestJob? last) && (Any || !last.IsOver) ? last : null;
        if (Any)
        {
            if (job is null) WriteError(Errors.NoJob(guest));
            else race.Add(job);
            return;
        }
        if (job is not null)
        {
            if (!WaitFor(job, new RunProgress(this, guest))) return;
        }
        else if (!guest.HasEnded)
        {
            RunProgress progress = new(this, guest);
            RunOptions options = new() { Driver = Driver, Filter = EventFilter.Nothing, TimeLimit = TimeLimit, Pulse = progress.Pulse, Warning = Warn(guest) };
            Write(guest.Run(options, StopToken), progress);
            if (TimeLimit is not null && guest.Standstill == Standstill.TimeLimit)
            {
                CheckEnding(guest, ExpectEnding);
                return;
            }
            SayWhereItStands(guest);
        }
        WriteObject(guest);
        CheckEnding(guest, ExpectEnding);
    }

    protected override void EndProcessing()
    {
        if (race.Count == 0) return;
        using GuestRace guests = new(race, Expect);
        RunProgress progress = new(this, race[0].Guest);
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (guests.Winner is null && !guests.IsLost && !StopToken.IsCancellationRequested)
            {
                TimeSpan left = (TimeLimit ?? TimeSpan.MaxValue) - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero) break;
                guests.Wait(left, StopToken);
                progress.Pulse();
            }
        }
        catch (LguestException e)
        {
            WriteError(e, null);
            return;
        }
        finally
        {
            progress.Hide();
        }
        if (guests.IsLost) WriteError(Errors.NoneSeen(race, Expect!));
        if (guests.Winner is not { } first) return;
        WriteObject(first);
        CheckEnding(first, ExpectEnding);
    }

    /// <returns>False if the time was up, or on Ctrl-C.</returns>
    private bool WaitFor(GuestJob job, RunProgress progress)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (true)
            {
                TimeSpan left = (TimeLimit ?? TimeSpan.MaxValue) - Stopwatch.GetElapsedTime(start);
                if (job.WaitUntilAtRest(left < TimeSpan.Zero ? TimeSpan.Zero : left < RunProgress.Period ? left : RunProgress.Period, StopToken)) return true;
                if (left <= TimeSpan.Zero || StopToken.IsCancellationRequested)
                {
                    if (!StopToken.IsCancellationRequested) CheckEnding(job.Guest, ExpectEnding);
                    return false;
                }
                progress.Pulse();
            }
        }
        finally
        {
            progress.Hide();
        }
    }
}
