using LguestPS.Cpu;
using LguestPS.Traps;

namespace LguestPS.Inspection;

/// <summary>Says of a guest that makes no progress what it traps on.</summary>
internal static class StallText
{
    /// <param name="guest">The guest.</param>
    /// <param name="stall">What it traps on.</param>
    /// <param name="instruction">What <see cref="InstructionAt"/> said of its address then.</param>
    public static string Of(Guest guest, Stall stall, string instruction)
    {
        string symbol = guest.Machine.Symbols?.Describe(stall.Eip) is { } name ? $" <{name}>" : "";
        CpuExit fault = stall.Fault;
        string about = fault.Vector == Vector.PageFault ? $" for 0x{fault.FaultAddress:x8} (error code {fault.ErrorCode:x})"
            : Vector.HasErrorCode(fault.Vector) ? $" (error code {fault.ErrorCode:x})" : "";
        return $"makes no progress: {stall.Count:N0} times in a row {Vector.Name(fault.Vector)}{about} "
            + $"at 0x{stall.Eip:x8}{symbol} in ring {stall.PrivilegeLevel}, and nothing else trapped between. {instruction}";
    }

    /// <summary>The bytes and the name of an instruction, as a sentence.</summary>
    public static string InstructionAt(Guest guest, uint eip)
    {
        try
        {
            DisassembledInstruction instruction = new Disassembler(guest, DisassemblySyntax.Intel).At(eip);
            string bytes = string.Join(' ', instruction.Bytes.Select(value => value.ToString("x2")));
            return $"The instruction there: {bytes} ({string.Join(' ', instruction.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries))}).";
        }
        catch (LguestException e) when (e.Error == LguestError.AddressNotMapped)
        {
            return "No instruction is mapped there.";
        }
    }
}
