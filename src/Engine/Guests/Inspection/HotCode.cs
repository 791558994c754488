namespace LguestPS;

/// <summary>What a line of hot code stands for.</summary>
public enum HotCodeUnit
{
    /// <summary>A function of the kernel; for programs, whose symbols are not known, a page of 4 KiB.</summary>
    Function,

    /// <summary>One instruction.</summary>
    Instruction,
}

/// <summary>Code in which a guest spent instructions (see <see cref="LguestPS.Guest.HotCode"/>).</summary>
public sealed record HotCode : AddressView
{
    /// <summary>The ring in which it ran: 1 is the guest's kernel, 3 its programs. Programs at the same addresses are counted together.</summary>
    public required int PrivilegeLevel { get; init; }

    /// <summary>How often the guest was found there.</summary>
    public required long Samples { get; init; }

    /// <summary>Instructions that this stands for: samples times the definition's <see cref="GuestDefinition.SampleEvery"/>; exact if that is 1.</summary>
    public required long Instructions { get; init; }

    /// <summary>Of all samples, from 0 to 1.</summary>
    public required double Share { get; init; }
}
