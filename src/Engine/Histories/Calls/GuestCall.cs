using System.Globalization;
using LguestPS.Histories;

namespace LguestPS;

/// <summary>A call of a function, in a recorded run.</summary>
public sealed record GuestCall
{
    // Linux returns errors as small negative numbers.
    private const int MostErrors = 4095;

    /// <summary>Name of the guest.</summary>
    public required string Guest { get; init; }

    /// <summary>The function.</summary>
    public required string Symbol { get; init; }

    /// <summary>Its first instruction, a linear address.</summary>
    public required uint Address { get; init; }

    /// <summary>Where in the run it is about to begin.</summary>
    public required RunPosition Position { get; init; }

    /// <summary>Where it has returned; null if it did not, as far as was looked.</summary>
    public RunPosition? End { get; init; }

    public required IReadOnlyList<CallArgument> Arguments { get; init; }

    /// <summary>What was in eax when it returned; null if it did not. A function without a result leaves there what it likes.</summary>
    public uint? Result { get; init; }

    /// <summary>Instructions from its first to its return, with all that it called and that interrupted it; null if it did not return.</summary>
    public long? Instructions => End?.Instructions - Position.Instructions;

    /// <summary>Guest time likewise.</summary>
    public TimeSpan? Duration => End?.Time - Position.Time;

    /// <summary>Within how many other calls of those that were asked for it was made, on the same kernel stack.</summary>
    public required int Depth { get; init; }

    /// <summary>Where it was called from: the address after the call.</summary>
    public required uint ReturnAddress { get; init; }

    /// <summary><see cref="ReturnAddress"/> in the kernel; null if it has no name.</summary>
    public string? Caller { get; init; }

    /// <summary>Name of the process that was running, if this kernel tells.</summary>
    public string? Process { get; init; }

    /// <summary>Guest-physical address of the page directory: processes that share their memory have the same.</summary>
    public required uint PageDirectory { get; init; }

    /// <summary>The stack pointer as it began.</summary>
    public required uint Stack { get; init; }

    /// <summary><see cref="Result"/> as the kernel's errors are written, such as <c>-2 (ENOENT)</c>; else as a number. Empty if it did not return.</summary>
    public string ResultText => Result switch
    {
        null => "",
        { } value when (int)value is < 0 and >= -MostErrors => LinuxErrors.NameOf(-(int)value) is { } name ? $"{(int)value} ({name})" : ((int)value).ToString(CultureInfo.InvariantCulture),
        { } value => CallArgument.Number(value),
    };

    /// <summary>The call in a line.</summary>
    public string What => $"{Symbol}({string.Join(", ", Arguments)}){(Result is null ? "" : $" = {ResultText}")}";

    public override string ToString() => What;
}

/// <summary>An argument of a call.</summary>
/// <param name="Name">What it is called, if that is known.</param>
/// <param name="Value">Its value.</param>
/// <param name="Text">If it points to text, that; it was looked at when the call began.</param>
/// <param name="Symbol">If it points into the kernel, where.</param>
public sealed record CallArgument(string? Name, uint Value, string? Text, string? Symbol)
{
    private const uint LargestDecimal = 1 << 16;

    public override string ToString() => Text is not null ? $"\"{Text}\"" : Symbol is not null ? $"0x{Value:x} <{Symbol}>" : Number(Value);

    /// <summary>Small numbers as people count, others as addresses.</summary>
    internal static string Number(uint value) => value < LargestDecimal ? value.ToString(CultureInfo.InvariantCulture) : (int)value is < 0 and > -1000 ? ((int)value).ToString(CultureInfo.InvariantCulture) : $"0x{value:x}";
}
