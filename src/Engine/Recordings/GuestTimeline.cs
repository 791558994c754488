using LguestPS.Checkpoints;
using LguestPS.Recordings;
using LguestPS.Run;

namespace LguestPS;

/// <summary>A guest's run as something to go about in.</summary>
public sealed class GuestTimeline
{
    private readonly Guest guest;
    private readonly TimeTravel travel;

    internal GuestTimeline(Guest guest, TimeTravel travel)
    {
        this.guest = guest;
        this.travel = travel;
    }

    /// <summary>Where the recording of the run begins; null if it is not recorded.</summary>
    public RunPosition? Start => guest.Recording?.Shelf.Start.At;

    /// <summary>How far the run has come: where the guest is or, if it was taken back, from where; null if it is not recorded.</summary>
    public RunPosition? Now => guest.Recording is { } recording ? guest.RunPosition is var here && recording.End.IsBefore(here) ? here : recording.End : null;

    /// <summary>Where checkpoints are kept from which the run can be done again; empty if it is not recorded.</summary>
    /// <exception cref="LguestException">GuestBusy, or GuestEnded if the guest was removed.</exception>
    public IReadOnlyList<RunPosition> Checkpoints => guest.Seat.Look<IReadOnlyList<RunPosition>>(() => guest.Recording is { } recording ? [.. recording.Shelf.All.Select(kept => kept.At)] : []);

    /// <summary>Takes the guest to a place of its run, backwards or forwards, even if it has ended since. Nothing of what was recorded is forgotten.</summary>
    /// <remarks>
    /// A guest that is not recorded can only go forwards. Within what was recorded nothing happens again on the way, and no breakpoint stops it.
    /// <see cref="PositionExpression.Now"/> leads to the standstill from which the guest was taken back, with what waited there.
    /// </remarks>
    /// <returns>False if the run does not get there: the guest then stands where it stopped.</returns>
    /// <exception cref="LguestException">NotRecorded; PositionUnreachable: it lies before what was recorded, or after the guest's end; GuestBusy; GuestEnded if it was removed.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>; the guest then stands somewhere on the way.</exception>
    public bool MoveTo(MoveOptions options, CancellationToken stop = default) => travel.MoveTo(options, stop);

    /// <summary>A place of the guest's run from which new guests go on, each its own way. The guest itself stays where it is.</summary>
    /// <param name="place">Any place of what was recorded; of a guest that is not recorded, only where it stands.</param>
    /// <param name="stop">Ends the way there.</param>
    /// <param name="pulse">Called about four times a second on the way there, or null.</param>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; and as for <see cref="GuestHistory.ForkAt"/>.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    public GuestFork ForkAt(PositionExpression place, CancellationToken stop = default, Action? pulse = null)
    {
        bool isHere = guest.Recording is { } recording ? place.IsNow && !recording.IsInPast : !place.NeedsHistory && place.In(guest.RunPosition, guest.RunPosition) == guest.RunPosition;
        if (!isHere) return GuestHistory.Of(guest).ForkAt(place, stop, pulse);
        return guest.Seat.Look(() =>
        {
            guest.Seat.CheckHasNotEnded("Fork it at an earlier place of its run.");
            SavedState.CheckCanGoBack(guest, obstacle: null, "be forked");
            return new GuestFork(guest.MakeCheckpoint(label: null), guest.Definition with { Record = guest.IsRecorded }, []);
        });
    }

    internal bool StepBack(StepBackOptions options, CancellationToken stop) => travel.StepBack(options, stop);
}
