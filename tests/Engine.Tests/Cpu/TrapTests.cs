using LguestPS.Cpu;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>Instructions that trap: gates, privilege, and what an i686 without extensions does not have.</summary>
public class TrapTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(3, 3)]
    public void Int_through_an_open_gate_traps_behind_the_instruction(int ring, int gate)
    {
        using var machine = new CpuMachine(ring);
        machine.Cpu.SetGatePrivilege(Vector.SystemCall, gate);
        machine.Assemble(a => { a.nop(); a.@int(0x80); });
        Assert.Equal(CpuExit.Trap(Vector.SystemCall), machine.Run());
        Assert.Equal(CpuMachine.Code + 3, machine.Registers.Eip);
    }

    [Theory]
    [InlineData(3, 1, Vector.Hypercall, 0xFAu)]
    [InlineData(3, 0, Vector.SystemCall, 0x402u)]
    [InlineData(1, 0, (byte)0x30, 0x182u)]
    public void Int_through_a_closed_gate_is_a_protection_fault_that_names_it(int ring, int gate, byte vector, uint error)
    {
        using var machine = new CpuMachine(ring);
        machine.Cpu.SetGatePrivilege(vector, gate);
        machine.Assemble(a => { a.nop(); a.@int(vector); });
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, error), machine.Run());
        Assert.Equal(CpuMachine.Code + 1, machine.Registers.Eip);
    }

    [Fact]
    public void Every_gate_is_closed_at_first()
    {
        using var machine = new CpuMachine(1);
        for (uint vector = 0; vector < 256; vector++)
        {
            machine.Bytes(CpuMachine.Code, 0xCD, (byte)vector);
            Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, vector * 8 + 2), machine.Run());
        }
    }

    [Fact]
    public void A_gate_can_be_closed_again()
    {
        using var machine = new CpuMachine(3);
        machine.Cpu.SetGatePrivilege(0x80, 3);
        machine.Bytes(CpuMachine.Code, 0xCD, 0x80);
        Assert.Equal(0x80, machine.Run().Vector);
        machine.Cpu.SetGatePrivilege(0x80, 0);
        machine.Registers.Eip = CpuMachine.Code;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, 0x402), machine.Run());
    }

    [Theory]
    [InlineData("CC", Vector.Breakpoint, 0x1Au)]
    [InlineData("CD03", Vector.Breakpoint, 0x1Au)]
    [InlineData("CE", Vector.Overflow, 0x22u)]
    public void Int3_and_into_honour_their_gates(string code, byte vector, uint error)
    {
        using var machine = new CpuMachine(3);
        machine.Registers.Eflags |= 0x800;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, error), machine.Run());
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);

        machine.Cpu.SetGatePrivilege(vector, 3);
        Assert.Equal(CpuExit.Trap(vector), machine.Run());
        Assert.Equal(CpuMachine.Code + (uint)code.Length / 2, machine.Registers.Eip);
    }

    [Fact]
    public void Into_without_overflow_does_nothing()
    {
        using var machine = new CpuMachine(3);
        machine.Bytes(CpuMachine.Code, 0xCE);
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
    }

    [Theory]
    [InlineData("F7F0", Vector.DivideError)]                // div eax, which is 0
    [InlineData("0F0B", Vector.InvalidOpcode)]              // ud2
    [InlineData("621D00000010", Vector.BoundRange)]         // bound ebx, [Data]
    public void A_fault_needs_no_open_gate(string code, byte vector)
    {
        using var machine = new CpuMachine(3);
        machine.Registers.Ebx = 5;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal(CpuExit.Trap(vector), machine.Run());
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
    }

    public static TheoryData<string> Privileged =>
    [
        "F4", "FA", "FB",                                           // hlt cli sti
        "E460", "E560", "E660", "E760", "EC", "ED", "EE", "EF",     // in out
        "6C", "6D", "6E", "6F", "F36C", "66ED",                     // ins outs
        "0F20C0", "0F22C0", "0F20D8", "0F22D8", "0F20D0",           // mov to and from cr
        "0F21F8", "0F23F8",                                         // mov to and from dr7
        "0F0110", "0F0118", "0F00D0", "0F00D8", "0F01F0",           // lgdt lidt lldt ltr lmsw
        "0F06", "0F08", "0F09", "0F0138", "0F30", "0F32",           // clts invd wbinvd invlpg wrmsr rdmsr
    ];

    [Theory]
    [MemberData(nameof(Privileged))]
    public void What_only_ring_0_may_do_is_a_protection_fault_in_rings_1_and_3(string code)
    {
        foreach (int ring in new[] { 1, 3 })
        {
            using var machine = new CpuMachine(ring);
            machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
            (machine.Registers.Eax, machine.Registers.Esi, machine.Registers.Edi, machine.Registers.Ecx) = (CpuMachine.Data, CpuMachine.Data, CpuMachine.Data, 1);
            GuestRegisters before = machine.Registers;
            Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
            Assert.Equal(before, machine.Registers);
        }
    }

    public static TheoryData<string> NotThere =>
    [
        "0F34", "0F35", "0F05", "0F01C1", "0F01D9",                 // sysenter sysexit syscall vmcall vmmcall
        "660F3817C0", "660F3A0EC000", "F20F38F0C0", "F30FB8C0",     // ptest pblendw crc32 popcnt
        "C5F877", "62F17C4858C0",                                   // AVX: lds and bound with registers
        "0F20C8", "0FC7C8", "8DC0", "C5C0", "62C0",                 // cr1, cmpxchg8b lea lds bound of a register
        "FEF8", "FFF8", "8FC8", "C6C801", "8EC8", "0FFF", "0FB9C0", // groups with holes, mov to cs, ud0, ud1
        "F090", "F001C0", "F08B00", "F0F4", "F00FC8",               // lock where it may not be
    ];

    [Theory]
    [MemberData(nameof(NotThere))]
    public void What_an_i686_has_not_is_an_invalid_opcode(string code)
    {
        foreach (int ring in new[] { 1, 3 })
        {
            using var machine = new CpuMachine(ring);
            machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
            machine.Registers.Eax = CpuMachine.Data;
            GuestRegisters before = machine.Registers;
            Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run());
            Assert.Equal(before, machine.Registers);
        }
    }

    [Theory]
    [InlineData("D8C0")]
    [InlineData("D9E8")]
    [InlineData("DD00")]
    [InlineData("DFE0")]
    public void An_fpu_instruction_traps_while_the_task_is_switched(string code)
    {
        using var machine = new CpuMachine();
        machine.Cpu.TaskSwitched = true;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal(CpuExit.Trap(Vector.DeviceNotAvailable), machine.Run());
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);

        machine.Cpu.TaskSwitched = false;
        machine.Registers.Eax = CpuMachine.Data;
        CpuExit exit = machine.Run(1);
        Assert.Equal(machine.Cpu.HasFpu ? CpuExit.Budget : CpuExit.Trap(Vector.DeviceNotAvailable), exit);
    }

    [Theory]
    [InlineData(true, 0x8001003Bu)]
    [InlineData(false, 0x80010033u)]
    public void Smsw_shows_whether_the_task_is_switched(bool switched, uint status)
    {
        using var machine = new CpuMachine();
        machine.Cpu.TaskSwitched = switched;
        machine.Bytes(CpuMachine.Code, 0x0F, 0x01, 0xE0, 0x0F, 0x01, 0x23);    // smsw eax; smsw [ebx]
        machine.Registers.Ebx = CpuMachine.Data;
        machine.Run(2);
        Assert.Equal(status, machine.Registers.Eax);
        Assert.Equal(status & 0xFFFF, machine.Read32(CpuMachine.Data));
    }

    [Fact]
    public void Cpuid_shows_what_there_is_and_no_more()
    {
        // What the original's guests were let see of a processor, and PGE.
        const uint fpu = 1 << 0, tsc = 1 << 4, pae = 1 << 6, cx8 = 1 << 8, pge = 1 << 13, cmov = 1 << 15, mmx = 1 << 23, fxsr = 1 << 24, sse = 1 << 25, sse2 = 1 << 26;
        const uint sse3 = 1 << 0, ssse3 = 1 << 9;
        using var machine = new CpuMachine();
        GuestRegisters leaf = Cpuid(machine, 1);
        Assert.Equal(fpu | tsc | pae | cx8 | pge | cmov | mmx | fxsr | sse | sse2, leaf.Edx);
        Assert.Equal(sse3 | ssse3, leaf.Ecx);
        Assert.Equal(6u, leaf.Eax >> 8 & 0xF);

        GuestRegisters first = Cpuid(machine, 0);
        Assert.InRange(first.Eax, 1u, 3u);
        Assert.Equal(0u, Cpuid(machine, 0x80000001).Edx & (1u << 11 | 1 << 20 | 1 << 29));      // syscall, NX, long mode
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Rdtsc_reads_the_hosts_clock_which_may_count_instructions(int ring)
    {
        using var machine = new CpuMachine(ring);
        machine.TimeStamp = cpu => 0x1234_0000_0000 + (ulong)cpu.InstructionCount;
        machine.Assemble(a => { a.nop(); a.nop(); a.rdtsc(); a.mov(ebx, eax); a.nop(); a.rdtsc(); a.nop(); a.hlt(); });
        Assert.Equal(Vector.GeneralProtection, machine.Run().Vector);
        Assert.Equal((0x1234u, 2u, 5u), (machine.Registers.Edx, machine.Registers.Ebx, machine.Registers.Eax));
    }

    private static GuestRegisters Cpuid(CpuMachine machine, uint leaf)
    {
        machine.Bytes(CpuMachine.Code, 0x0F, 0xA2);
        (machine.Registers.Eax, machine.Registers.Ecx) = (leaf, 0);
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        return machine.Registers;
    }
}
