using Xunit;

namespace LguestPS.Tests;

/// <summary>The guest's interrupt gates (LOAD_IDT_ENTRY, ABI §6).</summary>
public class GateTests
{
    private const uint Present = 0x8000;

    [Theory]
    [InlineData(0xEu)]
    [InlineData(0xFu)]
    public void Interrupt_and_trap_gates_are_taken(uint type)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadIdtEntry, 0x30, 0x00615678, 0x12340000 | Present | type << 8).Trap(0x30).Play();
        Assert.Equal((0x12345678u, 0x61), (guest.Cpu.Registers.Eip, guest.Cpu.Registers.Cs));
    }

    [Theory]
    [InlineData(0x0u)]
    [InlineData(0x5u)]      // task gate
    [InlineData(0x6u)]      // 16-bit gates
    [InlineData(0x7u)]
    [InlineData(0xCu)]      // call gate
    public void Other_types_kill(uint type)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadIdtEntry, 0x30, 0, Present | type << 8).Play();
        Assert.Equal($"bad IDT type {type}", guest.Ending);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0x0008FFFFu)]
    [InlineData(0x007BFFFFu)]
    public void The_code_segment_is_the_kernels_whatever_the_gate_says(uint low)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadIdtEntry, 0x30, low, 0xC0000000 | Present | 0xE00).Trap(0x30).Play();
        Assert.Equal(0x61, guest.Cpu.Registers.Cs);
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(8u)]
    [InlineData(15u)]
    [InlineData(0x1Fu)]
    public void The_hosts_own_vectors_are_ignored(uint vector)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        int before = guest.Cpu.GatePrivilege((byte)vector);
        guest.Hypercall(Call.LoadIdtEntry, vector, 0x1234, Present | 0x6E00).Hypercall(Call.LoadIdtEntry, vector, 0, Present).Hypercall(Call.LoadIdtEntry, vector, 0, 0).Play();
        Assert.Null(guest.Ending);
        Assert.Null(guest.Guest.Machine.Gates[(int)vector]);
        Assert.Equal(before, guest.Cpu.GatePrivilege((byte)vector));
    }

    [Theory]
    [InlineData(255u, null)]
    [InlineData(256u, "setting idt entry 256")]
    [InlineData(0x100u + 0x1F, "setting idt entry 287")]
    [InlineData(uint.MaxValue, "setting idt entry 4294967295")]
    public void There_are_256(uint vector, string? ending)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadIdtEntry, vector, 0, Present | 0xE00).Play();
        Assert.Equal(ending, guest.Ending);
    }

    [Fact]
    public void The_hypercall_may_be_called_from_ring_1_only_and_nothing_else_until_the_guest_says_so()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        for (int vector = 0; vector < 256; vector++) Assert.Equal(vector == 0x1F ? 1 : 0, guest.Cpu.GatePrivilege((byte)vector));
    }

    [Theory] // int3 from user space was once a way to surprise the host
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_gates_privilege_is_the_one_the_guest_set(int level)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadIdtEntry, 3, 0x1000, 0xC0000000 | Present | (uint)level << 13 | 0xF00).Play();
        Assert.Equal(level, guest.Cpu.GatePrivilege(3));
    }

    [Fact]
    public void A_gate_that_is_not_present_clears_the_slot_whatever_its_type()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadIdtEntry, 0x80, 0x1000, 0xC0000000 | Present | 0x6F00).Hypercall(Call.LoadIdtEntry, 0x80, 0x1000, 0x500).Play();
        Assert.Null(guest.Guest.Machine.Gates[0x80]);
        // A program's int 0x80 must be #GP again, as if there had never been a gate.
        Assert.Equal(0, guest.Cpu.GatePrivilege(0x80));
    }

    [Fact]
    public void A_gate_is_replaced_by_a_later_one()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Gate(0x30, 0xC0003000).Gate(0x30, 0xC0004000).Trap(0x30).Play();
        Assert.Equal(0xC0004000u, guest.Cpu.Registers.Eip);
    }
}
