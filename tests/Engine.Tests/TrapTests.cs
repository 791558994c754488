using LguestPS.Cpu;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests;

/// <summary>What becomes of each trap: served by the host, reflected to the guest, or the guest's end (ABI §5).</summary>
public class TrapTests
{
    private const uint Handler = 0xC0003000;
    private const uint Code = 0xC0002100;
    private const uint StackTop = ScriptedGuest.PageOffset + ScriptedGuest.StackTop;

    [Fact]
    public void From_ring_1_the_frame_goes_on_the_same_stack()
    {
        using ScriptedGuest guest = InKernel();
        guest.Gate(6, Handler).Trap(6).Play();
        ref GuestRegisters registers = ref guest.Cpu.Registers;
        Assert.Equal((Handler, StackTop - 12, 0x61, 0x69), (registers.Eip, registers.Esp, registers.Cs, registers.Ss));
        Assert.Equal([Code, 0x61, 2], Frame(guest, 3));
    }

    [Fact]
    public void From_ring_3_the_frame_goes_on_the_ring_1_stack_and_begins_with_the_programs_own()
    {
        using ScriptedGuest guest = InProgram();
        guest.Gate(0x80, Handler, type: 0xF, privilege: 3).Trap(0x80).Play();
        ref GuestRegisters registers = ref guest.Cpu.Registers;
        Assert.Equal((Handler, StackTop - 20, 0x61, 0x69), (registers.Eip, registers.Esp, registers.Cs, registers.Ss));
        Assert.Equal([0x08048000, 0x73, 2, 0xBFFFF000, 0x7B], Frame(guest, 5));
        Assert.Equal((0x7B, 0x7B), (registers.Ds, registers.Es));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(6, false)]
    [InlineData(7, false)]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(11, true)]
    [InlineData(12, true)]
    [InlineData(13, true)]
    [InlineData(14, true)]
    [InlineData(16, false)]
    [InlineData(17, true)]
    [InlineData(18, false)]
    [InlineData(0x80, false)]
    public void An_error_code_is_pushed_for_those_traps_that_have_one(byte vector, bool hasOne)
    {
        using ScriptedGuest guest = InKernel(fpu: false);
        guest.Gate(vector, Handler).Trap(vector, errorCode: 0x18).Play();
        Assert.Equal(hasOne ? [0x18, Code] : [Code, 0x61], Frame(guest, 2));
        Assert.Equal(StackTop - (hasOne ? 16u : 12u), guest.Cpu.Registers.Esp);
    }

    [Theory] // history: the sense of IF was once inverted here
    [InlineData(0u, 0x202u, 0x002u)]
    [InlineData(0x200u, 0x202u, 0x202u)]
    [InlineData(0x200u, 0x002u, 0x202u)]
    [InlineData(0xFFFFFFFFu, 0x002u, 0x202u)]
    public void IF_in_the_frame_is_what_the_guest_calls_irq_enabled(uint irqEnabled, uint eflags, uint pushed)
    {
        using ScriptedGuest guest = InKernel();
        guest.IrqEnabled = irqEnabled;
        guest.Cpu.Registers.Eflags = eflags;
        guest.Gate(6, Handler).Trap(6).Play();
        Assert.Equal(pushed, Frame(guest, 3)[2]);
    }

    [Theory]
    [InlineData(0xEu, 0u)]
    [InlineData(0xFu, 0x200u)]
    public void An_interrupt_gate_turns_irq_enabled_off_a_trap_gate_does_not(uint type, uint expected)
    {
        using ScriptedGuest guest = InKernel();
        guest.IrqEnabled = Eflags.Interrupt;
        guest.Gate(6, Handler, type).Trap(6).Play();
        Assert.Equal(expected, guest.IrqEnabled);
    }

    [Fact] // the original forgot
    public void TF_NT_and_RF_are_cleared_for_the_handler_and_kept_in_the_frame()
    {
        using ScriptedGuest guest = InKernel();
        uint before = 0x202 | Eflags.Trap | Eflags.NestedTask | Eflags.Resume | Eflags.Direction | Eflags.Overflow;
        guest.Cpu.Registers.Eflags = before;
        guest.IrqEnabled = Eflags.Interrupt;
        guest.Gate(1, Handler).Trap(1).Play();
        Assert.Equal(before, Frame(guest, 3)[2]);
        Assert.Equal(0x202 | Eflags.Direction | Eflags.Overflow, guest.Cpu.Registers.Eflags);
    }

    [Fact]
    public void Before_LGUEST_INIT_a_trap_is_reflected_with_IF_off()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.Gate(14, Handler).Trap(14, 2, 0x1234).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(0u, Frame(guest, 4)[3] & Eflags.Interrupt);
    }

    [Fact]
    public void A_page_fault_leaves_its_address_in_lguest_data()
    {
        using ScriptedGuest guest = InProgram();
        guest.Gate(14, Handler).Trap(14, 6, 0x0804A123).Play();
        Assert.Equal(0x0804A123u, guest.Cr2);
        Assert.Equal(6u, Frame(guest, 1)[0]);
    }

    [Fact]
    public void Only_a_page_fault_does()
    {
        using ScriptedGuest guest = InKernel();
        guest.Memory.Write32(ScriptedGuest.DataAddress + 8, 0x77);
        guest.Gate(13, Handler).Trap(13, 0x18, 0x1234).Play();
        Assert.Equal(0x77u, guest.Cr2);
    }

    [Fact]
    public void Touching_the_hosts_own_addresses_is_a_page_fault_unless_the_guest_mapped_them()
    {
        using ScriptedGuest guest = InKernel();
        guest.Gate(14, Handler).Trap(14, 0, 0xFFC00010).Play();
        Assert.Equal(0xFFC00010u, guest.Cr2);
        Assert.Null(guest.Ending);

        guest.Memory.Write32(guest.Guest.Machine.PageDirectory + 1023 * 4, 0x1000 | PageFlags.DirectoryEntry);
        guest.Trap(14, 0, 0xFFFFF000).Play();
        Assert.Equal("attempt to access switcher pages: 0xfffff000", guest.Ending);
    }

    [Theory] // kernels of later eras have a page table there in every address space: any program could end them
    [InlineData("virtio-2.6.29")]
    [InlineData("virtio-2.6.34")]
    public void With_virtqueues_touching_switcher_pages_is_a_page_fault_like_any_other(string abi)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = abi });
        guest.Memory.Write32(guest.Guest.Machine.PageDirectory + 1023 * 4, 0x1000 | PageFlags.DirectoryEntry);
        guest.Gate(14, Handler).Trap(14, 4, 0xFFC00010).Play();
        Assert.Equal((null, Handler), (guest.Ending, guest.Cpu.Registers.Eip));
    }

    [Theory]
    [InlineData((byte)6, 0u, 0u, "unhandled trap 6 at 0xc0002100 (0x0)")]
    [InlineData((byte)13, 0x18u, 0u, "unhandled trap 13 at 0xc0002100 (0x18)")]
    [InlineData((byte)14, 2u, 0xABCD000u, "unhandled trap 14 at 0xc0002100 (0xabcd000)")]
    [InlineData((byte)2, 0u, 0u, "unhandled trap 2 at 0xc0002100 (0x0)")]
    [InlineData((byte)8, 0u, 0u, "unhandled trap 8 at 0xc0002100 (0x0)")]
    public void Without_a_gate_a_trap_kills(byte vector, uint errorCode, uint address, string reason)
    {
        using ScriptedGuest guest = InKernel();
        guest.Trap(vector, errorCode, address).Play();
        Assert.Equal(new GuestEnding(EndingKind.Killed, reason), guest.Guest.Ending);
    }

    [Fact]
    public void Trap_7_gives_the_FPU_to_a_guest_that_did_not_ask_for_it()
    {
        using ScriptedGuest guest = InKernel();
        guest.Cpu.TaskSwitched = true;
        TrapEvent trap = Assert.IsType<TrapEvent>(Assert.Single(guest.Gate(7, Handler).Trap(7).Play()));
        Assert.Equal(TrapOutcome.FpuGranted, trap.Outcome);
        Assert.False(guest.Cpu.TaskSwitched);
        Assert.Equal(Code, guest.Cpu.Registers.Eip);
    }

    [Fact]
    public void Trap_7_is_reflected_to_a_guest_that_asked_with_TS()
    {
        using ScriptedGuest guest = InKernel();
        guest.Gate(7, Handler).Hypercall(Call.Ts, 1).Trap(7);
        Assert.Equal(TrapOutcome.Reflected, guest.Play().OfType<TrapEvent>().Single().Outcome);
        Assert.True(guest.Cpu.TaskSwitched);
        Assert.Equal(Handler, guest.Cpu.Registers.Eip);
    }

    [Fact]
    public void Without_an_FPU_trap_7_is_always_the_guests_own()
    {
        using ScriptedGuest guest = InKernel(fpu: false);
        guest.Gate(7, Handler).Trap(7).Play();
        Assert.Equal(Handler, guest.Cpu.Registers.Eip);
    }

    [Theory]
    [InlineData("E4 60", 2u, 0x112233FFu)]        // in al, 0x60
    [InlineData("E5 60", 2u, 0xFFFFFFFFu)]        // in eax, 0x60
    [InlineData("66 E5 60", 3u, 0x1122FFFFu)]     // in ax, 0x60
    [InlineData("66 E4 60", 3u, 0x112233FFu)]     // the prefix changes nothing for a byte
    [InlineData("EC", 1u, 0x112233FFu)]           // in al, dx
    [InlineData("ED", 1u, 0xFFFFFFFFu)]           // in eax, dx
    [InlineData("66 ED", 2u, 0x1122FFFFu)]        // in ax, dx
    [InlineData("E6 80", 2u, 0x11223344u)]        // out 0x80, al
    [InlineData("E7 80", 2u, 0x11223344u)]        // out 0x80, eax
    [InlineData("66 E7 80", 3u, 0x11223344u)]     // out 0x80, ax
    [InlineData("EE", 1u, 0x11223344u)]           // out dx, al
    [InlineData("EF", 1u, 0x11223344u)]           // out dx, eax
    [InlineData("66 EF", 2u, 0x11223344u)]        // out dx, ax
    public void A_port_instruction_in_the_kernel_is_skipped_and_in_reads_all_ones(string code, uint length, uint eax)
    {
        using ScriptedGuest guest = InKernel();
        guest.Cpu.Registers.Eax = 0x11223344;
        GuestRegisters before = guest.Cpu.Registers;
        guest.Memory.Write(Code - ScriptedGuest.PageOffset, Convert.FromHexString(code.Replace(" ", "")));
        TrapEvent trap = Assert.IsType<TrapEvent>(Assert.Single(guest.Gate(13, Handler).Trap(13).Play()));
        Assert.Equal((TrapOutcome.PortSkipped, Code), (trap.Outcome, trap.Eip));
        before.Eax = eax;
        before.Eip += length;
        Assert.Equal(before, guest.Cpu.Registers);
    }

    [Theory]
    [InlineData("F4")]              // hlt
    [InlineData("FA")]              // cli
    [InlineData("6C")]              // insb
    [InlineData("66 90")]
    [InlineData("66 66 ED")]
    [InlineData("E3 60")]
    [InlineData("E8 60")]
    public void Any_other_instruction_is_the_guests_own_fault(string code)
    {
        using ScriptedGuest guest = InKernel();
        guest.Memory.Write(Code - ScriptedGuest.PageOffset, Convert.FromHexString(code.Replace(" ", "")));
        guest.Gate(13, Handler).Trap(13).Play();
        Assert.Equal(Handler, guest.Cpu.Registers.Eip);
    }

    [Fact]
    public void A_port_instruction_is_not_skipped_for_a_program_or_with_an_error_code()
    {
        using ScriptedGuest guest = InProgram();
        guest.Cpu.Registers.Eip = Code;
        guest.Memory.Write8(Code - ScriptedGuest.PageOffset, 0xED);
        guest.Gate(13, Handler).Trap(13).Play();
        Assert.Equal(Handler, guest.Cpu.Registers.Eip);

        using ScriptedGuest kernel = InKernel();
        kernel.Memory.Write8(Code - ScriptedGuest.PageOffset, 0xED);
        kernel.Gate(13, Handler).Trap(13, errorCode: 8).Play();
        Assert.Equal(Handler, kernel.Cpu.Registers.Eip);
    }

    [Fact]
    public void Code_that_is_not_mapped_holds_no_port_instruction()
    {
        using ScriptedGuest guest = InKernel();
        guest.Cpu.Registers.Eip = 0x1000;
        guest.Gate(13, Handler).Trap(13).Play();
        Assert.Equal(Handler, guest.Cpu.Registers.Eip);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(3u)]
    public void A_misaligned_stack_may_cross_a_page(uint misaligned)
    {
        using ScriptedGuest guest = InKernel();
        guest.Cpu.Registers.Esp = 0xC0030000 + misaligned;
        guest.Gate(6, Handler).Trap(6).Play();
        Assert.Equal([Code, 0x61, 2], Frame(guest, 3));
    }

    [Fact]
    public void A_stack_in_the_guests_own_page_tables_is_found_where_they_say()
    {
        using ScriptedGuest guest = InKernel();
        // The kernel's linear page 0x30 lies in physical page 0x50.
        uint table = guest.Memory.Read32(guest.Guest.Machine.PageDirectory + (0xC0030000 >> 22) * 4) & PageFlags.Frame;
        guest.Memory.Write32(table + 0x30 * 4, 0x50000 | PageFlags.Present | PageFlags.Writable);
        guest.Cpu.Registers.Esp = 0xC0031000;
        guest.Gate(6, Handler).Trap(6).Play();
        Assert.Equal(Code, guest.Memory.Read32(0x50FF4));
        Assert.Equal(PageFlags.Dirty | PageFlags.Accessed, guest.Memory.Read32(table + 0x30 * 4) & (PageFlags.Dirty | PageFlags.Accessed));
    }

    [Theory]
    [InlineData(0x1000u, "bad stack page 0x00000ffc")]
    [InlineData(0u, "bad stack page 0xfffffffc")]
    [InlineData(0xFFC00004u, "bad stack page 0xffc00000")]
    [InlineData(0xD0000000u, "bad stack page 0xcffffffc")]
    public void A_stack_that_is_not_there_kills_the_guest_not_the_host(uint esp, string reason)
    {
        using ScriptedGuest guest = InKernel();
        guest.Cpu.Registers.Esp = esp;
        guest.Gate(6, Handler).Trap(6).Play();
        Assert.Equal(reason, guest.Ending);
    }

    [Fact]
    public void A_trap_from_ring_3_before_SET_STACK_kills()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.Cpu.Registers = new GuestRegisters { Cs = 0x73, Ss = 0x7B, Esp = 0xBFFFF000, Eip = 0x08048000, Eflags = 0x202 };
        guest.Gate(6, Handler).Trap(6).Play();
        Assert.Equal("bad stack page 0xfffffffc", guest.Ending);
    }

    [Fact]
    public void A_vCPU_that_cannot_go_on_ends_the_guest_with_its_reason()
    {
        using ScriptedGuest guest = InKernel();
        guest.Cpu.Then(CpuExit.Dead("bad page table entry 7ffff067 for 00001000"));
        guest.Play();
        Assert.Equal(new GuestEnding(EndingKind.Killed, "bad page table entry 7ffff067 for 00001000"), guest.Guest.Ending);
    }

    private static ScriptedGuest InKernel(bool fpu = true)
    {
        ScriptedGuest guest = ScriptedGuest.Initialised(fpu: fpu);
        guest.Cpu.Registers.Eip = Code;
        return guest;
    }

    private static ScriptedGuest InProgram()
    {
        ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Cpu.Registers = new GuestRegisters { Cs = 0x73, Ss = 0x7B, Ds = 0x7B, Es = 0x7B, Esp = 0xBFFFF000, Eip = 0x08048000, Eflags = 0x202 };
        return guest;
    }

    /// <summary>The words on the kernel's stack, from the top.</summary>
    private static uint[] Frame(ScriptedGuest guest, int words) =>
        [.. Enumerable.Range(0, words).Select(i => guest.KernelWord(guest.Cpu.Registers.Esp + (uint)i * 4))];
}
