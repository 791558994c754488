using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Memory;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>How long <see cref="VirtualCpu.Run"/> runs: budgets, kicks, single steps and the count of instructions.</summary>
public class BudgetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(1000)]
    [InlineData(12_345)]
    public void A_budget_of_n_retires_n_instructions(int budget)
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            for (int i = 0; i < 20; i++) a.inc(eax);
            a.jmp(top);
        });

        CpuExit exit = machine.Run(budget);

        Assert.Equal(CpuExitKind.Budget, exit.Kind);
        Assert.Equal(budget, machine.Cpu.InstructionCount);
        Assert.Equal((uint)(budget - budget / 21), machine.Registers.Eax);
        Assert.Equal(CpuMachine.Code + (uint)(budget % 21), machine.Registers.Eip);
    }

    [Fact]
    public void Many_small_budgets_make_one_large_one()
    {
        byte[] Loop() => CpuMachine.Encode(CpuMachine.Code, a =>
        {
            Label top = a.CreateLabel(), even = a.CreateLabel();
            a.Label(ref top);
            a.add(eax, 7);
            a.test(al, 1);
            a.je(even);
            a.imul(ecx, eax, 3);
            a.Label(ref even);
            a.push(ecx);
            a.pop(edx);
            a.call(edi);
            a.jmp(top);
            a.nop();
        });
        using CpuMachine whole = new(), parts = new();
        foreach (CpuMachine machine in new[] { whole, parts })
        {
            machine.Bytes(CpuMachine.Code + 0x800, 0x43, 0xC3);      // inc ebx; ret
            machine.Bytes(CpuMachine.Code, Loop());
            machine.Registers.Edi = CpuMachine.Code + 0x800;
        }

        whole.Run(5000);
        for (int done = 0, step = 1; done < 5000; done += step, step = Math.Min(step % 13 + 1, 5000 - done))
            Assert.Equal(CpuExitKind.Budget, parts.Run(step).Kind);

        Assert.Equal(whole.Registers, parts.Registers);
        Assert.Equal(5000, parts.Cpu.InstructionCount);
    }

    [Fact]
    public void A_faulting_instruction_is_not_counted()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            a.inc(eax);
            a.inc(eax);
            a.mov(__dword_ptr[0], eax);
            a.inc(eax);
        });

        CpuExit exit = machine.Run();

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 6, 0), exit);
        Assert.Equal(2, machine.Cpu.InstructionCount);
        Assert.Equal(2u, machine.Registers.Eax);
    }

    [Fact]
    public void A_fault_beyond_the_budget_is_left_for_the_next_run()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.inc(eax); a.ud2(); });

        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run(1));
    }

    [Fact]
    public void A_kick_before_a_run_ends_it_and_is_spent()
    {
        using CpuMachine machine = Endless();
        machine.Cpu.Kick();
        Assert.Equal(CpuExitKind.Kicked, machine.Run(1_000_000_000_000).Kind);
        Assert.Equal(CpuExitKind.Budget, machine.Run(100).Kind);
    }

    [Fact]
    public async Task A_kick_from_another_thread_ends_an_endless_loop()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.inc(__dword_ptr[CpuMachine.Data]);
            a.jmp(top);
        });
        for (int i = 0; i < 20; i++)
        {
            uint before = machine.Read32(CpuMachine.Data);
            Task<CpuExit> running = Task.Run(() => machine.Run(long.MaxValue));
            machine.AwaitChange(CpuMachine.Data, before);
            machine.Cpu.Kick();
            Assert.Equal(CpuExitKind.Kicked, (await running.WaitAsync(Patience)).Kind);
        }

        Assert.Equal(machine.Cpu.InstructionCount, machine.Read32(CpuMachine.Data) * 2L - (machine.Registers.Eip == CpuMachine.Code ? 0 : 1));
    }

    [Fact]
    public async Task A_kick_ends_a_repeated_store_between_two_elements()
    {
        using var machine = new CpuMachine();
        const uint target = 0x40000000, length = 1 << 28;
        uint frame = machine.Page(target);
        for (uint at = 0; at < 1 << 22; at += GuestMemory.PageSize) machine.Map(target + at, frame);
        for (uint slot = 1; slot < length >> 22; slot++)
            machine.Memory.Write32(CpuMachine.DirectoryEntryAddress(target + (slot << 22)), machine.DirectoryEntry(target));
        byte[] begin = CpuMachine.Encode(CpuMachine.Code, a => { a.inc(eax); a.mov(edi, target); a.mov(ecx, length); });
        uint store = CpuMachine.Code + (uint)begin.Length;
        machine.Bytes(CpuMachine.Code, [.. begin, 0xF3, 0xAA, 0xEB, (byte)(-begin.Length - 4)]);        // rep stosb, and from the beginning

        // Nearly all of its time is the store's, but a kick may also find the few instructions before it.
        int between = 0;
        for (int round = 0; round < 20 && between == 0; round++)
        {
            uint before = machine.Memory.Read32(frame);
            Task<CpuExit> running = Task.Run(() => machine.Run(long.MaxValue));
            machine.AwaitChange(target, before);
            machine.Cpu.Kick();
            Assert.Equal(CpuExitKind.Kicked, (await running.WaitAsync(Patience)).Kind);
            if (machine.Registers.Eip != store) continue;
            Assert.Equal(target + length, machine.Registers.Edi + machine.Registers.Ecx);
            if (machine.Registers.Ecx is > 0 and < length) between++;
        }
        Assert.NotEqual(0, between);
    }

    [Fact]
    public void A_long_repeated_store_goes_on_where_a_small_budget_left_it()
    {
        using var machine = new CpuMachine();
        for (uint at = 0; at < 16; at++) machine.Page(CpuMachine.Data + at * GuestMemory.PageSize);
        machine.Assemble(a => a.rep.stosd());
        (machine.Registers.Edi, machine.Registers.Ecx, machine.Registers.Eax) = (CpuMachine.Data, 0x4000, 0x12345678);

        int runs = 0;
        while (machine.Registers.Ecx != 0 && runs++ < 0x4000)
            Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);

        Assert.Equal((0u, CpuMachine.Data + 0x10000), (machine.Registers.Ecx, machine.Registers.Edi));
        Assert.Equal(CpuMachine.Code + 2, machine.Registers.Eip);
        for (uint at = 0; at < 0x10000; at += 4) Assert.Equal(0x12345678u, machine.Read32(CpuMachine.Data + at));
    }

    [Fact]
    public void The_trap_flag_traps_behind_every_instruction()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.inc(eax); a.inc(eax); a.add(eax, ecx); });
        machine.Registers.Eflags |= 0x100;

        Assert.Equal(CpuExit.Trap(Vector.Debug), machine.Run());
        Assert.Equal((1u, CpuMachine.Code + 1), (machine.Registers.Eax, machine.Registers.Eip));
        Assert.Equal(0x100u, machine.Registers.Eflags & 0x100);
        Assert.Equal(CpuExit.Trap(Vector.Debug), machine.Run());
        Assert.Equal((2u, CpuMachine.Code + 2), (machine.Registers.Eax, machine.Registers.Eip));
        Assert.Equal(2, machine.Cpu.InstructionCount);
    }

    [Fact]
    public void Popf_that_sets_the_trap_flag_lets_one_more_instruction_pass()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.push(0x302); a.popfd(); a.inc(eax); a.inc(eax); });

        Assert.Equal(CpuExit.Trap(Vector.Debug), machine.Run());
        Assert.Equal(1u, machine.Registers.Eax);
    }

    [Fact]
    public void Popf_that_clears_the_trap_flag_is_the_last_one_to_trap()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.popfd(); a.inc(eax); a.ud2(); });
        machine.Registers.Esp -= 4;
        machine.Write32(machine.Registers.Esp, 0x202);
        machine.Registers.Eflags |= 0x100;

        Assert.Equal(CpuExit.Trap(Vector.Debug), machine.Run());
        Assert.Equal(CpuMachine.Code + 1, machine.Registers.Eip);
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run());
    }

    [Fact]
    public void The_trap_flag_traps_behind_every_element_of_a_repeated_instruction()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => a.rep.stosb());
        machine.Registers.Eflags |= 0x100;
        (machine.Registers.Edi, machine.Registers.Ecx) = (CpuMachine.Data, 2);

        Assert.Equal(CpuExit.Trap(Vector.Debug), machine.Run());
        Assert.Equal((1u, CpuMachine.Code), (machine.Registers.Ecx, machine.Registers.Eip));
        Assert.Equal(CpuExit.Trap(Vector.Debug), machine.Run());
        Assert.Equal((0u, CpuMachine.Code + 2), (machine.Registers.Ecx, machine.Registers.Eip));
    }

    [Fact]
    public void A_fault_comes_before_the_trap_flag()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => a.mov(eax, __dword_ptr[0]));
        machine.Registers.Eflags |= 0x100;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, 0), machine.Run());
    }

    [Fact]
    public void Loading_ss_lets_one_more_instruction_pass_before_the_trap_flag_does()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.mov(ss, eax); a.mov(esp, ebx); a.nop(); });
        machine.Registers.Eax = CpuMachine.UserData;
        machine.Registers.Eflags |= 0x100;
        Assert.Equal(CpuExit.Trap(Vector.Debug), machine.Run());
        Assert.Equal(CpuMachine.Code + 4, machine.Registers.Eip);
    }

    private static CpuMachine Endless()
    {
        var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.inc(eax);
            a.jmp(top);
        });
        return machine;
    }
}
