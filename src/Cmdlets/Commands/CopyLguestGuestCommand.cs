using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes new guests of the definitions of others, or of places of their runs.</summary>
[Cmdlet(VerbsCommon.Copy, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class CopyLguestGuestCommand : GuestCommand
{
    // -Name is the new guest's here.
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("InputObject")]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [SupportsWildcards]
    [GuestTransformation(ByProperty = true)]
    [ValidateNotNullOrEmpty]
    public new object[] Guest
    {
        get => base.Guest;
        set => base.Guest = [.. value.Cast<GuestArgument>()];
    }

    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Position")]
    [ArgumentCompleter(typeof(PositionCompleter))]
    [PositionArgument]
    public PositionExpression? At { get; set; }

    [Parameter]
    [ValidateRange(1, 1000)]
    public int Count { get; set; } = 1;

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [new(nameof(Name), () => Name, written => Name = LanguagePrimitives.ConvertTo<string>(written))];

    private protected override void Process(Guest guest)
    {
        if (guest.IsScripted()) throw Errors.NoDefinition(guest);
        string wanted = Name.Length > 0 ? Name : guest.Name;
        if (At is { } place)
        {
            if (ShouldProcess(guest.Name, $"Fork at {place}")) Fork(guest, place, wanted);
            return;
        }
        for (int left = Count; left > 0; left--)
        {
            GuestDefinition definition = guest.Definition with { Name = GuestRegistry.FreeName(wanted) };
            if (ShouldLoad(definition)) WriteObject(CreateGuest(definition));
        }
    }

    private void Fork(Guest guest, PositionExpression place, string wanted)
    {
        RunProgress progress = new(this, guest);
        try
        {
            using GuestFork fork = guest.Timeline.ForkAt(place, StopToken, progress.Pulse);
            progress.Hide();
            for (int left = Count; left > 0 && !StopToken.IsCancellationRequested; left--)
                WriteObject(GuestRegistry.Add(wanted, name => fork.Make(name, guest.IsRecorded ? true : null)));
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C
        }
        finally
        {
            progress.Hide();
        }
    }
}
