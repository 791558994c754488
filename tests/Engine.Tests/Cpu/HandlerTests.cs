using System.Reflection;
using Iced.Intel;
using LguestPS.Cpu.Emulated;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>From every operation that the translator makes, what the instruction does can be read back.</summary>
public sealed class HandlerTests : IDisposable
{
    private readonly TranslatedCode code = new();

    public void Dispose() => code.Dispose();

    [Theory]
    [InlineData(CpuMode.FlatCode | CpuMode.FlatData)]
    [InlineData(CpuMode.FlatCode)]
    internal void Every_instruction_is_told_by_its_operation(CpuMode mode)
    {
        var failures = new SortedSet<string>();
        int checkedCount = 0;
        foreach (byte[] bytes in Encodings())
        {
            Instruction instruction = Decode(bytes);
            Meaning meaning = code.Translate(mode | CpuMode.SingleStep, bytes)[0];
            checkedCount++;
            if (Difference(instruction, meaning, mode) is { } difference) failures.Add($"{instruction}: {difference} ({meaning})");
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(40)));
        Assert.InRange(checkedCount, 30_000, int.MaxValue);
    }

    [Fact]
    public void A_comparison_and_its_branch_are_told_by_one_operation()
    {
        byte[][] firsts =
        [
            [0x39, 0xC8], [0x38, 0xC8], [0x66, 0x39, 0xC8], [0x3B, 0x03], [0x39, 0x03], [0x83, 0x3B, 5], [0x83, 0xF9, 5],
            [0x85, 0xC8], [0xA8, 1], [0xF6, 0x03, 1], [0x01, 0xC8], [0x83, 0xC0, 1], [0x29, 0xC8], [0x21, 0xC8], [0x09, 0xC8], [0x40], [0x48],
        ];
        foreach (byte[] first in firsts)
        {
            for (int condition = 0; condition < 16; condition++)
            {
                byte[] bytes = [.. first, (byte)(0x70 + condition), 0x10];
                Meaning meaning = code.Translate(CpuMode.FlatCode | CpuMode.FlatData, bytes)[0];
                Instruction instruction = Decode(bytes);
                Assert.Equal(condition & ~1, meaning.Condition);
                Assert.Contains(Leaf(meaning), Names(instruction.Mnemonic));
                Assert.Equal(WidthOf(instruction), meaning.Width);
                Assert.Equal(instruction.Op0Kind == OpKind.Memory || instruction.Op1Kind == OpKind.Memory, meaning.Address is not null);
                Assert.True(meaning.FlagsSeen);
            }
        }
    }

    [Fact]
    public void No_two_handlers_mean_the_same()
    {
        Every_instruction_is_told_by_its_operation(CpuMode.FlatCode | CpuMode.FlatData);
        Every_instruction_is_told_by_its_operation(CpuMode.FlatCode);
        var twice = HandlerTable.Known.GroupBy(known => known.Value).Where(group => group.Count() > 1).Select(group => group.Key.ToString());
        Assert.Equal([], twice);
    }

    [Fact]
    public void Every_generic_handler_has_a_form_of_its_own()
    {
        var handlers = typeof(Operation).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(Operation).Namespace)
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(IsHandler)
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}")
            .ToList();
        // These have the shape of a handler, but are no operation's: ways onwards.
        string[] ways = ["Flow.Next", "Flow.Depart", "FastMemory.Miss", "FastMemory.Next", "SlowMemory.Miss", "SlowMemory.Next", "IMemoryAccess.Miss", "IMemoryAccess.Next",
            "VectorSkeletons.RegistersCarefully", "VectorSkeletons.ReadMemoryCarefully"];
        Assert.Equal(Enum.GetValues<OperationForm>().Length, handlers.Except(ways).Count());
    }

    [Fact]
    public void A_handler_that_was_not_made_as_one_is_refused()
    {
        string message = Assert.Throws<InvalidOperationException>(TranslatedCode.MeaningOfNothing).Message;
        Assert.Contains("has no meaning", message);
    }

    private static bool IsHandler(MethodInfo method)
    {
        Type[] parameters = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
        return method.ReturnType == typeof(Operation).MakePointerType()
            && parameters.SequenceEqual([typeof(CpuState).MakePointerType(), typeof(Operation).MakePointerType(), typeof(TlbEntry).MakePointerType()]);
    }

    /// <summary>Every opcode with every second byte, with and without the prefixes that make other operands of it.</summary>
    private static IEnumerable<byte[]> Encodings()
    {
        var opcodes = OpcodeTable.Weighted.Concat(Enumerable.Range(0xD8, 8).Select(o => new[] { (byte)o }))
            .Concat([[0x0F, 0xA2], [0x0F, 0x31], [0x9B], [0x0F, 0xAE]]).DistinctBy(Convert.ToHexString);
        byte[][] prefixes = [[], [0x66], [0x67], [0x65], [0xF3]];
        foreach (byte[] opcode in opcodes)
        foreach (byte[] prefix in prefixes)
        for (int second = 0; second < 256; second++)
        {
            byte[] bytes = [.. prefix, .. opcode, (byte)second, 0x24, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70];
            Instruction instruction = Decode(bytes);
            bool hasSecond = instruction.Length > prefix.Length + opcode.Length;
            if (!instruction.IsInvalid && (hasSecond || second == 0)) yield return bytes[..instruction.Length];
        }
    }

    private static Instruction Decode(byte[] bytes) => Decoder.Create(32, bytes, TranslatedCode.Start, InstructionSet.Decoding).Decode();

    /// <summary>What the operation should say and does not.</summary>
    private static string? Difference(in Instruction instruction, in Meaning meaning, CpuMode mode)
    {
        if (instruction.IsPrivileged || meaning.Form == OperationForm.RaiseFault) return null;
        bool isFloatingPoint = instruction.CpuidFeatures.Any(feature => feature.ToString().StartsWith("FPU", StringComparison.Ordinal));
        if (!isFloatingPoint && !Names(instruction.Mnemonic).Contains(Leaf(meaning))) return $"is told as {Leaf(meaning)}";
        if (instruction.ConditionCode != ConditionCode.None && !isFloatingPoint && meaning.Form != OperationForm.Loop)
        {
            int condition = (int)instruction.ConditionCode - 1;
            int? told = meaning.Form == OperationForm.Branch ? meaning.Condition : ConditionOf(meaning.Action!);
            if (told != (meaning.Form == OperationForm.Branch ? condition & ~1 : condition)) return $"is told as condition {told}";
        }

        switch (meaning.Form)
        {
            case OperationForm.Read or OperationForm.Modify or OperationForm.Write or OperationForm.Plain or OperationForm.FpuRegisters
                when instruction.Mnemonic is not (Mnemonic.Lea or Mnemonic.Nop or Mnemonic.Reservednop) && HasMemoryOperand(instruction):
                return "has an operand in memory";
            case OperationForm.ReadMemory or OperationForm.ModifyMemory or OperationForm.WriteMemory or OperationForm.FpuRead or OperationForm.FpuWrite:
                if (!HasMemoryOperand(instruction)) return "has no operand in memory";
                bool isFlat = (mode & CpuMode.FlatData) != 0 && instruction.MemoryBase.GetSize() != 2 && instruction.MemoryIndex.GetSize() != 2
                    && instruction.MemoryDisplSize != 2 && instruction.MemorySegment is not (Register.FS or Register.GS or Register.CS);
                if (instruction.Mnemonic is Mnemonic.Lar or Mnemonic.Lsl) break;       // too rare for more than one kind
                if (isFlat != meaning.Address is AddressKind.FlatBase or AddressKind.FlatIndexed && meaning.Address != AddressKind.BitString)
                    return "has another kind of address";
                break;
        }

        bool isSized = meaning.Form is OperationForm.Read or OperationForm.Modify or OperationForm.ReadMemory or OperationForm.ModifyMemory or OperationForm.WriteMemory
            && instruction.Mnemonic is Mnemonic.Add or Mnemonic.Adc or Mnemonic.Sub or Mnemonic.Sbb or Mnemonic.And or Mnemonic.Or or Mnemonic.Xor or Mnemonic.Cmp
                or Mnemonic.Test or Mnemonic.Inc or Mnemonic.Dec or Mnemonic.Neg or Mnemonic.Not or Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar
                or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Mul or Mnemonic.Div or Mnemonic.Imul or Mnemonic.Xchg or Mnemonic.Xadd or Mnemonic.Push;
        if (isSized && WidthOf(instruction) != meaning.Width) return "has another width";
        if (meaning.Source == typeof(FromImmediate) && meaning.Form is OperationForm.Read or OperationForm.Push
            && instruction.GetOpKind(instruction.OpCount - 1) is OpKind.Register or OpKind.Memory) return "has no immediate operand";
        return null;
    }

    private static bool HasMemoryOperand(Instruction instruction) =>
        Enumerable.Range(0, instruction.OpCount).Any(i => instruction.GetOpKind(i) == OpKind.Memory);

    private static OperandWidth WidthOf(in Instruction instruction)
    {
        int bytes = instruction.Op0Kind == OpKind.Register ? instruction.Op0Register.GetSize() : instruction.MemorySize.GetSize();
        return bytes switch { 1 => OperandWidth.Byte, 2 => OperandWidth.Word, _ => OperandWidth.Long };
    }

    private static int? ConditionOf(Type action) =>
        (int?)action.GenericTypeArguments.Single().GetProperty("Code", BindingFlags.Static | BindingFlags.Public)?.GetValue(null);

    /// <summary>The innermost name that says what is done: <c>Add</c> for <c>IntoRegister&lt;Add&gt;</c>; the form's, where there is no action.</summary>
    private static string Leaf(in Meaning meaning)
    {
        if (meaning.Action is not { } action) return meaning.Form.ToString();
        string[] wrappers = ["IntoRegister", "IntoMemory", "AgainstMemory", "Shifted", "ToLong"];
        string name = action.Name.Split('`')[0];
        return wrappers.Contains(name) ? action.GenericTypeArguments[0].Name : name;
    }

    private static string[] Names(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Add => ["Add"], Mnemonic.Or => ["Or"], Mnemonic.Adc => ["AddWithCarry"], Mnemonic.Sbb => ["SubtractWithBorrow"],
        Mnemonic.And => ["And"], Mnemonic.Sub => ["Subtract"], Mnemonic.Xor => ["Xor"],
        Mnemonic.Cmp => ["Compare", "FusedCompare"], Mnemonic.Test => ["Test", "FusedTest"],
        Mnemonic.Inc => ["Increment"], Mnemonic.Dec => ["Decrement"], Mnemonic.Neg => ["Negate"], Mnemonic.Not => ["Complement"],
        Mnemonic.Shl or Mnemonic.Sal => ["ShiftLeft"], Mnemonic.Shr => ["ShiftRight"], Mnemonic.Sar => ["ShiftArithmeticRight"],
        Mnemonic.Rol => ["RotateLeft"], Mnemonic.Ror => ["RotateRight"], Mnemonic.Rcl => ["RotateCarryLeft"], Mnemonic.Rcr => ["RotateCarryRight"],
        Mnemonic.Shld => ["ShiftLeftDouble"], Mnemonic.Shrd => ["ShiftRightDouble"],
        Mnemonic.Bt => ["BitTest"], Mnemonic.Bts => ["BitSet"], Mnemonic.Btr => ["BitReset"], Mnemonic.Btc => ["BitComplement"],
        Mnemonic.Bsf => ["BitScanForward"], Mnemonic.Bsr => ["BitScanReverse"], Mnemonic.Bswap => ["SwapBytes"],
        Mnemonic.Mul => ["MultiplyUnsigned"], Mnemonic.Imul => ["MultiplySigned", "MultiplyInto", "MultiplyByImmediate"],
        Mnemonic.Div => ["DivideUnsigned"], Mnemonic.Idiv => ["DivideSigned"],
        Mnemonic.Xadd => ["ExchangeAdd"], Mnemonic.Cmpxchg => ["CompareExchange"], Mnemonic.Cmpxchg8b => ["CompareExchange8Bytes"], Mnemonic.Xchg => ["Exchange"],
        Mnemonic.Mov => ["Move", "Store", "LoadSelector", "StoreSelector"], Mnemonic.Movzx => ["MoveZeroExtended"], Mnemonic.Movsx => ["MoveSignExtended"],
        Mnemonic.Lea => ["LoadEffectiveAddress"], Mnemonic.Xlatb => ["TranslateByte"],
        Mnemonic.Cbw => ["ConvertByteToWord"], Mnemonic.Cwde => ["ConvertWordToLong"], Mnemonic.Cwd => ["SpreadWordSign"], Mnemonic.Cdq => ["SpreadLongSign"],
        Mnemonic.Nop or Mnemonic.Pause or Mnemonic.Reservednop => ["NoOperation"],
        Mnemonic.Daa or Mnemonic.Das => ["AdjustPacked"], Mnemonic.Aaa or Mnemonic.Aas => ["AdjustUnpacked"],
        Mnemonic.Aam => ["AdjustMultiply"], Mnemonic.Aad => ["AdjustDivide"],
        Mnemonic.Clc => ["ClearCarry"], Mnemonic.Stc => ["SetCarry"], Mnemonic.Cmc => ["ComplementCarry"],
        Mnemonic.Cld => ["ClearDirection"], Mnemonic.Std => ["SetDirection"],
        Mnemonic.Lahf => ["LoadFlags"], Mnemonic.Sahf => ["StoreFlags"], Mnemonic.Salc => ["SpreadCarry"],
        Mnemonic.Push => ["Push", "PushMemory", "PushSelector"], Mnemonic.Pop => ["Pop", "PopMemory", "PopSelector"],
        Mnemonic.Pushad or Mnemonic.Pusha => ["PushAll"], Mnemonic.Popad or Mnemonic.Popa => ["PopAll"],
        Mnemonic.Pushfd or Mnemonic.Pushf => ["PushFlags"], Mnemonic.Popfd or Mnemonic.Popf => ["PopFlags"],
        Mnemonic.Enter => ["Enter"], Mnemonic.Leave => ["Leave"],
        Mnemonic.Jmp => ["Goto", "Jump", "JumpMemory", "FarJump", "FarJumpMemory"],
        Mnemonic.Call => ["Call", "CallLinked", "CallMemory", "FarCall", "FarCallMemory"],
        Mnemonic.Ret => ["Return"], Mnemonic.Retf => ["FarReturn"], Mnemonic.Iret or Mnemonic.Iretd => ["InterruptReturn"],
        Mnemonic.Loop => ["LoopAlways"], Mnemonic.Loope => ["LoopWhileEqual"], Mnemonic.Loopne => ["LoopWhileNotEqual"],
        Mnemonic.Jecxz or Mnemonic.Jcxz => ["JumpIfCounterZero"],
        Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd => ["MoveString"], Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd => ["StoreString"],
        Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd => ["LoadString"], Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd => ["ScanString"],
        Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd => ["CompareString"],
        Mnemonic.Int or Mnemonic.Int3 => ["Interrupt"], Mnemonic.Into => ["InterruptIfOverflow"], Mnemonic.Int1 => ["DebugInterrupt"],
        Mnemonic.Vmcall or Mnemonic.Vmmcall => ["Vmcall"],
        Mnemonic.Wait => ["WaitForFpu"], Mnemonic.Fxsave => ["ExtendedSave"], Mnemonic.Fxrstor => ["ExtendedRestore"],
        Mnemonic.Ldmxcsr => ["LoadMxcsr"], Mnemonic.Stmxcsr => ["StoreMxcsr"], Mnemonic.Clflush => ["FlushCacheLine"],
        Mnemonic.Lfence or Mnemonic.Mfence or Mnemonic.Sfence => ["NoOperation"],
        Mnemonic.Cpuid => ["Identify"], Mnemonic.Rdtsc => ["ReadTimeStamp"], Mnemonic.Bound => ["CheckBounds"],
        Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss => ["LoadFarPointer"],
        Mnemonic.Lar => ["LoadAccessRights"], Mnemonic.Lsl => ["LoadSegmentLimit"], Mnemonic.Verr => ["VerifyRead"], Mnemonic.Verw => ["VerifyWrite"],
        Mnemonic.Arpl => ["AdjustRequestedLevel"], Mnemonic.Sgdt or Mnemonic.Sidt => ["StoreDescriptorTable"],
        Mnemonic.Sldt or Mnemonic.Str => ["StoreConstant"], Mnemonic.Smsw => ["StoreMachineStatus"],
        _ when mnemonic.ToString().StartsWith("Set", StringComparison.Ordinal) => ["SetIf"],
        _ when mnemonic.ToString().StartsWith("Cmov", StringComparison.Ordinal) => ["MoveIf"],
        _ when mnemonic.ToString().StartsWith('J') => ["Branch"],
        _ => [],
    };
}
