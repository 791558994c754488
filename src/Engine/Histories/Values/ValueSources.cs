using Iced.Intel;

namespace LguestPS.Histories;

/// <summary>An instruction that was done, and what was before and after it.</summary>
/// <param name="Position">Before it.</param>
/// <param name="Instruction">It.</param>
/// <param name="Before">The registers before it.</param>
/// <param name="After">After it.</param>
/// <param name="SegmentBase">The bases of the segments that it may use.</param>
internal sealed record DoneInstruction(RunPosition Position, Instruction Instruction, GuestRegisters Before, GuestRegisters After, Func<Register, uint> SegmentBase)
{
    public uint Linear(int operand) => (uint)Instruction.GetVirtualAddress(operand, 0, (register, _, _) => ValueOf(register));

    private ulong ValueOf(Register register) =>
        register.IsSegmentRegister() ? SegmentBase(register) : ValuePlace.Of(register) is { } place ? place.ValueIn(Before) : 0;
}

/// <summary>Where what an instruction has put somewhere came from.</summary>
/// <param name="Part">The bytes of the place that it has written.</param>
/// <param name="Origin">How.</param>
/// <param name="Places">From where.</param>
internal sealed record ValueSource(ValuePlace Part, ValueOrigin Origin, IReadOnlyList<ValuePlace> Places)
{
    public static ValueSource Constant(ValuePlace part) => new(part, ValueOrigin.Constant, []);

    public static ValueSource Copy(ValuePlace part, ValuePlace from) => new(part, ValueOrigin.Copy, [from]);

    public static ValueSource Input(ValuePlace part) => new(part, ValueOrigin.Input, []);
}

/// <summary>Knows of instructions which operands become which.</summary>
internal static class ValueSources
{
    private const uint Word = 4;
    private const int Esp = 4;

    private static readonly Register[] PushedByAll = [Register.EDI, Register.ESI, Register.EBP, Register.ESP, Register.EBX, Register.EDX, Register.ECX, Register.EAX];

    /// <summary>What an instruction has done to a place.</summary>
    /// <returns>Null if it has not written there.</returns>
    public static ValueSource? Of(DoneInstruction done, ValuePlace place)
    {
        Instruction instruction = done.Instruction;
        if (instruction.IsStringInstruction) return OfString(done, place);
        if (instruction.IsStackInstruction && OfStack(done, place) is { } stack) return stack.Part.Length == 0 ? null : stack;

        InstructionInfo info = new InstructionInfoFactory().GetInfo(instruction);
        for (int operand = 0; operand < instruction.OpCount; operand++)
        {
            if (!Writes(info.GetOpAccess(operand)) || PlaceOf(done, operand) is not { } written || place.Common(written) is not { } part) continue;
            return Of(done, info, operand, written, part);
        }
        return OfImplied(done, info, place);
    }

    private static ValueSource Of(DoneInstruction done, InstructionInfo info, int operand, ValuePlace written, ValuePlace part)
    {
        Instruction instruction = done.Instruction;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov or Mnemonic.Movzx or Mnemonic.Movq or Mnemonic.Movd or Mnemonic.Movaps or Mnemonic.Movups or Mnemonic.Movdqa or Mnemonic.Movdqu:
                return Moved(done, written, part);
            case Mnemonic.Movsx:
                return PlaceOf(done, 1) is { } narrow && part.Address - written.Address < narrow.Length ? Copy(part, written, narrow) : Computed(done, info, part);
            case Mnemonic.Xchg:
                return PlaceOf(done, 1 - operand) is { } other ? Copy(part, written, other) : Unknown(part);
            case Mnemonic.Xadd when operand == 1:
                return PlaceOf(done, 0) is { } first ? Copy(part, written, first) : Unknown(part);
            case Mnemonic.Xor or Mnemonic.Sub or Mnemonic.Pxor when instruction.Op0Kind == OpKind.Register && instruction.Op1Kind == OpKind.Register && instruction.Op0Register == instruction.Op1Register:
                return ValueSource.Constant(part);
            case Mnemonic.And when IsImmediate(instruction, 1) && instruction.GetImmediate(1) == 0:
            case Mnemonic.Or when IsImmediate(instruction, 1) && (uint)instruction.GetImmediate(1) == uint.MaxValue:
                return ValueSource.Constant(part);
            case Mnemonic.Lea:
                return Address(instruction, part);
            case Mnemonic.In or Mnemonic.Rdtsc or Mnemonic.Cpuid:
                return ValueSource.Input(part);
        }
        if (instruction.ConditionCode != ConditionCode.None && instruction.Mnemonic.ToString().StartsWith("Cmov", StringComparison.Ordinal))
            return !written.IsMemory && written.ValueIn(done.After) != written.ValueIn(done.Before) && PlaceOf(done, 1) is { } taken ? Copy(part, written, taken) : Copy(part, written, written);
        return Computed(done, info, part);
    }

    private static ValueSource Moved(DoneInstruction done, ValuePlace written, ValuePlace part)
    {
        if (IsImmediate(done.Instruction, 1)) return ValueSource.Constant(part);
        if (PlaceOf(done, 1) is not { } source) return Unknown(part);
        // Beyond the source of an extension there are zeros.
        return part.Address - written.Address >= source.Length ? ValueSource.Constant(part) : Copy(part, written, source);
    }

    /// <summary>The source's bytes that correspond to the part, as far as it has so many.</summary>
    private static ValueSource Copy(ValuePlace part, ValuePlace written, ValuePlace source)
    {
        uint offset = part.Address - written.Address, length = Math.Min(part.Length, source.Length - offset);
        ValuePlace kept = part with { Length = length };
        return ValueSource.Copy(kept, source.Like(kept, written));
    }

    private static ValueSource Address(in Instruction instruction, ValuePlace part)
    {
        ValuePlace[] sources = [.. ((Register[])[instruction.MemoryBase, instruction.MemoryIndex]).Where(register => register != Register.None).Select(register => ValuePlace.Of(register)!.Value)];
        return sources.Length == 0 ? ValueSource.Constant(part)
            : sources.Length == 1 && instruction.MemoryDisplacement32 == 0 && instruction.MemoryIndexScale == 1 ? ValueSource.Copy(part, sources[0])
            : new ValueSource(part, ValueOrigin.Computation, sources);
    }

    /// <summary>Everything that is read, except what only tells an address.</summary>
    private static ValueSource Computed(DoneInstruction done, InstructionInfo info, ValuePlace part)
    {
        Instruction instruction = done.Instruction;
        List<ValuePlace> sources = [];
        for (int operand = 0; operand < instruction.OpCount; operand++)
            if (Reads(info.GetOpAccess(operand)) && PlaceOf(done, operand) is { } read && !sources.Contains(read)) sources.Add(read);
        foreach (Register implied in Implied(instruction))
            if (ValuePlace.Of(implied) is { } read && !sources.Contains(read)) sources.Add(read);
        return sources.Count == 0 ? Unknown(part) : new ValueSource(part, ValueOrigin.Computation, sources);
    }

    private static Register[] Implied(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Mul or Mnemonic.Imul when instruction.OpCount == 1 => [Register.EAX],
        Mnemonic.Div or Mnemonic.Idiv => [Register.EAX, Register.EDX],
        Mnemonic.Cdq or Mnemonic.Cwd or Mnemonic.Cwde or Mnemonic.Cbw => [Register.EAX],
        Mnemonic.Cmpxchg => [Register.EAX],
        _ => [],
    };

    /// <summary>A register that no operand names.</summary>
    private static ValueSource? OfImplied(DoneInstruction done, InstructionInfo info, ValuePlace place)
    {
        if (place.IsMemory) return null;
        foreach (UsedRegister used in info.GetUsedRegisters())
        {
            if (!Writes(used.Access) || ValuePlace.Of(used.Register) is not { } written || place.Common(written) is not { } part) continue;
            return done.Instruction.Mnemonic is Mnemonic.Rdtsc or Mnemonic.Cpuid or Mnemonic.Rdmsr ? ValueSource.Input(part) : Computed(done, info, part);
        }
        return null;
    }

    /// <returns>Null if the instruction is handled like any other; a part without bytes if it does not write there.</returns>
    private static ValueSource? OfStack(DoneInstruction done, ValuePlace place)
    {
        Instruction instruction = done.Instruction;
        ValuePlace nothing = place with { Length = 0 };
        uint esp = done.Before.Esp;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Push when place.IsMemory:
                ValuePlace slot = ValuePlace.Memory(esp - Word, Word);
                if (place.Common(slot) is not { } pushed) return new ValueSource(nothing, ValueOrigin.Unknown, []);
                return IsImmediate(instruction, 0) ? ValueSource.Constant(pushed) : PlaceOf(done, 0) is { } source && source.Length == Word ? Copy(pushed, slot, source) : Unknown(pushed);
            case Mnemonic.Call when place.IsMemory:
                return place.Common(ValuePlace.Memory(esp - Word, Word)) is { } saved ? ValueSource.Constant(saved) : new ValueSource(nothing, ValueOrigin.Unknown, []);
            case Mnemonic.Pushad when place.IsMemory:
                for (int i = 0; i < PushedByAll.Length; i++)
                {
                    ValuePlace one = ValuePlace.Memory(esp - Word * 8 + Word * (uint)i, Word);
                    if (place.Common(one) is { } part) return Copy(part, one, ValuePlace.Of(PushedByAll[i])!.Value);
                }
                return new ValueSource(nothing, ValueOrigin.Unknown, []);
            case Mnemonic.Pop when PlaceOf(done, 0) is { } popped && place.Common(popped) is { } into:
                return Copy(into, popped, ValuePlace.Memory(esp, Word));
            case Mnemonic.Popad when !place.IsMemory && place.Register != Esp:
                int index = Array.FindIndex(PushedByAll, register => ValuePlace.Of(register)!.Value.Register == place.Register);
                return Copy(place, new ValuePlace(place.Register, 0, Word), ValuePlace.Memory(esp + Word * (uint)index, Word));
            case Mnemonic.Leave when place.Register == 5:
                return Copy(place, new ValuePlace(5, 0, Word), ValuePlace.Memory(done.Before.Ebp, Word));
            case Mnemonic.Leave when place.Register == Esp:
                return new ValueSource(place, ValueOrigin.Computation, [new ValuePlace(5, 0, Word)]);
            default:
                // Where the stack pointer moves by a number of its own, that it comes from itself is all there is to say.
                return place.Register == Esp && instruction.StackPointerIncrement != 0 ? new ValueSource(place, ValueOrigin.Computation, [new ValuePlace(Esp, 0, Word)])
                    : place.IsMemory || instruction.Mnemonic != Mnemonic.Pop ? null : new ValueSource(nothing, ValueOrigin.Unknown, []);
        }
    }

    /// <summary>A string instruction, with all of its iterations.</summary>
    private static ValueSource? OfString(DoneInstruction done, ValuePlace place)
    {
        Instruction instruction = done.Instruction;
        uint size = (uint)instruction.MemorySize.GetSize();
        bool repeats = instruction.HasRepPrefix || instruction.HasRepnePrefix, down = (done.Before.Eflags & Cpu.Eflags.Direction) != 0;
        uint count = repeats ? done.Before.Ecx - done.After.Ecx : 1;
        if (count == 0) return null;
        if (!place.IsMemory)
        {
            if (place.Register == 0 && instruction.Mnemonic is Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd && place.Common(new ValuePlace(0, 0, size)) is { } loaded)
                return Copy(loaded, new ValuePlace(0, 0, size), ValuePlace.Memory(done.After.Esi + (down ? size : 0u - size), size));
            bool moves = (place.Register == 7 && done.After.Edi != done.Before.Edi) || (place.Register == 6 && done.After.Esi != done.Before.Esi) || (place.Register == 1 && repeats);
            return moves ? new ValueSource(place, ValueOrigin.Computation, [place]) : null;
        }
        uint first = down ? done.Before.Edi - size * (count - 1) : done.Before.Edi;
        if (place.Common(ValuePlace.Memory(first, size * count)) is not { } part) return null;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd:
                return ValueSource.Copy(part, ValuePlace.Memory(part.Address + (done.Before.Esi - done.Before.Edi), part.Length));
            case Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd:
                uint offset = (part.Address - first) % size;
                ValuePlace stored = part with { Length = Math.Min(part.Length, size - offset) };
                return ValueSource.Copy(stored, new ValuePlace(0, offset, stored.Length));
            case Mnemonic.Insb or Mnemonic.Insw or Mnemonic.Insd:
                return ValueSource.Input(part);
            default:
                return null;
        }
    }

    private static ValuePlace? PlaceOf(DoneInstruction done, int operand) => done.Instruction.GetOpKind(operand) switch
    {
        OpKind.Register => ValuePlace.Of(done.Instruction.GetOpRegister(operand)),
        OpKind.Memory when done.Instruction.MemorySize.GetSize() is > 0 and var size => ValuePlace.Memory(done.Linear(operand), (uint)size),
        _ => null,
    };

    private static bool IsImmediate(in Instruction instruction, int operand) =>
        operand < instruction.OpCount && instruction.GetOpKind(operand) is >= OpKind.Immediate8 and <= OpKind.Immediate32to64;

    private static ValueSource Unknown(ValuePlace part) => new(part, ValueOrigin.Unknown, []);

    private static bool Writes(OpAccess access) => access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite;

    private static bool Reads(OpAccess access) => access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
}
