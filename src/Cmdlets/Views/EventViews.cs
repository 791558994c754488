using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>What PowerShell sees of events in place of what .NET has: names, not enumerations, and lists that read well as text.</summary>
public static partial class Views
{
    /// <summary>The type name of lists whose text is in hexadecimal.</summary>
    private const string HexNumbers = "LguestPS.HexNumbers";

    public static string Kind(PSObject happened) => $"{Of<LguestEvent>(happened).Kind}";

    public static string Origin(PSObject call) => $"{Of<HypercallEvent>(call).Origin}";

    public static string Direction(PSObject dma) => $"{Of<DmaEvent>(dma).Direction}";

    public static string Outcome(PSObject trap) => $"{Of<TrapEvent>(trap).Outcome}";

    public static string Operation(PSObject happened) => happened.BaseObject is VirtqueueEvent buffer ? $"{buffer.Operation}" : $"{Of<InterventionEvent>(happened).Operation}";

    public static string Purpose(PSObject kick) => $"{Of<KickEvent>(kick).Purpose}";

    public static PSObject Descriptors(PSObject buffer) => PSObject.AsPSObject(Of<VirtqueueEvent>(buffer).Descriptors);

    public static string Ending(PSObject ended) => $"{Of<GuestEndedEvent>(ended).Ending}";

    public static PSObject Arguments(PSObject call) => InHex(Of<HypercallEvent>(call).Arguments);

    public static PSObject Sections(PSObject dma) => PSObject.AsPSObject(Of<DmaEvent>(dma).Sections);

    public static PSObject Changes(PSObject intervention) => PSObject.AsPSObject(Of<InterventionEvent>(intervention).Changes);

    /// <summary>The bytes of a DMA, of a buffer of a virtqueue, or of a part of one.</summary>
    public static PSObject? Data(PSObject owner) => owner.BaseObject switch
    {
        DmaSection section => InHex(section.Data),
        VirtqueueDescriptor descriptor => InHex(descriptor.Data),
        VirtqueueEvent buffer => InHex(buffer.Data),
        KickEvent kick => kick.Data is null ? null : InHex(kick.Data),
        _ => InHex(Of<DmaEvent>(owner).Data),
    };

    /// <summary>The text of a list of numbers: what Export-Csv writes.</summary>
    public static string HexText(PSObject numbers) => numbers.BaseObject switch
    {
        byte[] bytes => Convert.ToHexStringLower(bytes),
        IEnumerable many => Hex(many),
        var other => $"{other}",
    };

    private static PSObject InHex(Array numbers)
    {
        PSObject shown = PSObject.AsPSObject(numbers);
        shown.TypeNames.Insert(0, HexNumbers);
        return shown;
    }

    private static T Of<T>(PSObject happened) => (T)happened.BaseObject;
}
