using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that looks at addresses of guests.</summary>
public abstract class AddressCommand : GuestCommand
{
    [Parameter(Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressArgument[] Address { get; set; } = [];

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [AddressPlace];

    private protected OwnArgument AddressPlace => OwnArgument.Of<AddressArgument[]>(nameof(Address), () => Address.Select(address => address.Written).ToArray(), value => Address = value);

    // Addresses are piped, too, as texts and as what was seen at them.
    private protected override bool IsGuest(GuestArgument piped) => piped.Guest is not null;

    private protected override void Process(Guest guest)
    {
        if (Address.Length == 0)
        {
            ProcessWithoutAddress(guest);
            return;
        }
        foreach (AddressArgument address in Address)
        {
            try
            {
                Process(guest, address);
            }
            catch (LguestException e)
            {
                WriteError(e, address);
            }
        }
    }

    private protected abstract void Process(Guest guest, AddressArgument address);

    private protected virtual void ProcessWithoutAddress(Guest guest) => WriteError(Errors.AddressMissing(guest));
}
