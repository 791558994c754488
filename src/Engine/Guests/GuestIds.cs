namespace LguestPS.Guests;

/// <summary>The numbers that tell guests of v2.6.23 apart (ABI §2): their network driver makes its MAC address from it.</summary>
internal static class GuestIds
{
    private static int last;

    /// <summary>A number no other guest of this process has had, until 65,535 have.</summary>
    public static ushort Next() => (ushort)Interlocked.Increment(ref last);
}
