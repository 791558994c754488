namespace LguestPS;

/// <summary>A SEND_DMA that is done but not yet served by its device.</summary>
/// <param name="Key">The key the guest named.</param>
/// <param name="Address">Guest-physical address of the struct lguest_dma.</param>
/// <param name="Device">Name of the device that will serve it, or null if none watches the key.</param>
public sealed record PendingDma(uint Key, uint Address, string? Device);
