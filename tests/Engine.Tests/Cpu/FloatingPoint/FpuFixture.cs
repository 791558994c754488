using System.Buffers.Binary;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>A machine on which tests of the x87 run code and look at its memory.</summary>
public abstract class FpuFixture : IDisposable
{
    private protected const uint Data = CpuMachine.Data;

    private protected CpuMachine Machine { get; } = new();

    public void Dispose() => Machine.Dispose();

    private protected void RunAll(Action<Assembler> write)
    {
        var assembler = new Assembler(32);
        write(assembler);
        Machine.Assemble(write);
        Assert.Equal(CpuExit.Budget, Machine.Run(assembler.Instructions.Count));
    }

    private protected void RunCode(string hex)
    {
        byte[] code = Convert.FromHexString(hex);
        Machine.Bytes(CpuMachine.Code, code);
        while (Machine.Registers.Eip != CpuMachine.Code + code.Length) Assert.Equal(CpuExit.Budget, Machine.Run(1));
    }

    private protected static string Hex(uint address) => Convert.ToHexString(BitConverter.GetBytes(address));

    private protected byte[] Bytes(uint linear, int count)
    {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = Machine.Memory.Read8(Machine.Physical(linear + (uint)i));
        return bytes;
    }

    private protected void Fill(uint linear, int count, byte value)
    {
        for (int i = 0; i < count; i++) Machine.Memory.Write8(Machine.Physical(linear + (uint)i), value);
    }

    private protected ushort Word(uint linear) => Machine.Memory.Read16(Machine.Physical(linear));

    private protected IEnumerable<ushort> Words(uint linear, int count) => Enumerable.Range(0, count).Select(i => Word(linear + 2 * (uint)i));

    private protected IEnumerable<uint> Doublewords(uint linear, int count) => Enumerable.Range(0, count).Select(i => Machine.Read32(linear + 4 * (uint)i));

    private protected void Write16(uint linear, ushort value) => Machine.Memory.Write16(Machine.Physical(linear), value);

    private protected void Write64(uint linear, ulong value)
    {
        Machine.Write32(linear, (uint)value);
        Machine.Write32(linear + 4, (uint)(value >> 32));
    }

    private protected Float80 Number(uint linear)
    {
        ReadOnlySpan<byte> bytes = Bytes(linear, 10);
        return new Float80(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));
    }
}
