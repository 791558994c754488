using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that looks at addresses of guests.</summary>
public abstract class AddressCommand : GuestCommand
{
    private AddressArgument[] addresses = [];

    [Parameter(Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressArgument[] Address { get; set; } = [];

    protected override void ProcessRecord()
    {
        // A piped guest is also offered to -Address; "$guest | Get-LguestMemory lguest_data" binds the address to the first position.
        if (Address is [{ Guest: { } piped }])
        {
            addresses = [.. Guest.Where(argument => argument.Guest is null).Select(argument => new AddressArgument(argument.Text))];
            Attempt(piped);
            return;
        }
        addresses = Address;
        base.ProcessRecord();
    }

    private protected override void Process(Guest guest)
    {
        if (addresses.Length == 0)
        {
            ProcessWithoutAddress(guest);
            return;
        }
        foreach (AddressArgument address in addresses)
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
