using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Finds the first place where two recorded runs differ.</summary>
[Cmdlet(VerbsData.Compare, "LguestRun")]
[OutputType(typeof(RunDifference))]
public sealed class CompareLguestRunCommand : LguestCommand
{
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(GuestCompleter))]
    [GuestTransformation]
    [ValidateNotNull]
    public GuestArgument Reference { get; set; } = null!;

    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(GuestCompleter))]
    [GuestTransformation]
    [ValidateNotNull]
    public GuestArgument Difference { get; set; } = null!;

    protected override void ProcessRecord()
    {
        HistoryProgress progress = new(this);
        try
        {
            using GuestHistory reference = Open(Reference), difference = Open(Difference);
            RunDifference? found = reference.Compare(difference, progress.Pulse, StopToken);
            progress.Hide();
            if (found is not null) WriteObject(found);
        }
        catch (LguestException e)
        {
            WriteError(e, Difference.Written);
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

    /// <summary>A guest's run if there is one of this name, else a file's.</summary>
    /// <exception cref="LguestException">NotRecorded or GuestBusy; FileUnavailable or InvalidCheckpoint.</exception>
    private GuestHistory Open(GuestArgument argument)
    {
        Guest? guest = argument.Guest ?? (argument.LooksLikePath || argument.IsFile ? null : GuestRegistry.Find(argument.Text));
        if (guest is not null) return GuestHistory.Of(guest);
        return argument.LooksLikePath || argument.IsFile || File.Exists(FullPath(argument.Text)) ? GuestHistory.Open(FullPath(argument.Text))
            : throw new LguestException(LguestError.FileUnavailable, $"there is no guest named '{argument.Text}', nor a recording at that path");
    }
}
