using System.Diagnostics;
using CsCheck;
using Iced.Intel;
using LguestPS.Cpu;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Whatever is watched, KVM comes out where the emulated CPU does, with the same to say.</summary>
[Trait("Cpu", "kvm")]
public class KvmWatchProperties
{
    private const uint CodeBytes = 0x70, DataBytes = 0x1040, StackBytes = 0x20;

    // A KVM that emulates writes half of a store whose other half is missing, as it is while it is watched.
    private static readonly uint Crossing = KvmHost.Verdict.State == KvmState.Ready ? 0xFFEu : 0xFFCu;

    private static readonly Gen<WatchRange> AnyInstruction = Gen.Select(Gen.UInt[0, CodeBytes], Gen.UInt[1, 2]).Select((offset, length) => new WatchRange(CpuMachine.Code + offset, length, MemoryAccess.Execute));

    private static readonly Gen<MemoryAccess> AnyAccess = Gen.Int[1, 3].Select(bits => (MemoryAccess)bits);

    private static readonly Gen<WatchRange> AnyMemory = Gen.OneOf(
        Range(CpuMachine.Data, 0x80),
        Range(CpuMachine.Data, DataBytes),
        Range(CpuMachine.StackTop - StackBytes, StackBytes - 8));

    private static readonly Gen<WatchRange[]> AnyRanges = Gen.OneOf(AnyInstruction.Array[1, 6], AnyMemory.Array[1, 4], Gen.OneOf(AnyInstruction, AnyMemory).Array[0, 6]);

    [SkippableFact]
    public void Any_watches_are_met_as_on_the_emulated_CPU()
    {
        KvmHost.Require();
        using CpuMachine emulated = new(), onKvm = new(make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp));
        foreach (CpuMachine machine in (CpuMachine[])[emulated, onKvm])
        {
            machine.Page(CpuMachine.Data + 0x1000);
            machine.Cpu.SetGatePrivilege(Vector.Breakpoint, 3);
        }
        string[] unwatched = Run(emulated, []);
        Assert.Single(unwatched);
        AnyRanges.Sample(ranges =>
        {
            string[] expected = Run(emulated, ranges);
            Assert.Equal(expected, Run(onKvm, ranges));
            Assert.Equal(unwatched[^1], expected[^1]);
        }, iter: 150, threads: 1, print: ranges => string.Join(' ', ranges));
    }

    private static Gen<WatchRange> Range(uint first, uint bytes) =>
        Gen.Select(Gen.UInt[0, bytes], Gen.UInt[1, 8], AnyAccess).Select((offset, length, access) => new WatchRange(first + offset, length, access));

    /// <summary>Every exit up to the end of the program.</summary>
    private static string[] Run(CpuMachine machine, WatchRange[] ranges)
    {
        machine.Memory.Write(machine.Physical(CpuMachine.Data), new byte[0x1000]);
        machine.Memory.Write(machine.Physical(CpuMachine.Data + 0x1000), new byte[0x1000]);
        machine.Memory.Write(machine.Physical(CpuMachine.Stack), new byte[0x1000]);
        machine.Registers = default;
        machine.SetRing(3);
        machine.Assemble(Program);
        machine.Registers.Esp = CpuMachine.StackTop;
        machine.Cpu.Watch(ranges);
        List<string> exits = [];
        CpuExit exit;
        do
        {
            exit = machine.Cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + 60 * Stopwatch.Frequency));
            string what = exit.Watched is { } watched ? $"{watched.Access} {watched.Address:x} {watched.Length} {watched.Eip:x} {Convert.ToHexString(watched.Before)}" : $"{exit.Vector} {exit.Reason}";
            exits.Add($"{exit.Kind} {what} {KvmHost.Text(machine.Registers)} {Convert.ToHexString(machine.Memory.Read(machine.Physical(CpuMachine.Data), 0x60))}");
        }
        while (exit.Kind == CpuExitKind.Watched);
        machine.Cpu.Watch([]);
        return [.. exits];
    }

    /// <summary>Reads, writes and both, of all sizes, across two pages, through the stack, the x87 and repeated instructions.</summary>
    private static void Program(Assembler a)
    {
        Label again = a.CreateLabel(), function = a.CreateLabel(), end = a.CreateLabel();
        a.mov(ecx, 3);
        a.Label(ref again);
        a.push(ecx);
        a.mov(__dword_ptr[CpuMachine.Data + 0x10], ecx);
        a.mov(bl, __byte_ptr[CpuMachine.Data + 0x13]);
        a.inc(__word_ptr[CpuMachine.Data + 0x20]);
        a.add(__dword_ptr[CpuMachine.Data + Crossing], 0x01010101);
        a.call(function);
        a.xchg(__dword_ptr[CpuMachine.Data + 0x30], eax);
        a.fild(__dword_ptr[CpuMachine.Data + 0x20]);
        a.fistp(__qword_ptr[CpuMachine.Data + 0x40]);
        a.mov(esi, CpuMachine.Data + 0x0C);
        a.mov(edi, CpuMachine.Data + 0x50);
        a.mov(ecx, 12);
        a.rep.movsb();
        a.pop(ecx);
        a.dec(ecx);
        a.jnz(again);
        a.jmp(end);
        a.Label(ref function);
        a.pushfd();
        a.pop(eax);
        a.ret();
        a.Label(ref end);
        a.int3();
    }
}
