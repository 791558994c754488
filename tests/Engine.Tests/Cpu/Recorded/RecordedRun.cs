using Iced.Intel;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>A recorded instruction as it is put before the emulated CPU.</summary>
/// <param name="Instruction">As recorded, decoded.</param>
/// <param name="Code">Bytes to put at <paramref name="Start"/>; null if they are part of the recorded memory.</param>
/// <param name="Start">The first eip.</param>
/// <param name="End">The eip of the hlt that ends it; for one that ends in an exception, the eip that the exception shows, null if that is not known.</param>
internal sealed record RecordedRun(Instruction Instruction, byte[]? Code, uint Start, uint? End)
{
    private const byte Halt = 0xF4;

    /// <summary>Where recoded instructions stand.</summary>
    public const uint FlatCode = 0x150000;

    /// <summary>The instruction as recorded.</summary>
    public static Instruction Decode(RecordedTest test)
    {
        Decoder decoder = Decoder.Create(16, test.Code, DecoderOptions.ForceReservedNop);
        decoder.IP = (ushort)test.Initial(RecordedRegister.Eip);
        return decoder.Decode();
    }

    /// <summary>As it was recorded, in a segment of 16-bit code.</summary>
    public static RecordedRun AsRecorded(RecordedTest test, in Instruction instruction) => new(
        instruction, null, (ushort)test.Initial(RecordedRegister.Eip),
        test.Exception is null ? (ushort)(test.Final(RecordedRegister.Eip) - 1) : test.Pushed(0));

    /// <summary>The same instruction for flat 32-bit code: its memory operand, if any, has become an address, and sizes other prefixes.</summary>
    /// <param name="whyNot">Why it cannot be that.</param>
    public static RecordedRun? Recoded(RecordedTest test, in Instruction instruction, out string? whyNot)
    {
        whyNot = instruction switch
        {
            { IsInvalid: true } => "recoded: an encoding that does not exist",
            _ when test.Exception is { Vector: not 0 } => "recoded: a fault of its segments, or an interrupt",
            _ when instruction.FlowControl != FlowControl.Next => "recoded: depends on ip",
            _ when instruction.StackPointerIncrement != 0 || instruction.Mnemonic is Mnemonic.Leave or Mnemonic.Enter => "recoded: works on the stack",
            _ when instruction.IsStringInstruction || instruction.Mnemonic == Mnemonic.Xlatb => "recoded: memory without a ModR/M byte",
            _ when instruction.Mnemonic == Mnemonic.Bound => "recoded: two words that may lie at both ends of a segment",
            _ when instruction.Mnemonic is Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc && instruction.Op0Kind == OpKind.Memory => "recoded: a bit string",
            _ => null,
        };
        if (whyNot is not null) return null;

        Instruction flat = instruction;
        bool accesses = instruction.Mnemonic != Mnemonic.Lea && (instruction.Op0Kind == OpKind.Memory || instruction.Op1Kind == OpKind.Memory);
        if (accesses)
        {
            flat.MemoryDisplacement64 = LinearAddress(test, instruction);
            flat.MemoryDisplSize = 4;
            flat.MemoryBase = flat.MemoryIndex = Register.None;
            flat.MemoryIndexScale = 1;
        }

        flat.SegmentPrefix = Register.None;
        var code = new List<byte>();
        if (!Encoder.Create(32, new ListWriter(code)).TryEncode(flat, FlatCode, out uint length, out _))
        {
            whyNot = "recoded: cannot be encoded in 32-bit code";
            return null;
        }

        code.Add(Halt);
        return new RecordedRun(instruction, [.. code], FlatCode, test.Exception is null ? FlatCode + length : FlatCode);
    }

    /// <summary>The flags that nobody can rely on after it, as bits of eflags.</summary>
    public uint UndefinedFlags(RecordedTest test)
    {
        const uint Overflow = 0x800;
        uint undefined = FlagUse.UndefinedBy(Instruction);
        bool countsInCl = Instruction.OpCount > 1 && Instruction.GetOpKind(Instruction.OpCount - 1) == OpKind.Register && Instruction.GetOpRegister(Instruction.OpCount - 1) == Register.CL;
        bool shifts = Instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr
            or Mnemonic.Shld or Mnemonic.Shrd;
        if (!shifts || !countsInCl) return undefined;
        return (test.Initial(RecordedRegister.Ecx) & 31) switch
        {
            0 => 0,
            1 => undefined & ~Overflow,
            _ => undefined | Overflow,
        };
    }

    private static uint LinearAddress(RecordedTest test, in Instruction instruction)
    {
        uint offset = instruction.MemoryDisplacement32;
        if (instruction.MemoryBase != Register.None) offset += Value(test, instruction.MemoryBase);
        if (instruction.MemoryIndex != Register.None) offset += Value(test, instruction.MemoryIndex) * (uint)instruction.MemoryIndexScale;
        return RecordedTest.Linear(test.Initial(Enum.Parse<RecordedRegister>(instruction.MemorySegment.ToString(), ignoreCase: true)), offset);
    }

    private static uint Value(RecordedTest test, Register register) => test.Initial(RecordedRegister.Eax + register.GetNumber());

    private sealed class ListWriter(List<byte> bytes) : CodeWriter
    {
        public override void WriteByte(byte value) => bytes.Add(value);
    }
}
