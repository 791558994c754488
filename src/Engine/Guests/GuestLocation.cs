using LguestPS.Inspection;
using LguestPS.Run;

namespace LguestPS.Guests;

/// <summary>Where a guest stands, in a line for a prompt: what is next, and where in the kernel.</summary>
internal static class GuestLocation
{
    public static string Of(Guest guest)
    {
        uint eip = guest.Registers.Eip;
        string place = guest.Machine.Symbols?.Describe(eip) is { } symbol ? $"0x{eip:x8} <{symbol}>" : $"0x{eip:x8}";
        return guest switch
        {
            { Ending: { } ending } => $"ended: {ending.Reason}",
            _ when Pending.First(guest) is { } pending => $"before {pending.Words(guest)}, {place}",
            { IsHalted: true } => $"halted, {place}",
            _ => $"{place}: {Instruction(guest, eip)}",
        };
    }

    private static string Instruction(Guest guest, uint eip)
    {
        try
        {
            return new Disassembler(guest, DisassemblySyntax.Gas).At(eip).Text;
        }
        catch (LguestException e) when (e.Error == LguestError.AddressNotMapped)
        {
            return "not mapped";
        }
    }
}
