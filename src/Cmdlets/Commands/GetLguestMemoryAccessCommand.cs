using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the accesses to memory in a recorded run: who, when, and what was there before and after.</summary>
[Cmdlet(VerbsCommon.Get, "LguestMemoryAccess", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(GuestMemoryAccess))]
public sealed class GetLguestMemoryAccessCommand : RangeOfHistoryCommand
{
    [Parameter(Position = 1)]
    [Alias("Symbol")]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressArgument[] Address { get; set; } = [];

    [Parameter]
    [SizeArgument]
    [ValidateRange(1u, MemoryAccessQuery.LongestRange)]
    public uint Length { get; set; } = 4;

    [Parameter]
    public MemoryAccess Access { get; set; } = MemoryAccess.Write;

    private protected override IReadOnlyList<OwnArgument> OwnArguments =>
        [OwnArgument.Of<AddressArgument[]>(nameof(Address), () => Address.Select(address => address.Written).ToArray(), value => Address = value)];

    private protected override void Ask(GuestHistory history, HistoryProgress progress)
    {
        if (Address.Length == 0) ThrowTerminatingError(Errors.ArgumentMissing("The address", nameof(Address)));
        foreach (uint address in Look(history, guest => Address.Select(address => address.In(guest, physical: false)).ToArray()))
        {
            MemoryAccessQuery query = new()
            {
                // One instruction is executed where it begins.
                Address = address, Length = Access == MemoryAccess.Execute && !Given(nameof(Length)) ? 1 : Length, Access = Access,
                From = From, To = To, Pulse = progress.Pulse,
            };
            foreach (GuestMemoryAccess access in history.FindAccesses(query, StopToken))
            {
                progress.Hide();
                WriteObject(access);
            }
        }
    }
}
