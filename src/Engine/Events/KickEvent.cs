using System.Text;

namespace LguestPS;

/// <summary>A NOTIFY, or a write to a device's register that says the same, which the host has looked at: the guest has put something into a virtqueue, has changed the status of a device, or has text for the early console.</summary>
public sealed record KickEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Kick;

    public required KickPurpose Purpose { get; init; }

    /// <summary>The guest-physical address that the guest named, or that of the register.</summary>
    public required uint Address { get; init; }

    /// <summary>Name of the device, such as console or block0; null for text from a guest without a console.</summary>
    public required string? Device { get; init; }

    /// <summary>Which of the device's virtqueues, from 0; null if it is none.</summary>
    public required int? Queue { get; init; }

    /// <summary>The status that the device has now, for a change of it: 0 after a reset, else the bits 1 acknowledged, 2 driver, 4 driver ready, 8 features final (devices on PCI), 0x80 failed.</summary>
    public required byte? Status { get; init; }

    /// <summary>The text for the early console, without its final zero; else null.</summary>
    public byte[]? Data { get; init; }

    /// <summary>The text for the early console; else null.</summary>
    public string? Text => Data is null ? null : Encoding.UTF8.GetString(Data);

    internal override bool WritesToConsole => Data is not null;

    internal override string? ShownText => Text;

    public override string Summary => Purpose switch
    {
        KickPurpose.Queue => $"{Device} queue {Queue}",
        KickPurpose.Status => $"{Device} status 0x{Status:x2}",
        _ => $"{Device ?? "no console"} early <- {Data?.Length ?? 0} bytes",
    };
}
