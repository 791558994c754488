using System.Text;
using LguestPS.Devices.Dma;
using LguestPS.Errors;

namespace LguestPS.Inspection;

/// <summary>Says what the run loop's next turn would be, in the run loop's order.</summary>
internal static class StepPreview
{
    private const int MostText = 60;

    public static NextStep Of(Guest guest, bool byInstruction)
    {
        if (guest.PendingTrap is { } trap) return Step(guest, Standstill.Trap, $"deal with the trap {trap}");
        if (guest.PendingDma is { } dma) return Step(guest, Standstill.Dma, Serve(guest, dma), dma: dma);
        if (guest.PendingHypercall is { } direct)
        {
            Hypercall call = guest.NextCall ?? direct;
            string then = call == direct ? "" : $"; {direct.Name} stays pending behind it";
            return Step(guest, call == direct ? Standstill.Hypercall : Standstill.RingEntry, $"do {call}{then}", call: call);
        }
        if (guest.PendingInterrupt is { } irq) return Step(guest, Standstill.Interrupt, $"deliver irq {irq}");
        if (guest.IsHalted) return Step(guest, Standstill.WaitingForInput, "wait for an interrupt: the guest is halted");
        return Run(guest, byInstruction);
    }

    private static NextStep Run(Guest guest, bool byInstruction)
    {
        string first = guest.Interrupts.AnyWaiting ? "; an interrupt waits and may come first" : "";
        uint eip = guest.Cpu.Registers.Eip;
        try
        {
            DisassembledInstruction instruction = new Disassembler(guest, DisassemblySyntax.Gas).At(eip);
            string at = $"0x{eip:x8}{(instruction.Symbol is { } symbol ? $" <{symbol}>" : "")}: {instruction.Text}";
            return Step(guest, Standstill.Instruction, $"run {(byInstruction ? "one instruction, " : "to the next standstill, from ")}{at}{first}", instruction: instruction);
        }
        catch (LguestException e) when (e.Error == LguestError.AddressNotMapped)
        {
            return Step(guest, Standstill.Instruction, $"fault on fetching the instruction: {e.Message.TrimEnd('.')}{first}");
        }
    }

    private static string Serve(Guest guest, PendingDma dma)
    {
        string what = $"serve the DMA at 0x{dma.Address:x8} to {dma.Device ?? $"no device (key 0x{dma.Key:x8})"}";
        try
        {
            DmaList sent = DmaList.Read(guest.Memory, guest.Abi.Dma!, dma.Address);
            string text = dma.Device == "console" ? $": \"{Text(sent.ReadAll())}\"" : "";
            return $"{what}, {sent.Length} bytes{text}";
        }
        catch (GuestKilledException wouldKill)
        {
            return $"{what}, which ends the guest: {wouldKill.Message}";
        }
    }

    private static string Text(byte[] bytes)
    {
        StringBuilder text = new();
        foreach (char c in Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, MostText))))
            text.Append(c switch { '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ when char.IsControl(c) => $"\\x{(int)c:x2}", _ => c });
        return text.Append(bytes.Length > MostText ? "…" : "").ToString();
    }

    private static NextStep Step(
        Guest guest, Standstill standstill, string text, Hypercall? call = null, PendingDma? dma = null, DisassembledInstruction? instruction = null) =>
        new() { Guest = guest.Name, Standstill = standstill, Call = call, Dma = dma, Instruction = instruction, Text = text };
}
