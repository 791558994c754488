namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>All of them.</summary>
internal static class RootCauseList
{
    public static IEnumerable<RootCause> All => [.. PageCauses.All, .. OrderCauses.All, .. SegmentCauses.All, .. StackSegmentCauses.All, .. CodeSegmentCauses.All, .. SelectorCauses.All];

    public static byte[] Code(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
