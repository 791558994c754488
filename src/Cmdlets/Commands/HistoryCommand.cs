using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that asks a question about recorded runs: of guests, or of files.</summary>
public abstract class HistoryCommand : GuestOrFileCommand
{
    private protected sealed override void Process(Guest guest) => Ask(() => GuestHistory.Of(guest), guest, guest);

    private protected sealed override void ProcessFile(string path) => Ask(() => GuestHistory.Open(path), path, guest: null);

    private protected override ErrorRecord NoFile(string path) => Errors.RecordingNotFound(path);

    /// <summary>Asks, and writes the answers as they are found.</summary>
    /// <exception cref="LguestException">They cannot be found.</exception>
    private protected abstract void Ask(GuestHistory history, HistoryProgress progress);

    /// <summary>Finds out what the words of a question mean: for the guest that is asked, or for one like that of a file.</summary>
    private protected T Look<T>(GuestHistory history, Func<Guest, T> look) => Asked is { } guest ? look(guest) : history.Look(look);

    /// <summary>The guest that is asked; null for a file.</summary>
    private protected Guest? Asked { get; private set; }

    private void Ask(Func<GuestHistory> open, object target, Guest? guest)
    {
        Asked = guest;
        HistoryProgress progress = new(this);
        try
        {
            using GuestHistory history = open();
            Ask(history, progress);
        }
        catch (LguestException e)
        {
            WriteError(e, target);
        }
        catch (OperationCanceledException) when (StopToken.IsCancellationRequested)
        {
            // Ctrl-C
        }
        finally
        {
            progress.Hide();
        }
    }
}

/// <summary>A history command that can ask about a part of the run.</summary>
public abstract class RangeOfHistoryCommand : HistoryCommand
{
    [Parameter]
    [PositionArgument]
    [ValidateNotNull]
    public PositionExpression From { get; set; } = PositionExpression.Start;

    [Parameter]
    [PositionArgument]
    [ValidateNotNull]
    public PositionExpression To { get; set; } = PositionExpression.Now;
}
