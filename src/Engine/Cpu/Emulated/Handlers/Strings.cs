namespace LguestPS.Cpu.Emulated;

/// <summary>One iteration of a string instruction.</summary>
internal unsafe interface IString
{
    static abstract bool UsesSource { get; }
    static abstract bool UsesDestination { get; }

    /// <summary>cmps and scas: a repeat looks at ZF too.</summary>
    static abstract bool Compares { get; }

    /// <returns>False if a fault was raised; nothing has changed then.</returns>
    static abstract bool Step<TSize>(CpuState* cpu, int sourceSegment, uint source, uint destination) where TSize : IOperandSize;
}

internal readonly unsafe struct MoveString : IString
{
    public static bool UsesSource => true;
    public static bool UsesDestination => true;
    public static bool Compares => false;

    public static bool Step<TSize>(CpuState* cpu, int sourceSegment, uint source, uint destination) where TSize : IOperandSize =>
        LongWay.Read<TSize>(cpu, sourceSegment, source, out uint value) && LongWay.Write<TSize>(cpu, SegmentNumber.Es, destination, value);
}

internal readonly unsafe struct StoreString : IString
{
    public static bool UsesSource => false;
    public static bool UsesDestination => true;
    public static bool Compares => false;

    public static bool Step<TSize>(CpuState* cpu, int sourceSegment, uint source, uint destination) where TSize : IOperandSize =>
        LongWay.Write<TSize>(cpu, SegmentNumber.Es, destination, cpu->Registers.Eax);
}

internal readonly unsafe struct LoadString : IString
{
    public static bool UsesSource => true;
    public static bool UsesDestination => false;
    public static bool Compares => false;

    public static bool Step<TSize>(CpuState* cpu, int sourceSegment, uint source, uint destination) where TSize : IOperandSize
    {
        if (!LongWay.Read<TSize>(cpu, sourceSegment, source, out uint value)) return false;
        TSize.Write(&cpu->Registers.Eax, value);
        return true;
    }
}

internal readonly unsafe struct ScanString : IString
{
    public static bool UsesSource => false;
    public static bool UsesDestination => true;
    public static bool Compares => true;

    public static bool Step<TSize>(CpuState* cpu, int sourceSegment, uint source, uint destination) where TSize : IOperandSize
    {
        if (!LongWay.Read<TSize>(cpu, SegmentNumber.Es, destination, out uint y)) return false;
        uint x = TSize.Read(&cpu->Registers.Eax);
        LazyFlags.Set<TSize>(cpu, x - y, Subtract.Carries(x, y, x - y));
        return true;
    }
}

internal readonly unsafe struct CompareString : IString
{
    public static bool UsesSource => true;
    public static bool UsesDestination => true;
    public static bool Compares => true;

    public static bool Step<TSize>(CpuState* cpu, int sourceSegment, uint source, uint destination) where TSize : IOperandSize
    {
        if (!LongWay.Read<TSize>(cpu, sourceSegment, source, out uint x)) return false;
        if (!LongWay.Read<TSize>(cpu, SegmentNumber.Es, destination, out uint y)) return false;
        LazyFlags.Set<TSize>(cpu, x - y, Subtract.Carries(x, y, x - y));
        return true;
    }
}

internal static unsafe class Strings
{
    /// <summary>So many iterations may take as long as hundreds of other instructions, if each walks the page tables.</summary>
    private const uint LongRepeat = 16;

    /// <summary>Not repeated.</summary>
    public static Operation* Once<TString, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TString : IString where TSize : IOperandSize =>
        Step<TString, TSize>(cpu, op) ? SlowMemory.Next(cpu, op, tlb) : Flow.Fault(cpu, op);

    /// <summary>Repeated. After <see cref="CpuState.RepeatLimit"/> iterations the instruction counts as done and starts again.</summary>
    public static Operation* Repeated<TString, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TString : IString where TSize : IOperandSize
    {
        bool whileEqual = (op->Traits & OperationTraits.RepeatWhileNotEqual) == 0;
        uint left = cpu->RepeatLimit;
        while (LoopCounter.Read(cpu, op) != 0)
        {
            if (left == 0)
            {
                cpu->Repeating = true;
                return Flow.LeaveTo(cpu, op, Flow.EipOf(op));
            }

            uint done = TString.Compares ? 0 : BulkStrings.Try<TString, TSize>(cpu, op, Math.Min(left, LoopCounter.Read(cpu, op)));
            if (done == 0)
            {
                if (!Step<TString, TSize>(cpu, op))
                {
                    cpu->RepeatLeft = left;
                    return Flow.Fault(cpu, op);
                }

                LoopCounter.Decrement(cpu, op);
                done = 1;
            }

            left -= done;
            if (TString.Compares && LazyFlags.IsZero(cpu) != whileEqual) break;
        }

        return cpu->RepeatLimit - left >= LongRepeat && CpuState.OwnerOf(cpu).IsKicked ? Flow.Leave(cpu, op) : SlowMemory.Next(cpu, op, tlb);
    }

    public static HandlerPair Select<TString>(OperandWidth width, bool repeated) where TString : IString => (width, repeated) switch
    {
        (OperandWidth.Byte, false) => MakeOnce<TString, Bits8>(),
        (OperandWidth.Word, false) => MakeOnce<TString, Bits16>(),
        (_, false) => MakeOnce<TString, Bits32>(),
        (OperandWidth.Byte, true) => MakeRepeated<TString, Bits8>(),
        (OperandWidth.Word, true) => MakeRepeated<TString, Bits16>(),
        _ => MakeRepeated<TString, Bits32>(),
    };

    private static HandlerPair MakeOnce<TString, TSize>() where TString : IString where TSize : IOperandSize =>
        new(new(OperationForm.String, typeof(TString)) { Width = TSize.Width }, &Once<TString, TSize>);

    private static HandlerPair MakeRepeated<TString, TSize>() where TString : IString where TSize : IOperandSize =>
        new(new(OperationForm.RepeatedString, typeof(TString)) { Width = TSize.Width }, &Repeated<TString, TSize>);

    private static bool Step<TString, TSize>(CpuState* cpu, Operation* op) where TString : IString where TSize : IOperandSize
    {
        bool isShort = (op->Traits & OperationTraits.ShortAddress) != 0;
        uint source = isShort ? (ushort)cpu->Registers.Esi : cpu->Registers.Esi;
        uint destination = isShort ? (ushort)cpu->Registers.Edi : cpu->Registers.Edi;
        if (!TString.Step<TSize>(cpu, op->Segment, source, destination)) return false;

        uint step = (cpu->Registers.Eflags & Eflags.Direction) == 0 ? TSize.Bytes : 0 - TSize.Bytes;
        if (TString.UsesSource) Advance(&cpu->Registers.Esi, step, isShort);
        if (TString.UsesDestination) Advance(&cpu->Registers.Edi, step, isShort);
        return true;
    }

    private static void Advance(uint* register, uint step, bool isShort)
    {
        if (isShort) *(ushort*)register += (ushort)step;
        else *register += step;
    }
}
