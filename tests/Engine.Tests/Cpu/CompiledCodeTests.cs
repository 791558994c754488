using System.Diagnostics;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using Xunit;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>Machine code and chains of operations are the same run: registers, flags, memory, faults and counts.</summary>
public class CompiledCodeTests(ITestOutputHelper output)
{
    private const int AtOnce = 0;

    /// <summary>Three descriptors that a Linux process can choose, as in the comparison with a real processor.</summary>
    private static readonly ushort[] selectors = [0x63, 0x6B, 0x73];

    [SkippableFact]
    public void Random_code_leaves_the_same_behind_whether_it_is_compiled_or_not()
    {
        RequireCompiler();
        var generator = new SnippetGenerator(seed: 7, selectors);
        using var chains = new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, selectors);
        using var compiled = new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, selectors, heat: AtOnce);
        var differences = new Dictionary<string, string>();
        var clock = Stopwatch.StartNew();
        int cases = 0;
        for (; cases < 100_000 && clock.Elapsed < TimeSpan.FromSeconds(20) && differences.Count < 20; cases++)
        {
            TestCase test = generator.Next();
            Outcome? expected = chains.Run(test), actual = compiled.Run(test);
            if (Difference(expected, actual) is { } difference) differences.TryAdd(Names(test), $"{difference}\n{test.Disassembly()}");
            else if (chains.Instructions != compiled.Instructions) differences.TryAdd(Names(test), $"counts\n{test.Disassembly()}");
            if (chains.Instructions != compiled.Instructions) break;
        }

        output.WriteLine($"{cases} cases, {compiled.CompiledInstructions} of {compiled.Instructions} instructions compiled");
        Assert.True(differences.Count == 0, string.Join("\n\n", differences.Values));
        Assert.InRange(compiled.CompiledInstructions, compiled.Instructions / 4, compiled.Instructions);
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void A_budget_ends_at_the_same_instruction(int step)
    {
        RequireCompiler();
        using var chains = new CpuMachine();
        using var compiled = Compiling(AtOnce);
        foreach (CpuMachine machine in (CpuMachine[])[chains, compiled]) Program(machine);
        for (int i = 0; i < 3000; i++)
        {
            CpuExit expected = chains.Run(step), actual = compiled.Run(step);
            Assert.Equal(expected, actual);
            Assert.Equal(chains.Registers, compiled.Registers);
            Assert.Equal(chains.Cpu.InstructionCount, compiled.Cpu.InstructionCount);
            if (expected.Kind == CpuExitKind.Trap) break;
        }
    }

    [SkippableFact]
    public void A_loop_is_compiled_when_it_gets_hot_and_most_of_it_runs_so()
    {
        RequireCompiler();
        using CpuMachine machine = Compiling(EmulatedCpu.UsualHeat);
        machine.Assemble(c =>
        {
            Label again = c.CreateLabel();
            c.mov(ecx, 1_000_000);
            c.Label(ref again);
            c.add(eax, ecx);
            c.mov(__dword_ptr[CpuMachine.Data], eax);
            c.dec(ecx);
            c.jnz(again);
            c.hlt();
        });
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(10_000_000));
        Assert.Equal(4_000_001, machine.Cpu.InstructionCount);
        Assert.Equal(unchecked((uint)(1_000_000L * 1_000_001 / 2)), machine.Read32(CpuMachine.Data));
        Assert.InRange(((EmulatedCpu)machine.Cpu).Translations.Compiled!.Instructions, 3_500_000, 4_000_001);
    }

    [SkippableFact]
    public void Code_that_overwrites_itself_runs_as_it_stands()
    {
        RequireCompiler();
        using var chains = new CpuMachine();
        using CpuMachine compiled = Compiling(AtOnce);
        foreach (CpuMachine machine in (CpuMachine[])[chains, compiled])
        {
            machine.Assemble(c =>
            {
                Label again = c.CreateLabel(), changed = c.CreateLabel();
                c.mov(ecx, 100);
                c.Label(ref again);
                c.add(__byte_ptr[CpuMachine.Code + 0x40], 1);
                c.jmp(CpuMachine.Code + 0x3F);
            });
            uint next = machine.Registers.Eip + 5;
            machine.Memory.Write(machine.Physical(CpuMachine.Code + 0x3F), [0xB0, 0x10, 0x01, 0xC3, 0x49, 0x75, 0xFF, 0xF4]);   // mov al, 0x10; add ebx, eax; dec ecx; jnz; hlt
            machine.Memory.Write8(machine.Physical(CpuMachine.Code + 0x45), unchecked((byte)(next - (CpuMachine.Code + 0x46))));
            machine.Run(1_000_000);
        }

        Assert.Equal(chains.Registers, compiled.Registers);
        Assert.Equal(0u, compiled.Registers.Ecx);
        Assert.Equal(chains.Cpu.InstructionCount, compiled.Cpu.InstructionCount);
    }

    [SkippableFact]
    public void A_fault_in_compiled_code_shows_the_instruction_and_nothing_of_it_done()
    {
        RequireCompiler();
        using CpuMachine machine = Compiling(AtOnce);
        machine.Assemble(c =>
        {
            Label again = c.CreateLabel();
            c.mov(esi, CpuMachine.Data);
            c.xor(eax, eax);
            c.Label(ref again);
            c.inc(eax);
            c.mov(__dword_ptr[esi], eax);
            c.add(esi, 4);
            c.jmp(again);
        });
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 6, CpuMachine.Data + 0x1000), machine.Run(10_000_000));
        Assert.Equal((1025u, CpuMachine.Data + 0x1000), (machine.Registers.Eax, machine.Registers.Esi));
        Assert.Equal(2 + 1024 * 4 + 1, machine.Cpu.InstructionCount);
    }

    internal static void RequireCompiler()
    {
        using CpuMachine machine = Compiling(AtOnce);
        Skip.If(((EmulatedCpu)machine.Cpu).Translations.Compiled is null, "this machine has no compiled code: not Linux on x64, or memory that may be run is forbidden");
    }

    internal static CpuMachine Compiling(int heat) => new(make: (memory, timeStamp) => new EmulatedCpu(memory, timeStamp, heat));

    /// <summary>Calls, returns, indirect jumps, memory, flags across blocks, and an instruction that is not compiled.</summary>
    private static void Program(CpuMachine machine) => machine.Assemble(c =>
    {
        Label again = c.CreateLabel(), function = c.CreateLabel(), odd = c.CreateLabel(), join = c.CreateLabel(), start = c.CreateLabel();
        c.mov(ecx, 50);
        c.jmp(start);
        c.Label(ref function);
        c.push(ebp);
        c.mov(ebp, esp);
        c.mov(edx, __dword_ptr[ebp + 8]);
        c.imul(edx, edx, 13);
        c.shld(eax, edx, 3);
        c.adc(eax, 5);
        c.leave();
        c.ret(4);
        c.Label(ref start);
        c.nop();
        c.Label(ref again);
        c.push(ecx);
        c.call(function);
        c.test(eax, 1);
        c.jne(odd);
        c.xlatb();
        c.setc(bl);
        c.jmp(join);
        c.Label(ref odd);
        c.ror(eax, 7);
        c.sbb(ebx, ebx);
        c.Label(ref join);
        c.mov(ebx, CpuMachine.Data);
        c.mov(__dword_ptr[ebx + ecx * 4], eax);
        c.cmp(eax, __dword_ptr[ebx + ecx * 4 - 4]);
        c.cmova(esi, eax);
        c.dec(ecx);
        c.jne(again);
        c.hlt();
    });

    private static string? Difference(Outcome? expected, Outcome? actual)
    {
        if (expected is null || actual is null) return expected is null == actual is null ? null : "one ends, the other does not";
        List<string> parts = [];
        for (int i = 0; i < 8; i++)
            if (expected.Head.Gpr[i] != actual.Head.Gpr[i]) parts.Add($"register {i}: {expected.Head.Gpr[i]:x8}, compiled {actual.Head.Gpr[i]:x8}");
        if (expected.Head.Eflags != actual.Head.Eflags) parts.Add($"eflags: {expected.Head.Eflags:x}, compiled {actual.Head.Eflags:x}");
        if (expected.Head.Eip != actual.Head.Eip) parts.Add($"eip: {expected.Head.Eip:x8}, compiled {actual.Head.Eip:x8}");
        if ((expected.Head.Trap, expected.Head.Error, expected.Head.Address) != (actual.Head.Trap, actual.Head.Error, actual.Head.Address))
            parts.Add($"trap: {expected.Head.Trap} {expected.Head.Error:x} {expected.Head.Address:x8}, compiled {actual.Head.Trap} {actual.Head.Error:x} {actual.Head.Address:x8}");
        if (!expected.Changed.AsSpan().SequenceEqual(actual.Changed)) parts.Add("memory");
        return parts.Count == 0 ? null : string.Join("; ", parts);
    }

    private static string Names(TestCase test) => string.Join(' ', test.Pieces.Select(piece =>
    {
        Decoder.Create(32, piece.Bytes).Decode(out Instruction instruction);
        return instruction.Mnemonic.ToString();
    }));
}
