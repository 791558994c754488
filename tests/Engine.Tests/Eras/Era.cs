namespace LguestPS.Tests.Eras;

/// <summary>The names of eras for theories, and scripted guests of them.</summary>
internal static class Era
{
    public const string Virtio2624 = "virtio-2.6.24";
    public const string Virtio2625 = "virtio-2.6.25";
    public const string Virtio2629 = "virtio-2.6.29";
    public const string Virtio2630 = "virtio-2.6.30";
    public const string Virtio2631 = "virtio-2.6.31";
    public const string Virtio2634 = "virtio-2.6.34";
    public const string Virtio31 = "virtio-3.1";
    public const string Pci40 = "pci-4.0";
    public const string Pci41 = "pci-4.1";
    public const string October = "dma-2007-10";

    /// <summary>A guest before its first instruction.</summary>
    public static ScriptedGuest Fresh(string abi) => ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = abi });

    /// <summary>A guest that has done LGUEST_INIT, mapped its memory at the page offset and set its ring-1 stack.</summary>
    public static ScriptedGuest Initialised(string abi) => ScriptedGuest.Initialised(ScriptedGuest.Definition with { Abi = abi });
}
