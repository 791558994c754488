using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>Operands: which register, which address, which width.</summary>
internal sealed unsafe partial class Translator
{
    private static OperandWidth WidthOf(int bytes) => bytes switch
    {
        1 => OperandWidth.Byte,
        2 => OperandWidth.Word,
        _ => OperandWidth.Long,
    };

    private static OperandPlace PlaceOf(in Instruction instruction, int operand) => instruction.GetOpKind(operand) switch
    {
        OpKind.Register => OperandPlace.Register,
        OpKind.Memory => OperandPlace.Memory,
        _ => OperandPlace.Immediate,
    };

    /// <summary>The width of a register or memory operand.</summary>
    private static OperandWidth WidthOf(in Instruction instruction, int operand) => WidthOf(
        instruction.GetOpKind(operand) == OpKind.Register ? instruction.GetOpRegister(operand).GetSize() : instruction.MemorySize.GetSize());

    /// <summary>Where a general register lies in <see cref="CpuState"/>.</summary>
    private static byte OffsetOf(Register register) => (byte)(register switch
    {
        >= Register.EAX and <= Register.EDI => (register - Register.EAX) * 4,
        >= Register.AX and <= Register.DI => (register - Register.AX) * 4,
        >= Register.AL and <= Register.BL => (register - Register.AL) * 4,
        >= Register.AH and <= Register.BH => (register - Register.AH) * 4 + 1,
        _ => RegisterOffset.None,
    });

    private static byte NumberOf(Register segment) => (byte)(segment - Register.ES);

    private static uint Truncated(ulong immediate, OperandWidth width) => width switch
    {
        OperandWidth.Byte => (byte)immediate,
        OperandWidth.Word => (ushort)immediate,
        _ => (uint)immediate,
    };

    /// <summary>Stores an operation's memory operand.</summary>
    private AddressKind SetAddress(Operation* op, in Instruction instruction)
    {
        Register segment = instruction.MemorySegment;
        op->Base = OffsetOf(instruction.MemoryBase);
        op->Index = OffsetOf(instruction.MemoryIndex);
        op->Scale = (byte)(instruction.MemoryIndexScale switch { 1 => 0, 2 => 1, 4 => 2, _ => 3 });
        op->Displacement = instruction.MemoryDisplacement32;
        op->Segment = NumberOf(segment);
        bool isShort = instruction.MemoryDisplSize == 2 || instruction.MemoryBase is >= Register.AX and <= Register.DI
            || instruction.MemoryIndex is >= Register.AX and <= Register.DI;
        if (isShort) op->Traits |= OperationTraits.ShortAddress;

        if (!IsFlatData || isShort || segment is not (Register.ES or Register.SS or Register.DS)) return AddressKind.Segmented;
        return instruction.MemoryIndex == Register.None ? AddressKind.FlatBase : AddressKind.FlatIndexed;
    }

    /// <summary>Stores a source operand (register, immediate or memory) and describes it.</summary>
    private OperandShape SetSource(Operation* op, in Instruction instruction, int operand, OperandWidth width)
    {
        OperandPlace place = PlaceOf(instruction, operand);
        AddressKind address = default;
        if (place == OperandPlace.Register) op->Source = OffsetOf(instruction.GetOpRegister(operand));
        else if (place == OperandPlace.Immediate) op->Immediate = Truncated(instruction.GetImmediate(operand), width);
        else address = SetAddress(op, instruction);
        return new OperandShape(width, place, address);
    }

    /// <summary>Stores a destination operand (register or memory) and describes it.</summary>
    private OperandShape SetDestination(Operation* op, in Instruction instruction, int operand, OperandWidth width)
    {
        OperandPlace place = PlaceOf(instruction, operand);
        AddressKind address = default;
        if (place == OperandPlace.Register) op->Destination = OffsetOf(instruction.GetOpRegister(operand));
        else address = SetAddress(op, instruction);
        return new OperandShape(width, place, address);
    }
}
