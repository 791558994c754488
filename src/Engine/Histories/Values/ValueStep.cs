using System.Globalization;

namespace LguestPS;

/// <summary>How a value came to where it was.</summary>
public enum ValueOrigin
{
    /// <summary>It was copied as it is, from one place.</summary>
    Copy,

    /// <summary>It was computed from what the sources held.</summary>
    Computation,

    /// <summary>It is part of the instruction.</summary>
    Constant,

    /// <summary>It came from outside: from a device, the host, or the processor's own counters.</summary>
    Input,

    /// <summary>A hypercall gave it as its result.</summary>
    Hypercall,

    /// <summary>It was there when the recording began.</summary>
    Initial,

    /// <summary>It was not found out: the instruction is none whose sources are known, or the search ended.</summary>
    Unknown,
}

/// <summary>One step on the way back to where a value came from.</summary>
public sealed record ValueStep
{
    /// <summary>Name of the guest.</summary>
    public required string Guest { get; init; }

    /// <summary>From 1 on, back in the run.</summary>
    public required int Number { get; init; }

    /// <summary>Where in the run the instruction is about to put the value there; or the host is.</summary>
    public required RunPosition Position { get; init; }

    /// <summary>The place the value is in: a register, or memory.</summary>
    public required string Place { get; init; }

    /// <summary>The value there afterwards; null if it is not mapped.</summary>
    public ulong? Value { get; init; }

    public required ValueOrigin Origin { get; init; }

    /// <summary>The places from which it comes. If there is one, the next step tells of that.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The instruction that did it; for the host, what the host did.</summary>
    public required string Instruction { get; init; }

    /// <summary>Its address; null if it was none.</summary>
    public uint? Eip { get; init; }

    /// <summary><see cref="Eip"/> in the kernel; null if it has no name.</summary>
    public string? Function { get; init; }

    /// <summary>The step in a line.</summary>
    public string What => $"{Place}{(Value is { } value ? string.Create(CultureInfo.InvariantCulture, $" = 0x{value:x}") : "")}: {Origin switch
    {
        ValueOrigin.Copy => $"from {Sources[0]}",
        ValueOrigin.Computation => $"computed from {string.Join(" and ", Sources)}",
        ValueOrigin.Constant => "a constant",
        ValueOrigin.Initial => "there from the start",
        ValueOrigin.Unknown => "not followed",
        ValueOrigin.Hypercall => "result of a hypercall",
        _ => "from outside",
    }}, {Instruction}";

    public override string ToString() => What;
}
