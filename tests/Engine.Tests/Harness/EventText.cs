namespace LguestPS.Tests;

/// <summary>All an event says except the host's time, which no two runs share.</summary>
internal static class EventText
{
    public static string Of(LguestEvent happened) => $"{happened} {happened.GuestTime.Ticks} " + happened switch
    {
        DmaEvent dma => $"{dma.Key} {dma.Address} {string.Join(' ', dma.Sections.AsEnumerable())} {Convert.ToHexString(dma.Data)} {dma.UsedLength}",
        HypercallEvent call => $"{call.Eip}",
        TrapEvent trap => $"{trap.Vector} {trap.ErrorCode} {trap.Address} {trap.Eip} {trap.Outcome}",
        InterruptEvent interrupt => $"{interrupt.Irq} {interrupt.Eip}",
        GuestEndedEvent ended => $"{ended.Ending} {ended.Eip}",
        _ => "",
    };
}
