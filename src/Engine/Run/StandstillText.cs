namespace LguestPS.Run;

/// <summary>Says in words where a guest stands.</summary>
internal static class StandstillText
{
    public static string Of(Guest guest) => guest.Ending?.Reason ?? guest.Standstill switch
    {
        Standstill.NotStarted => "not started",
        Standstill.Hypercall => $"before hypercall {guest.PendingHypercall?.Name}",
        Standstill.RingEntry => $"in the ring, before {guest.NextCall?.Name}; {guest.PendingHypercall?.Name} stays pending",
        Standstill.Dma => $"before DMA to {guest.PendingDma?.Device ?? "no device"}",
        Standstill.Kick => $"before {guest.PendingKick?.Words}",
        Standstill.Instruction => $"before the instruction at 0x{guest.Registers.Eip:x8}",
        Standstill.Breakpoint => $"{guest.BreakpointHit}",
        Standstill.Trap => $"before trap {guest.PendingTrap}",
        Standstill.Interrupt => $"before irq {guest.PendingInterrupt}",
        Standstill.Event => "its events wait to be taken",
        Standstill.StopRequested => "stopped on request",
        Standstill.WaitingForInput => "waiting for input",
        Standstill.TimeLimit => "the time limit was reached",
        Standstill.InstructionLimit => "the instruction limit was reached",
        Standstill.EndOfRecording => "the recording is over",
        _ => "",
    };
}
