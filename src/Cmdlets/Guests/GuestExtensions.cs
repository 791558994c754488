namespace LguestPS.Cmdlets;

internal static class GuestExtensions
{
    /// <summary>Whether the guest has no kernel and plays a script instead.</summary>
    public static bool IsScripted(this Guest guest) => guest.CpuName == "scripted";
}
