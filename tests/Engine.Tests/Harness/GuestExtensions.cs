using LguestPS.Devices.Dma;

namespace LguestPS.Tests;

internal static class GuestExtensions
{
    extension(Guest guest)
    {
        /// <summary>What a guest of a DMA era has bound.</summary>
        public DmaBindings Bindings => ((DmaTransport)guest.Transport).Bindings;
    }
}
