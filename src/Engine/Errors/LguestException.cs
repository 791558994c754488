namespace LguestPS;

/// <summary>What went wrong outside a guest, for choosing an error id and an exit status.</summary>
public enum LguestError
{
    /// <summary>A definition or parameter is not valid.</summary>
    InvalidDefinition,

    /// <summary>A file of the guest is missing or unreadable.</summary>
    FileUnavailable,

    /// <summary>The kernel image is not one that can be booted.</summary>
    InvalidImage,

    /// <summary>The definition is valid, but this version or machine cannot run it.</summary>
    NotSupported,

    /// <summary>Somebody else drives the guest.</summary>
    GuestBusy,

    /// <summary>The guest has ended and can no longer do this.</summary>
    GuestEnded,

    /// <summary>The guest has not read what was typed into its console before.</summary>
    ConsoleFull,

    /// <summary>A guest with such devices, or on such a CPU or clock, cannot go back in time.</summary>
    CheckpointRefused,

    /// <summary>A file is no checkpoint or recording, or cannot be used as one.</summary>
    InvalidCheckpoint,

    /// <summary>The guest's run was not recorded, or no samples were taken of it.</summary>
    NotRecorded,

    /// <summary>A replay did something else than its recording.</summary>
    ReplayDiverged,

    /// <summary>The guest does not stand before a hypercall.</summary>
    NoPendingHypercall,

    /// <summary>What was to be done to a hypercall cannot be right.</summary>
    HypercallRefused,

    /// <summary>The host could not save what a guest wrote to a disk.</summary>
    DiskFailure,

    /// <summary>An address cannot be understood, or names something the guest does not have.</summary>
    InvalidAddress,

    /// <summary>The guest has not told its host yet where what was asked for is: LGUEST_INIT is still to come.</summary>
    NotInitialised,

    /// <summary>Nothing is at an address, or no page is mapped there.</summary>
    AddressNotMapped,

    /// <summary>A value does not fit where it was to be put.</summary>
    InvalidValue,

    /// <summary>A guest's run has no such place, or did not come there.</summary>
    PositionUnreachable,
}

/// <summary>The only exception of the public API: the message says what, where and what to do.</summary>
public sealed class LguestException(LguestError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public LguestError Error { get; } = error;

    /// <summary>The file it is about, if any.</summary>
    public string? Path { get; init; }

    /// <summary>Line (from 1) in <see cref="Path"/>, if known.</summary>
    public int? Line { get; init; }

    /// <summary>Column (from 1) in <see cref="Path"/>, if known.</summary>
    public int? Column { get; init; }
}
