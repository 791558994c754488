namespace LguestPS;

/// <summary>How instructions are written.</summary>
public enum DisassemblySyntax
{
    /// <summary>AT&amp;T, as objdump and Linux's own sources have it.</summary>
    Gas,

    /// <summary>As Intel's manuals have it.</summary>
    Intel,

    Nasm,
}

/// <summary>An instruction in a guest's memory.</summary>
public sealed record DisassembledInstruction : AddressView
{
    public required byte[] Bytes { get; init; }

    /// <summary>The instruction, with symbols for the addresses in it.</summary>
    public required string Text { get; init; }

    /// <summary>Where a jump or call with a fixed target leads, else null.</summary>
    public required uint? Target { get; init; }

    /// <summary>Whether the guest stands here: this instruction is next.</summary>
    public required bool IsCurrent { get; init; }
}
