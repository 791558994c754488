using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Tests.Cpu;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Breakpoints;

/// <summary>A CPU comes out for watched addresses: before an instruction, after an access, exactly once, and changes nothing of the run.</summary>
public abstract class WatchTests
{
    private const uint Variable = CpuMachine.Data + 0x100;

    [SkippableFact]
    public void It_stops_before_a_watched_instruction_in_the_middle_of_a_block_and_goes_past_it_once()
    {
        using CpuMachine machine = Counting();
        uint second = CpuMachine.Code + 1;
        machine.Cpu.Watch([new WatchRange(second, 1, MemoryAccess.Execute)]);

        WatchedAccess? access = machine.Run().Watched;
        Assert.Equal((MemoryAccess.Execute, second), (access!.Access, access.Address));
        Assert.Equal((1u, 0u, second), (machine.Registers.Eax, machine.Registers.Ecx, machine.Registers.Eip));
        AssertCount(1, machine);

        Assert.Equal(CpuExitKind.Trap, machine.Run().Kind);
        Assert.Equal((1u, 1u), (machine.Registers.Eax, machine.Registers.Ecx));
    }

    [SkippableFact]
    public void Code_that_has_run_before_is_watched_too()
    {
        using CpuMachine machine = Open();
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.int3();
            a.Label(ref again);
            a.inc(eax);
            a.dec(ecx);
            a.jnz(again);
            a.int3();
        });
        machine.Registers.Ecx = 1000;
        Assert.Equal(Vector.Breakpoint, machine.Run().Vector);
        Assert.Equal(Vector.Breakpoint, machine.Run().Vector);
        Assert.Equal(1000u, machine.Registers.Eax);

        machine.Registers.Eip = CpuMachine.Code + 1;
        machine.Registers.Ecx = 1000;
        machine.Cpu.Watch([new WatchRange(CpuMachine.Code + 2, 1, MemoryAccess.Execute)]);
        for (uint left = 1000; left > 990; left--)
        {
            Assert.Equal(CpuExitKind.Watched, machine.Run().Kind);
            Assert.Equal(left, machine.Registers.Ecx);
        }
        machine.Cpu.Watch([]);
        Assert.Equal(Vector.Breakpoint, machine.Run().Vector);
        Assert.Equal((2000u, 0u), (machine.Registers.Eax, machine.Registers.Ecx));
    }

    [SkippableFact]
    public void One_that_was_passed_unwatched_is_reported_when_it_is_watched_again()
    {
        using CpuMachine machine = Counting();
        WatchRange[] first = [new WatchRange(CpuMachine.Code, 1, MemoryAccess.Execute)];
        machine.Cpu.Watch(first);
        Assert.Equal(CpuExitKind.Watched, machine.Run().Kind);
        machine.Cpu.Watch([]);
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        machine.Cpu.Watch(first);
        machine.Registers.Eip = CpuMachine.Code;
        Assert.Equal(CpuExitKind.Watched, machine.Run().Kind);
    }

    [SkippableFact]
    public void An_instruction_that_faults_and_is_started_again_is_reported_once()
    {
        using CpuMachine machine = Open();
        const uint Absent = CpuMachine.Data + 0x1000;
        machine.Assemble(a =>
        {
            a.nop();
            a.mov(eax, __dword_ptr[(int)Absent]);
            a.int3();
        });
        machine.Cpu.Watch([new WatchRange(CpuMachine.Code + 1, 1, MemoryAccess.Execute)]);
        Assert.Equal(CpuExitKind.Watched, machine.Run().Kind);
        Assert.Equal(Vector.PageFault, machine.Run().Vector);
        machine.Page(Absent);
        Assert.Equal(Vector.Breakpoint, machine.Run().Vector);
    }

    public static TheoryData<string, MemoryAccess, MemoryAccess> Accesses => new()
    {
        { "mov [v], eax", MemoryAccess.Write, MemoryAccess.Write },
        { "mov [v], eax", MemoryAccess.Read, MemoryAccess.None },
        { "mov ebx, [v]", MemoryAccess.Read, MemoryAccess.Read },
        { "mov ebx, [v]", MemoryAccess.Write, MemoryAccess.None },
        { "inc [v]", MemoryAccess.Read, MemoryAccess.Read },
        { "inc [v]", MemoryAccess.Read | MemoryAccess.Write, MemoryAccess.Read | MemoryAccess.Write },
        { "mov [v-2], eax", MemoryAccess.Write, MemoryAccess.Write },
        { "mov [v-4], eax", MemoryAccess.Write, MemoryAccess.None },
        { "push [v]", MemoryAccess.Read, MemoryAccess.Read },
        { "pop [v]", MemoryAccess.Write, MemoryAccess.Write },
        { "stosd", MemoryAccess.Write, MemoryAccess.Write },
        { "fstp [v]", MemoryAccess.Write, MemoryAccess.Write },
    };

    [SkippableTheory]
    [MemberData(nameof(Accesses))]
    public void An_access_is_reported_behind_its_instruction_if_it_touches_the_range_in_the_watched_way(string code, MemoryAccess watched, MemoryAccess reported)
    {
        using CpuMachine plain = Accessing(code), machine = Accessing(code);
        CpuExit expected = plain.Run();
        machine.Cpu.Watch([new WatchRange(Variable, 4, watched)]);
        CpuExit exit = machine.Run();
        if (reported != MemoryAccess.None)
        {
            Assert.Equal(CpuExitKind.Watched, exit.Kind);
            Assert.Equal(reported, exit.Watched!.Access);
            Assert.Equal(CpuMachine.Code + 1, exit.Watched.Eip);
            AssertCount(2, machine);
            Assert.True(machine.Registers.Eip > CpuMachine.Code + 1);
            exit = machine.Run();
        }
        Assert.Equal((expected.Kind, expected.Vector), (exit.Kind, exit.Vector));
        Assert.Equal(plain.Registers, machine.Registers);
        Assert.Equal(plain.Cpu.InstructionCount, machine.Cpu.InstructionCount);
        Assert.Equal(plain.Read32(Variable), machine.Read32(Variable));
    }

    [SkippableFact]
    public void What_was_there_before_comes_with_the_access()
    {
        using CpuMachine machine = Accessing("inc [v]");
        machine.Write32(Variable, 0x01020304);
        machine.Cpu.Watch([new WatchRange(Variable, 4, MemoryAccess.Write)]);
        WatchedAccess access = machine.Run().Watched!;
        Assert.Equal((Variable, 4u), (access.Address, access.Length));
        Assert.Equal([4, 3, 2, 1], access.Before);
        Assert.Equal(0x01020305u, machine.Read32(Variable));
    }

    [SkippableFact]
    public void A_repeated_instruction_stops_at_the_element_that_touches_the_range()
    {
        using CpuMachine machine = Open();
        machine.Assemble(a =>
        {
            a.rep.stosd();
            a.int3();
        });
        machine.Registers.Edi = CpuMachine.Data;
        machine.Registers.Ecx = 128;
        machine.Registers.Eax = 7;
        machine.Cpu.Watch([new WatchRange(Variable, 1, MemoryAccess.Write)]);
        Assert.Equal(CpuExitKind.Watched, machine.Run().Kind);
        Assert.Equal((Variable + 4, 128 - 0x104u / 4), (machine.Registers.Edi, machine.Registers.Ecx));
        AssertCount(0, machine);
        Assert.Equal(Vector.Breakpoint, machine.Run().Vector);
        Assert.Equal((0u, 7u), (machine.Registers.Ecx, machine.Read32(CpuMachine.Data + 127 * 4)));
        AssertCount(2, machine);
    }

    [SkippableFact] // 4096 iterations count as an instruction, whoever looks
    public void A_long_repeated_instruction_counts_the_same_when_elements_are_watched()
    {
        long[] counts = [.. ((WatchRange[][])[[], [new WatchRange(CpuMachine.Data + 100, 300, MemoryAccess.Write)], [new WatchRange(CpuMachine.Code, 1, MemoryAccess.Execute)]]).Select(ranges =>
        {
            using CpuMachine machine = Open();
            machine.Page(CpuMachine.Data + 0x1000);
            machine.Page(CpuMachine.Data + 0x2000);
            machine.Assemble(a =>
            {
                a.rep.stosb();
                a.int3();
            });
            machine.Registers.Edi = CpuMachine.Data;
            machine.Registers.Ecx = 0x2800;
            machine.Cpu.Watch(ranges);
            int hits = 0;
            while (machine.Run().Kind == CpuExitKind.Watched) hits++;
            Assert.Equal(ranges is [{ } range] ? range.Length : 0, (uint)hits);
            return machine.Cpu.InstructionCount;
        })];
        Assert.Equal(counts[0], counts[1]);
        Assert.Equal(counts[0], counts[2]);
    }

    [SkippableFact]
    public void A_page_that_is_flushed_while_it_is_watched_is_not_seen_by_an_old_translation()
    {
        using CpuMachine machine = Accessing("mov ebx, [v]");
        machine.Cpu.Watch([new WatchRange(CpuMachine.Data, 1, MemoryAccess.Read)]);
        Assert.Equal(Vector.Breakpoint, machine.Run().Vector);
        machine.Unmap(CpuMachine.Data);
        machine.Registers.Eip = CpuMachine.Code;
        Assert.Equal(Vector.PageFault, machine.Run().Vector);
    }

    [SkippableFact]
    public void A_traced_instruction_gives_its_trap_and_then_its_access()
    {
        using CpuMachine machine = Accessing("mov [v], eax");
        machine.Registers.Eip = CpuMachine.Code + 1;
        machine.Registers.Eflags |= Eflags.Trap;
        machine.Cpu.Watch([new WatchRange(Variable, 4, MemoryAccess.Write)]);
        Assert.Equal(Vector.Debug, machine.Run().Vector);
        Assert.Equal(CpuExitKind.Watched, machine.Run().Kind);
    }

    private protected abstract CpuMachine Machine();

    private static void AssertCount(long instructions, CpuMachine machine)
    {
        if (machine.Cpu.CountsInstructions) Assert.Equal(instructions, machine.Cpu.InstructionCount);
    }

    /// <summary>A machine whose programs may end with int3.</summary>
    private CpuMachine Open()
    {
        CpuMachine machine = Machine();
        machine.Cpu.SetGatePrivilege(Vector.Breakpoint, 3);
        return machine;
    }

    private CpuMachine Counting()
    {
        CpuMachine machine = Open();
        machine.Assemble(a =>
        {
            a.inc(eax);
            a.inc(ecx);
            a.inc(edx);
            a.int3();
        });
        return machine;
    }

    private CpuMachine Accessing(string code)
    {
        CpuMachine machine = Open();
        machine.Assemble(a =>
        {
            a.nop();
            switch (code)
            {
                case "mov [v], eax": a.mov(__dword_ptr[(int)Variable], eax); break;
                case "mov ebx, [v]": a.mov(ebx, __dword_ptr[(int)Variable]); break;
                case "inc [v]": a.inc(__dword_ptr[(int)Variable]); break;
                case "mov [v-2], eax": a.mov(__dword_ptr[(int)Variable - 2], eax); break;
                case "mov [v-4], eax": a.mov(__dword_ptr[(int)Variable - 4], eax); break;
                case "push [v]": a.push(__dword_ptr[(int)Variable]); break;
                case "pop [v]": a.pop(__dword_ptr[(int)Variable]); break;
                case "stosd": a.stosd(); break;
                case "fstp [v]": a.fstp(__qword_ptr[(int)Variable]); break;
            }
            a.int3();
        });
        machine.Registers.Eax = 0x1234;
        machine.Registers.Edi = Variable;
        machine.Registers.Esp = CpuMachine.StackTop - 16;
        return machine;
    }
}
