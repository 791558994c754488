using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests.Eras;

/// <summary>The privileged instructions that kernels from 2.6.24 on still contain, and the host does for them.</summary>
public class KernelInstructionTests
{
    private const uint Handler = 0xC0003000;
    private const uint Code = 0xC0002100;

    [Theory]
    [InlineData("0F 32", 2u, 0u, 0u)]                       // rdmsr
    [InlineData("0F 30", 2u, 0x11223344u, 0x55667788u)]     // wrmsr
    [InlineData("0F 20 D8", 3u, 0u, 0x55667788u)]           // mov eax, cr3
    [InlineData("0F 20 C0", 3u, 0x80010033u, 0x55667788u)]  // mov eax, cr0
    [InlineData("0F 20 DA", 3u, 0x11223344u, 0u)]           // mov edx, cr3
    [InlineData("FA", 1u, 0x11223344u, 0x55667788u)]        // cli
    public void Early_code_goes_on_past_it(string code, uint length, uint eax, uint edx)
    {
        using ScriptedGuest guest = At(Era.Virtio31, code);
        GuestRegisters before = guest.Cpu.Registers;
        TrapEvent trap = Assert.IsType<TrapEvent>(Assert.Single(guest.Trap(13).Play()));
        Assert.Equal((TrapOutcome.Emulated, Code), (trap.Outcome, trap.Eip));
        Assert.Equal(before with { Eax = eax, Edx = edx, Eip = Code + length }, guest.Cpu.Registers);
    }

    [Theory] // the kernel has tables of places where these may fault
    [InlineData("0F 32")]
    [InlineData("0F 30")]
    [InlineData("0F 20 D8")]
    [InlineData("0F 20 C0")]
    public void Once_the_kernel_has_a_handler_it_is_the_kernels_affair(string code)
    {
        using ScriptedGuest guest = At(Era.Virtio31, code);
        guest.Gate(13, Handler).Trap(13).Play();
        Assert.Equal(Handler, guest.Cpu.Registers.Eip);
    }

    [Fact]
    public void cli_is_skipped_with_a_handler_too()
    {
        using ScriptedGuest guest = At(Era.Virtio2631, "FA");
        guest.Gate(13, Handler).Trap(13).Play();
        Assert.Equal(Code + 1, guest.Cpu.Registers.Eip);
    }

    [Theory]
    [InlineData("0F 22 D8")]        // mov cr3, eax
    [InlineData("0F 22 C0")]        // mov cr0, eax
    [InlineData("0F 20 D0")]        // mov eax, cr2
    [InlineData("0F 20 E0")]        // mov eax, cr4
    [InlineData("0F 01 10")]        // lgdt
    [InlineData("FB")]              // sti
    [InlineData("F4")]              // hlt
    public void Any_other_instruction_kills_a_kernel_without_a_handler(string code)
    {
        using ScriptedGuest guest = At(Era.Virtio31, code);
        guest.Trap(13).Play();
        Assert.Equal($"unhandled trap 13 at 0x{Code:x8} (0x0)", guest.Ending);
    }

    [Theory]
    [InlineData("FA")]
    [InlineData("0F 32")]
    public void A_program_may_do_none_of_it(string code)
    {
        using ScriptedGuest guest = At(Era.Virtio31, code);
        guest.Cpu.Registers.Cs = 0x73;
        guest.Trap(13).Play();
        Assert.StartsWith("unhandled trap 13", guest.Ending);
    }

    [Theory]
    [InlineData("FA")]
    [InlineData("0F 32")]
    public void The_DMA_eras_know_no_such_thing(string code)
    {
        using ScriptedGuest guest = At(Era.October, code);
        guest.Trap(13).Play();
        Assert.StartsWith("unhandled trap 13", guest.Ending);
    }

    [Fact] // nothing is mapped but the physical addresses
    public void It_is_found_before_there_is_any_linear_mapping()
    {
        using ScriptedGuest guest = Era.Fresh(Era.Virtio31);
        guest.Memory.Write(Code - ScriptedGuest.PageOffset, [0x0F, 0x32]);
        guest.Cpu.Registers.Eip = Code - ScriptedGuest.PageOffset;
        guest.Trap(13).Play();
        Assert.Equal(Code - ScriptedGuest.PageOffset + 2, guest.Cpu.Registers.Eip);
    }

    private static ScriptedGuest At(string abi, string code)
    {
        ScriptedGuest guest = Era.Initialised(abi);
        guest.Memory.Write(Code - ScriptedGuest.PageOffset, Convert.FromHexString(code.Replace(" ", "")));
        guest.Cpu.Registers.Eip = Code;
        guest.Cpu.Registers.Eax = 0x11223344;
        guest.Cpu.Registers.Edx = 0x55667788;
        return guest;
    }
}
