namespace LguestPS.Cpu.Emulated;

/// <summary>What a handler does, and on which operands: enough to do the same by other means. See <see cref="HandlerTable"/>.</summary>
/// <param name="Form">Where its operands are and how it goes on.</param>
/// <param name="Action">The type that says what is done with them, such as <c>IntoRegister&lt;Add&gt;</c>; null if the form says it all.</param>
internal readonly record struct Meaning(OperationForm Form, Type? Action = null)
{
    /// <summary>How wide the operands are; for what the form or the action fix, it is <see cref="OperandWidth.Byte"/>.</summary>
    public OperandWidth Width { get; init; }

    /// <summary>Where the operand is taken from that is neither a destination nor in memory: <see cref="FromRegister"/> and the like.</summary>
    public Type? Source { get; init; }

    /// <summary>How the address of the operand in memory comes about; null if there is none, or the action finds it by itself.</summary>
    public AddressKind? Address { get; init; }

    /// <summary>What kind of register the destination of a vector instruction is: <see cref="XmmPlace"/> and the like. For these <see cref="Source"/> is such a type, too.</summary>
    public Type? Destination { get; init; }

    /// <summary>Whether the stack is a flat segment, for what uses it.</summary>
    public bool FlatStack { get; init; }

    /// <summary>Whether the flags that it leaves can be seen, where there is a choice.</summary>
    public bool FlagsSeen { get; init; }

    /// <summary>The condition code, 0 to 15 (Intel SDM volume 2, appendix B), of what is conditional.</summary>
    public int? Condition { get; init; }

    /// <summary>The type of what is in memory, for the x87 <see cref="SingleFormat"/> and the like, for vectors <see cref="Vector16"/> and the like.</summary>
    public Type? Format { get; init; }

    /// <summary>Whether memory is reached the long way round.</summary>
    public bool IsSlow { get; init; }

    /// <summary>One line to read in a test or a debugger.</summary>
    public override string ToString()
    {
        List<string> parts = [Form.ToString()];
        if (Action is not null) parts.Add(NameOf(Action));
        parts.Add($"{8 << (int)Width} bits");
        if (Condition is { } condition) parts.Add($"condition {condition:x}");
        if (Destination is not null) parts.Add(NameOf(Destination));
        if (Source is not null) parts.Add(NameOf(Source));
        if (Address is { } address) parts.Add(address.ToString());
        if (Format is not null) parts.Add(NameOf(Format));
        if (FlatStack) parts.Add("flat stack");
        if (FlagsSeen) parts.Add("flags seen");
        if (IsSlow) parts.Add("slow");
        return string.Join(", ", parts);
    }

    private static string NameOf(Type type)
    {
        int tick = type.Name.IndexOf('`');
        return tick < 0 ? type.Name : $"{type.Name[..tick]}<{string.Join(',', type.GenericTypeArguments.Select(NameOf))}>";
    }
}

/// <summary>The ways in which a handler puts its operands, its action and the way onwards together: one for each generic handler.</summary>
internal enum OperationForm : byte
{
    /// <summary>The action gets a register or an immediate.</summary>
    Read,
    ReadMemory,

    /// <summary>The action replaces a register by something made from it.</summary>
    Modify,
    ModifyMemory,

    /// <summary>The action's value replaces a register.</summary>
    Write,
    WriteMemory,

    /// <summary>The action knows its registers by itself.</summary>
    Plain,

    /// <summary>The action reaches memory by itself.</summary>
    Rare,

    /// <summary>As <see cref="Rare"/>, and what follows is looked up anew.</summary>
    Leaving,

    /// <summary>jcc on the kept flags; of each pair of conditions there is only the even one, and the other swaps the links.</summary>
    Branch,

    /// <summary>Goes to the block of the first link.</summary>
    Goto,

    /// <summary>The action counts, and decides between the links.</summary>
    Loop,
    Jump,
    JumpMemory,

    /// <summary>A call with a link.</summary>
    CallLinked,
    Call,
    CallMemory,
    Return,

    /// <summary>cmp or test of a register with a register or an immediate, and a jcc.</summary>
    CompareBranch,

    /// <summary>The first operand is in memory.</summary>
    CompareBranchMemory,

    /// <summary>The second operand is in memory.</summary>
    CompareBranchWithMemory,

    /// <summary>The action on a register of 32 bits and the source, and a jcc.</summary>
    ArithmeticBranch,

    /// <summary>The action on a register of 32 bits, and a jcc.</summary>
    CountBranch,
    Push,
    PushMemory,
    Pop,
    Leave,
    String,
    RepeatedString,
    FarJump,
    FarJumpMemory,
    FarCall,
    FarCallMemory,
    FarReturn,
    InterruptReturn,
    RaiseFault,
    Interrupt,
    InterruptIfOverflow,
    DebugInterrupt,
    Vmcall,

    /// <summary>The action works on x87 registers.</summary>
    FpuRegisters,
    FpuRead,

    /// <summary>Stores st(0); the action says whether it is popped.</summary>
    FpuWrite,

    /// <summary>The action makes a register from its old value and another register.</summary>
    VectorRegisters,
    VectorRead,
    VectorWrite,

    /// <summary>Begins a covered block: counts how often it was come to from the one before.</summary>
    Cover,

    /// <summary>Goes on as machine code: what the operation did before is known to no one else.</summary>
    Compiled,

    /// <summary>The block is no longer valid: its address is looked up anew.</summary>
    Dropped,
}
