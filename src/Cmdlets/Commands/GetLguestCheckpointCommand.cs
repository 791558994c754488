using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the last checkpoint of guests, or those in files.</summary>
[Cmdlet(VerbsCommon.Get, "LguestCheckpoint", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(Checkpoint))]
public sealed class GetLguestCheckpointCommand : GuestOrFileCommand
{
    private protected override void Process(Guest guest) => WriteObject(guest.LastCheckpoint ?? throw Errors.NoCheckpoint(guest));

    private protected override void ProcessFile(string path)
    {
        try
        {
            WriteObject(Checkpoint.Load(path));
        }
        catch (LguestException e)
        {
            WriteError(e, path);
        }
    }

    private protected override ErrorRecord NoFile(string path) => Errors.CheckpointNotFound(path);
}
