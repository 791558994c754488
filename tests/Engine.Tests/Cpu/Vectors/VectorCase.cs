using System.Buffers.Binary;
using System.Text;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;

namespace LguestPS.Tests.Cpu;

/// <summary>One instruction and everything before it.</summary>
internal sealed record VectorCase(byte[] Code, VectorTest Test)
{
    public Instruction Instruction => Decode(Code);

    public static Instruction Decode(byte[] code) => Iced.Intel.Decoder.Create(32, code).Decode();

    public string Describe()
    {
        VectorTest test = Test;
        return $"{Convert.ToHexString(Code)} {Instruction}\n  eax {test.Eax:x} offset {test.Offset} operand {Convert.ToHexString(test.Operand)}\n  before {Describe(test.State)}";
    }

    public static string Describe(in VectorImage image)
    {
        ReadOnlySpan<byte> bytes = image;
        var text = new StringBuilder($"mxcsr {Mxcsr(image):x4} sw {BinaryPrimitives.ReadUInt16LittleEndian(bytes[VectorImage.Status..]):x4} used {bytes[VectorImage.Used]:x2}");
        for (int i = 0; i < 8; i++)
            text.Append($"\n      xmm{i} {BinaryPrimitives.ReadUInt128LittleEndian(bytes[(VectorImage.Xmm + 16 * i)..]):x32}"
                + $" st({i}) {BinaryPrimitives.ReadUInt16LittleEndian(bytes[(VectorImage.Stack + 16 * i + 8)..]):x4} {BinaryPrimitives.ReadUInt64LittleEndian(bytes[(VectorImage.Stack + 16 * i)..]):x16}");
        return text.ToString();
    }

    public static uint Mxcsr(in VectorImage image) => BinaryPrimitives.ReadUInt32LittleEndian(((ReadOnlySpan<byte>)image)[VectorImage.Mxcsr..]);
}

/// <summary>Runs cases on the emulated CPU.</summary>
/// <param name="heat">How hot code is before it is compiled; null for never.</param>
internal sealed class VectorMachine(int? heat = null) : IDisposable
{
    private const byte Halt = 0xF4;
    private const uint Operand = CpuMachine.Data + 0x200;
    private readonly CpuMachine machine = new(make: (memory, timeStamp) => new EmulatedCpu(memory, timeStamp, heat));

    public long CompiledInstructions => machine.Cpu.CompiledInstructionCount;

    public long Instructions => machine.Cpu.InstructionCount;

    /// <param name="test">Its code may have several instructions.</param>
    /// <param name="instructions">So many.</param>
    /// <returns>The trap's place in the code, if it is not the beginning, is in the upper bytes of its number.</returns>
    public VectorOutcome Run(VectorCase test, int instructions = 1)
    {
        VectorTest before = test.Test;
        machine.Memory.Write(machine.Physical(Operand), (ReadOnlySpan<byte>)before.Operand);
        machine.Bytes(CpuMachine.Code, [.. test.Code, Halt]);
        machine.Registers.Eax = before.Eax;
        machine.Registers.Ecx = before.Ecx;
        machine.Registers.Edx = before.Edx;
        machine.Registers.Ebx = machine.Registers.Edi = Operand + before.Offset;
        machine.Registers.Eflags = before.Eflags;
        machine.Cpu.LoadFpu(before.State);
        CpuExit exit = machine.Run(instructions + 1);
        uint place = machine.Registers.Eip - CpuMachine.Code;
        bool isThrough = exit == CpuExit.Trap(Vector.GeneralProtection) && place == test.Code.Length;
        VectorOutcome outcome = new()
        {
            Trap = isThrough ? VectorOutcome.NoTrap : exit.Vector | place << 8,
            Eax = machine.Registers.Eax, Ecx = machine.Registers.Ecx, Edx = machine.Registers.Edx, Eflags = machine.Registers.Eflags,
        };
        machine.Memory.Read(machine.Physical(Operand), VectorMemory.Length).CopyTo(outcome.Operand);
        machine.Cpu.SaveFpu(outcome.State);
        return outcome;
    }

    public void Dispose() => machine.Dispose();
}
