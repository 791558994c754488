using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;

namespace LguestPS.Tests.Cpu;

/// <summary>An x87 state as tests write it down: st(0) first, whatever the top of stack.</summary>
internal sealed class FpuRegisters
{
    public ushort Control = 0x037F, Status;
    public ushort Tags = 0xFFFF;
    public Float80[] St = new Float80[8];

    public int Top => Status >> 11 & 7;

    /// <summary>Bit i is set if st(i) is not empty.</summary>
    public int Used
    {
        get
        {
            int used = 0;
            for (int i = 0; i < 8; i++)
                if ((Tags >> 2 * (Top + i & 7) & 3) != 3) used |= 1 << i;
            return used;
        }
    }

    public FpuImage ToImage()
    {
        FpuImage image = default;
        Span<byte> bytes = image;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Control);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], Status);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], Tags);
        for (int i = 0; i < 8; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(28 + 10 * i)..], St[i].Significand);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[(36 + 10 * i)..], St[i].SignExponent);
        }

        return image;
    }

    public static FpuRegisters FromImage(ReadOnlySpan<byte> bytes)
    {
        var registers = new FpuRegisters
        {
            Control = BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            Status = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
            Tags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]),
        };
        for (int i = 0; i < 8; i++)
            registers.St[i] = new Float80(
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[(28 + 10 * i)..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[(36 + 10 * i)..]));
        return registers;
    }

    public override string ToString()
    {
        var text = new StringBuilder($"cw {Control:x4} sw {Status:x4} tags {Tags:x4}");
        for (int i = 0; i < 8; i++)
            text.Append($"\n      st({i}) {St[i].SignExponent:x4} {St[i].Significand:x16}{((Used >> i & 1) != 0 ? "" : " empty")}");
        return text.ToString();
    }
}

/// <summary>One instruction, the state before it, and a memory operand.</summary>
internal sealed record FpuCase(byte[] Code, FpuRegisters Before, byte[] Operand, uint Eflags)
{
    /// <summary>Bits of the status word that are undefined.</summary>
    public ushort UndefinedStatus { get; init; }

    /// <summary>Registers from st(0) on that hold approximate results.</summary>
    public int Results { get; init; }

    public FpuTest ForOracle()
    {
        FpuTest test = default;
        Code.CopyTo(MemoryMarshal.AsBytes(new Span<uint>(ref test.Code)));
        test.CodeLength = (uint)Code.Length;
        test.Eflags = Eflags;
        Operand.CopyTo((Span<byte>)test.Operand);
        test.State = Before.ToImage();
        return test;
    }

    public string Describe()
    {
        var decoder = Iced.Intel.Decoder.Create(32, Code);
        return $"{Convert.ToHexString(Code)} {decoder.Decode()}\n  operand {Convert.ToHexString(Operand)} eflags {Eflags:x}\n  before {Before}";
    }
}

/// <summary>Runs cases on the emulated CPU the way the oracle does: frstor, the instruction, fnsave.</summary>
/// <param name="heat">How hot code is before it is compiled; null for never.</param>
internal sealed class FpuMachine(int? heat = null) : IDisposable
{
    private const byte Halt = 0xF4;
    private const string Through = "through";
    private const uint Image = CpuMachine.Data, Operand = CpuMachine.Data + 0x200, After = CpuMachine.Data + 0x400;
    private static readonly byte[] restore = CpuMachine.Encode(CpuMachine.Code, a => a.frstor(AssemblerRegisters.__dword_ptr[Image]));
    private static readonly byte[] save = CpuMachine.Encode(CpuMachine.Code, a => a.fnsave(AssemblerRegisters.__dword_ptr[After]));
    private readonly CpuMachine machine = new(make: (memory, timeStamp) => new EmulatedCpu(memory, timeStamp, heat));

    public long CompiledInstructions => machine.Cpu.CompiledInstructionCount;

    public long Instructions => machine.Cpu.InstructionCount;

    public FpuOutcome Run(FpuCase test)
    {
        FpuOutcome outcome = Run(test, instructions: 1, out string end);
        return end == Through ? outcome : throw new InvalidOperationException($"{end}\n{test.Describe()}");
    }

    /// <param name="test">Its code may have several instructions.</param>
    /// <param name="instructions">So many.</param>
    /// <param name="end">How and where it ended.</param>
    public FpuOutcome Run(FpuCase test, int instructions, out string end)
    {
        FpuImage image = test.Before.ToImage();
        machine.Memory.Write(machine.Physical(Image), (ReadOnlySpan<byte>)image);
        machine.Memory.Write(machine.Physical(Operand), test.Operand);
        machine.Bytes(CpuMachine.Code, [.. restore, .. test.Code, .. save, Halt]);
        machine.Registers.Eax = 0;
        machine.Registers.Ebx = Operand;
        machine.Registers.Eflags = test.Eflags;
        CpuExit exit = machine.Run(instructions + 3);
        uint place = machine.Registers.Eip - CpuMachine.Code;
        end = exit == CpuExit.Trap(Vector.GeneralProtection) && place == restore.Length + test.Code.Length + save.Length ? Through : $"{exit} at {place}";

        FpuOutcome outcome = new() { Eax = machine.Registers.Eax, Eflags = machine.Registers.Eflags };
        machine.Memory.Read(machine.Physical(Operand), 16).CopyTo(outcome.Operand);
        machine.Memory.Read(machine.Physical(After), FpuImage.Length).CopyTo(outcome.State);
        return outcome;
    }

    /// <summary>All registers of the x87 and the vectors, as they are now.</summary>
    public byte[] State()
    {
        var image = new byte[FpuImages.ExtendedBytes];
        machine.Cpu.SaveFpu(image);
        return image;
    }

    public void Dispose() => machine.Dispose();
}
