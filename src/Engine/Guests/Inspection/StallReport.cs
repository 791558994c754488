using LguestPS.Cpu;
using LguestPS.Traps;

namespace LguestPS.Inspection;

/// <summary>Says of a guest that makes no progress what it traps on: once as a warning, and to whoever asks.</summary>
internal sealed class StallReport(Guest guest)
{
    private string? instruction;

    /// <summary>What follows "the guest", in a sentence or two; null if it has always made progress.</summary>
    public string? Text => guest.Progress.Last is { } stall && instruction is not null ? Of(stall) : null;

    public void Warn()
    {
        guest.Progress.IsNews = false;
        instruction = InstructionAt(guest.Progress.Last!.Eip);
        guest.DeviceHost.Warn(Text!);
    }

    private string Of(Stall stall)
    {
        string symbol = guest.Machine.Symbols?.Describe(stall.Eip) is { } name ? $" <{name}>" : "";
        CpuExit fault = stall.Fault;
        string about = fault.Vector == Vector.PageFault ? $" for 0x{fault.FaultAddress:x8} (error code {fault.ErrorCode:x})"
            : Vector.HasErrorCode(fault.Vector) ? $" (error code {fault.ErrorCode:x})" : "";
        return $"makes no progress: {stall.Count:N0} times in a row {Vector.Name(fault.Vector)}{about} "
            + $"at 0x{stall.Eip:x8}{symbol} in ring {stall.PrivilegeLevel}, and nothing else trapped between. {instruction}";
    }

    /// <summary>The bytes and the name of an instruction, as a sentence.</summary>
    private string InstructionAt(uint eip)
    {
        try
        {
            DisassembledInstruction at = new Disassembler(guest, DisassemblySyntax.Intel).At(eip);
            string bytes = string.Join(' ', at.Bytes.Select(value => value.ToString("x2")));
            return $"The instruction there: {bytes} ({string.Join(' ', at.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries))}).";
        }
        catch (LguestException e) when (e.Error == LguestError.AddressNotMapped)
        {
            return "No instruction is mapped there.";
        }
    }
}
