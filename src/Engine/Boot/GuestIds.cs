using LguestPS.Networks;

namespace LguestPS.Boot;

/// <summary>The numbers that tell guests of v2.6.23 apart (ABI §2): their network driver makes its MAC address from it.</summary>
internal static class GuestIds
{
    // Other processes have guests, too, and a bridge may bring them together.
    private static int last = Random.Shared.Next(ushort.MaxValue);

    /// <summary>A number that no other guest in these networks has; if the guest's run is to be repeatable, the first such.</summary>
    public static ushort Choose(ClockKind clock, IReadOnlyCollection<SharedNetwork> networks)
    {
        int first = clock == ClockKind.Host ? Interlocked.Increment(ref last) : 1;
        for (int tried = 0; tried <= ushort.MaxValue; tried++)
        {
            ushort id = (ushort)(first + tried);
            if (id != 0 && networks.All(network => network.TryClaim(id))) return id;
        }
        return (ushort)first;
    }
}
