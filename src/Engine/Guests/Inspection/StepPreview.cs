namespace LguestPS.Inspection;

/// <summary>Says what the run loop's next turn would be, in the run loop's order.</summary>
internal static class StepPreview
{
    public static NextStep Of(Guest guest, bool byInstruction)
    {
        if (guest.PendingTrap is { } trap) return Step(guest, Standstill.Trap, $"deal with the trap {trap}");
        if (guest.Machine.Pending.Transfer is { } transfer) return Step(guest, transfer is PendingKick ? Standstill.Kick : Standstill.Dma, guest.Transport.Preview(transfer), transfer: transfer);
        if (guest.PendingHypercall is { } direct)
        {
            Hypercall call = guest.NextCall ?? direct;
            string then = call == direct ? "" : $"; {direct.Name} stays pending";
            return Step(guest, call == direct ? Standstill.Hypercall : Standstill.RingEntry, $"do {call}{then}", call: call);
        }
        if (guest.PendingInterrupt is { } irq) return Step(guest, Standstill.Interrupt, $"deliver irq {irq}");
        if (guest.IsHalted) return Step(guest, Standstill.WaitingForInput, "wait for an interrupt: the guest is halted");
        return Run(guest, byInstruction);
    }

    private static NextStep Run(Guest guest, bool byInstruction)
    {
        string first = guest.Machine.Interrupts.AnyWaiting ? "; an interrupt waits and may come first" : "";
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

    private static NextStep Step(
        Guest guest, Standstill standstill, string text, Hypercall? call = null, PendingTransfer? transfer = null, DisassembledInstruction? instruction = null) =>
        new() { Guest = guest.Name, Standstill = standstill, Call = call, Dma = transfer as PendingDma, Kick = transfer as PendingKick, Instruction = instruction, Text = text };
}
