using Iced.Intel;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>In what an i686 may differ from a recording.</summary>
[Flags]
internal enum Allowance
{
    None = 0,

    /// <summary>The recording's #GP may be #SS.</summary>
    StackFault = 1,

    /// <summary>Where an exception comes, ecx, esi, edi and the arithmetic flags are not compared.</summary>
    RegistersAtFault = 2,

    /// <summary>Where an exception comes, esp may be a word further.</summary>
    PoppedAtFault = 4,

    /// <summary>Where an exception comes, the arithmetic flags are not compared.</summary>
    FlagsAtFault = 8,

    /// <summary>A quotient that does not fit may be #DE where the recording has 80h for it.</summary>
    LostDivideError = 16,

    /// <summary>Two words at both ends of a segment may be a fault of the segment where the recording has read them.</summary>
    WrappedPair = 32,

    /// <summary>Flags that the recording itself takes for undefined are not compared.</summary>
    UndefinedByRecording = 64,
}

/// <summary>Differences between a recorded processor and an i686 that are not the emulated CPU's fault: each allows as little as it can.</summary>
internal static class ArguedDifferences
{
    private static readonly Row[] rows =
    [
        new(null, _ => true, Allowance.UndefinedByRecording, "flags that the recording takes for undefined, though the manuals do not"),
        new("C286", _ => true, Allowance.StackFault,
            "the 286 in real mode has one exception for every operand that runs over its segment, 13; from the 386 on a stack's is 12"),
        new("C286", instruction => instruction.IsStringInstruction, Allowance.RegistersAtFault | Allowance.StackFault,
            "a string instruction of the 286 that runs over its segment in real mode has moved its registers on by then; from the 386 on it can be begun again"),
        new("C286", instruction => instruction.Mnemonic == Mnemonic.Pop, Allowance.PoppedAtFault | Allowance.StackFault,
            "a pop into memory of the 286 that runs over its segment in real mode has moved sp on by then; from the 386 on it can be begun again"),
        new("C286", instruction => instruction.Mnemonic == Mnemonic.Aam, Allowance.FlagsAtFault,
            "a division by zero in aam leaves flags of its own on the 286; today's processors leave them as they were"),
        new("C286", instruction => instruction.Mnemonic == Mnemonic.Idiv, Allowance.LostDivideError,
            "the 286 misses some quotients of idiv that do not fit into a byte, and takes 80h for them"),
        new("C286", instruction => instruction.Mnemonic == Mnemonic.Bound, Allowance.WrappedPair,
            "the 286 takes the second bound from the segment's start where the first is its last word"),
    ];

    /// <returns>The argument, or null if there is none that explains all of it.</returns>
    public static string? Reason(string processor, RecordedTest test, RecordedRun run, RecordedMachine machine) => rows.FirstOrDefault(row =>
        (row.Processor is null || row.Processor == processor) && row.Concerns(run.Instruction) && machine.Run(test, run, row.Allowance) is null)?.Reason;

    /// <param name="Processor">Null for any.</param>
    private sealed record Row(string? Processor, Func<Instruction, bool> Concerns, Allowance Allowance, string Reason);
}
