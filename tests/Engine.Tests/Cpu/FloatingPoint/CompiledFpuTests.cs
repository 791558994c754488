using System.Runtime.InteropServices;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using Xunit;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>x87 instructions in machine code and in chains of operations: the same registers, words, environment, flags and faults.</summary>
public class CompiledFpuTests(ITestOutputHelper output)
{
    private const int Longest = 8, MemoryByEbx = 3;

    [SkippableFact]
    public void Sequences_leave_the_same_behind_whether_they_are_compiled_or_not()
    {
        CompiledCodeTests.RequireCompiler();
        var generator = new FpuGenerator(seed: 12);
        using var chains = new FpuMachine();
        using var compiled = new FpuMachine(heat: 0);
        for (int i = 0; i < 40_000; i++)
        {
            int length = 1 + generator.Next(Longest);
            byte[] code = [.. Enumerable.Range(0, length).SelectMany(_ => Instruction(generator))];
            var test = new FpuCase(code, generator.Registers(), generator.Operand(code[0], code[1] >> 3 & 7), generator.Eflags());
            FpuOutcome expected = chains.Run(test, length, out string expectedEnd), actual = compiled.Run(test, length, out string actualEnd);
            if (expectedEnd != actualEnd || !Bytes(expected).SequenceEqual(Bytes(actual)) || !chains.State().AsSpan().SequenceEqual(compiled.State()) || chains.Instructions != compiled.Instructions)
            {
                Assert.Fail($"{Text(code)}\n{test.Describe()}\n  chains {expectedEnd} eax {expected.Eax:x} eflags {expected.Eflags:x} {Convert.ToHexString(expected.Operand)}\n{Convert.ToHexString(chains.State())}\n"
                    + $"  compiled {actualEnd} eax {actual.Eax:x} eflags {actual.Eflags:x} {Convert.ToHexString(actual.Operand)}\n{Convert.ToHexString(compiled.State())}");
            }
        }

        output.WriteLine($"{compiled.CompiledInstructions} of {compiled.Instructions} instructions compiled");
        Assert.InRange(compiled.CompiledInstructions, compiled.Instructions / 8, compiled.Instructions);
    }

    [SkippableFact]
    public void A_loop_that_leaves_machine_code_again_soon_after_each_x87_instruction_keeps_the_x87_in_chains()
    {
        CompiledCodeTests.RequireCompiler();
        using CpuMachine machine = CompiledCodeTests.Compiling(EmulatedCpu.UsualHeat);
        machine.Assemble(c =>
        {
            Iced.Intel.Label again = c.CreateLabel();
            c.mov(ecx, 100_000);
            c.fldz();
            c.Label(ref again);
            c.fld1();
            c.faddp(st1, st0);
            for (int i = 0; i < 8; i++) c.inc(eax);
            c.xlatb();
            for (int i = 0; i < 8; i++) c.inc(eax);
            c.dec(ecx);
            c.jnz(again);
            c.fistp(__dword_ptr[CpuMachine.Data]);
            c.hlt();
        });
        machine.Registers.Ebx = CpuMachine.Data;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(10_000_000));
        Assert.Equal(100_000u, machine.Read32(CpuMachine.Data));
        Assert.InRange(((EmulatedCpu)machine.Cpu).Translations.Compiled!.FpuLoads, 1, 10_000);
    }

    private static byte[] Instruction(FpuGenerator generator)
    {
        while (true)
        {
            byte first = (byte)(0xD8 + generator.Next(8)), second = (byte)(generator.Next(3) == 0 ? generator.Next(8) << 3 | MemoryByEbx : 0xC0 + generator.Next(64));
            // Rarely those that set up everything anew.
            bool initializes = (first, second) is (0xDB, 0xE3) || second < 0xC0 && (first, second >> 3) is (0xD9, 4) or (0xDD, 4) or (0xDD, 6);
            if (!initializes || generator.Next(20) == 0) return [first, second];
        }
    }

    private static ReadOnlySpan<byte> Bytes(in FpuOutcome outcome) => MemoryMarshal.AsBytes(new ReadOnlySpan<FpuOutcome>(in outcome));

    private static string Text(byte[] code)
    {
        var decoder = Iced.Intel.Decoder.Create(32, code);
        var text = new List<string>();
        while (decoder.IP < (ulong)code.Length) text.Add(decoder.Decode().ToString());
        return string.Join("; ", text);
    }
}
