using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests;

/// <summary>What each hypercall does with its arguments (ABI §3). DMA, segments and gates have files of their own.</summary>
public class HypercallTests
{
    private const uint Directory = ScriptedGuest.FreePages;

    [Fact]
    public void FLUSH_ASYNC_does_nothing_by_itself()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.FlushAsync);
        HypercallEvent call = Assert.IsType<HypercallEvent>(Assert.Single(guest.Play()));
        Assert.Null(call.Result);
        Assert.Empty(call.Arguments);
        Assert.Empty(guest.Cpu.Flushes);
    }

    [Theory]
    [InlineData(Call.FlushAsync)]
    [InlineData(Call.Ts)]
    [InlineData(Call.SetPte)]
    [InlineData(Call.SetClockEvent)]
    public void A_call_without_a_result_leaves_eax_alone(uint number)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(number, 0, 0, 0).Play();
        Assert.Equal(number, guest.Cpu.Registers.Eax);
    }

    [Theory]
    [InlineData("dma-2007-10", 1108u, 1112u)]
    [InlineData("dma-2.6.23", 1108u, 1116u)]
    public void LGUEST_INIT_tells_the_guest_what_it_needs(string abi, uint reserveMem, uint tscKhz)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = abi, Clock = ClockKind.Virtual });
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Equal(4u << 20, guest.Memory.Read32(ScriptedGuest.DataAddress + reserveMem));
        Assert.Equal(1_000_000u, guest.Memory.Read32(ScriptedGuest.DataAddress + tscKhz));
        Assert.Equal(new DateTime(2007, 10, 22), DateTime.UnixEpoch.AddSeconds(guest.Time.Seconds));
        Assert.Equal(["all"], guest.Cpu.Flushes);
    }

    [Fact]
    public void LGUEST_INIT_without_a_time_stamp_counter_says_0_kHz()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ScriptedGuest.Definition with { Tsc = TscChoice.Off });
        guest.Memory.Write32(ScriptedGuest.DataAddress + 1112, 99);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Equal(0u, guest.Memory.Read32(ScriptedGuest.DataAddress + 1112));
    }

    [Fact]
    public void LGUEST_INIT_stamps_todays_time_on_the_host_clock()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        long before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.InRange(guest.Time.Seconds, before, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.InRange(guest.Time.Nanoseconds, 0u, 999_999_999u);
    }

    [Fact] // the network driver of v2.6.23 makes its MAC address from it
    public void LGUEST_INIT_gives_every_guest_of_2_6_23_a_number_of_its_own()
    {
        ushort[] ids = [.. Enumerable.Range(0, 5).Select(_ =>
        {
            using ScriptedGuest guest = ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = "dma-2.6.23" });
            guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
            return guest.Memory.Read16(ScriptedGuest.DataAddress + 1112);
        })];
        Assert.Equal(5, ids.Distinct().Count());
    }

    [Theory]
    [InlineData("dma-2007-10", 1116u)]
    [InlineData("dma-2.6.23", 1120u)]
    public void LGUEST_INIT_reads_where_the_guest_must_not_be_interrupted(string abi, uint noIrqStart)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = abi });
        guest.Memory.Write32(ScriptedGuest.DataAddress + noIrqStart, 0xC0002010);
        guest.Memory.Write32(ScriptedGuest.DataAddress + noIrqStart + 4, 0xC0002020);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Equal((0xC0002010u, 0xC0002020u), (guest.Guest.Data.NoIrqStart, guest.Guest.Data.NoIrqEnd));
    }

    [Theory]
    [InlineData("dma-2007-10", 1124u)]
    [InlineData("dma-2.6.23", 1128u)]
    public void LGUEST_INIT_wants_the_whole_struct_inside_guest_memory(string abi, uint size)
    {
        GuestDefinition definition = ScriptedGuest.Definition with { Abi = abi };
        using ScriptedGuest fits = ScriptedGuest.Fresh(definition);
        fits.Hypercall(Call.LguestInit, fits.Memory.Size - size).Play();
        Assert.Null(fits.Ending);

        using ScriptedGuest sticksOut = ScriptedGuest.Fresh(definition);
        uint address = sticksOut.Memory.Size - size + 1;
        sticksOut.Hypercall(Call.LguestInit, address).Play();
        Assert.Equal($"bad guest page 0x{address:x8}", sticksOut.Ending);
    }

    [Theory]
    [InlineData("Power down", EndingKind.PowerDown, "Power down")]
    [InlineData("power down", EndingKind.Crashed, "CRASH: power down")]
    [InlineData("Power down ", EndingKind.Crashed, "CRASH: Power down ")]
    [InlineData("", EndingKind.Crashed, "CRASH: ")]
    [InlineData("Oops: 0002 \u00e4", EndingKind.Crashed, "CRASH: Oops: 0002 \u00e4")]
    public void CRASH_ends_the_guest_with_its_text(string text, EndingKind kind, string reason)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Crash, guest.CrashText(text)).Play();
        Assert.Equal(new GuestEnding(kind, reason), guest.Guest.Ending);
    }

    [Fact]
    public void CRASH_reads_127_characters_at_most()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Crash, guest.CrashText(new string('x', 300))).Play();
        Assert.Equal("CRASH: " + new string('x', 127), guest.Ending);
    }

    [Fact]
    public void CRASH_with_a_text_at_the_very_end_of_memory_still_tells_it()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint address = guest.Memory.Size - 4;
        guest.Memory.Write(address, "bye\0"u8);
        guest.Hypercall(Call.Crash, address).Play();
        Assert.Equal("CRASH: bye", guest.Ending);
    }

    [Fact]
    public void CRASH_with_an_address_outside_memory_kills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Crash, 0x80000000).Play();
        Assert.Equal(new GuestEnding(EndingKind.Killed, "bad read address 0x80000000 len 128"), guest.Guest.Ending);
    }

    [Fact]
    public void NEW_PGTABLE_switches_to_the_directory()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        CopyDirectory(guest, Directory);
        guest.Hypercall(Call.NewPageTable, Directory | 0x018).Play();
        Assert.Equal((Directory, Directory), (guest.Guest.Machine.PageDirectory, guest.Cpu.PageDirectory));
    }

    [Fact]
    public void NEW_PGTABLE_refuses_a_directory_outside_memory()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint last = guest.Memory.Size - GuestMemory.PageSize;
        guest.Hypercall(Call.NewPageTable, last + GuestMemory.PageSize).Play();
        Assert.Equal($"bad page directory 0x{last + GuestMemory.PageSize:x8}", guest.Ending);
    }

    [Fact]
    public void NEW_PGTABLE_checks_the_stack_again()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.NewPageTable, Directory).Play();       // an empty directory
        Assert.Equal($"bad stack page 0x{ScriptedGuest.PageOffset + ScriptedGuest.StackTop - 1:x8}", guest.Ending);
    }

    [Theory]
    [InlineData(0u, "user")]
    [InlineData(1u, "all")]
    public void FLUSH_TLB_forgets_user_translations_or_all(uint all, string expected)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.FlushTlb, all).Play();
        Assert.Equal([expected], guest.Cpu.Flushes);
    }

    [Theory]
    [InlineData(0u, null)]
    [InlineData(1u, "bad stack page 0xc001ffff")]
    public void FLUSH_TLB_of_everything_checks_the_stack_again(uint all, string? ending)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Unmap(guest, ScriptedGuest.PageOffset + ScriptedGuest.StackTop - 1);
        guest.Hypercall(Call.FlushTlb, all).Play();
        Assert.Equal(ending, guest.Ending);
    }

    [Theory]
    [InlineData(0x69u, 2u, null)]
    [InlineData(0x69u, 0u, null)]
    [InlineData(0x68u, 1u, "bad stack segment 0x68")]
    [InlineData(0x6Au, 1u, "bad stack segment 0x6a")]
    [InlineData(0x7Bu, 1u, "bad stack segment 0x7b")]
    [InlineData(0x69u, 3u, "bad stack pages 3")]
    [InlineData(0x69u, uint.MaxValue, "bad stack pages 4294967295")]
    public void SET_STACK_takes_a_ring_1_stack_of_two_pages_at_most(uint ss, uint pages, string? ending)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SetStack, ss, ScriptedGuest.PageOffset + ScriptedGuest.StackTop, pages).Play();
        Assert.Equal(ending, guest.Ending);
    }

    [Fact] // the byte below a page-aligned esp is in the page before: history called this a bad stack page
    public void SET_STACK_with_a_page_aligned_esp_needs_only_the_pages_below_it()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint esp = ScriptedGuest.PageOffset + ScriptedGuest.StackTop;
        Unmap(guest, esp);
        Unmap(guest, esp - 3 * GuestMemory.PageSize);
        guest.Hypercall(Call.SetStack, 0x69, esp, 2).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(new Segments.KernelStack(0x69, esp, 2), guest.Guest.Machine.Stack);
    }

    [Theory]
    [InlineData(1u, PageFlags.Present, "bad stack page 0xc001efff")]
    [InlineData(1u, PageFlags.Writable, "bad stack page 0xc001efff")]
    [InlineData(0u, PageFlags.Present, "bad stack page 0xc001ffff")]
    public void SET_STACK_wants_its_pages_mapped_writable(uint page, uint flag, string ending)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint esp = ScriptedGuest.PageOffset + ScriptedGuest.StackTop;
        uint entry = EntryAddress(guest, esp - 1 - page * GuestMemory.PageSize);
        guest.Memory.Write32(entry, guest.Memory.Read32(entry) & ~flag);
        guest.Hypercall(Call.SetStack, 0x69, esp, 2).Play();
        Assert.Equal(ending, guest.Ending);
    }

    [Fact]
    public void TS_sets_and_clears_the_wish_for_trap_7()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 8).Play();
        Assert.True(guest.Cpu.TaskSwitched && guest.Guest.Machine.WantsFpuTrap);
        guest.Hypercall(Call.Ts, 0).Play();
        Assert.False(guest.Cpu.TaskSwitched || guest.Guest.Machine.WantsFpuTrap);
    }

    [Fact]
    public void SET_CLOCKEVENT_raises_irq_0_once_after_that_many_nanoseconds()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Gate(0x20, 0xC0003000);
        guest.Hypercall(Call.SetClockEvent, 5_000_000).Hypercall(Call.Halt).Hypercall(Call.Halt);
        List<LguestEvent> events = guest.Play();
        Assert.Equal(["SET_CLOCKEVENT", "HALT", "irq 0", "HALT"], ScriptedGuest.Words(events));
        Assert.Equal(5.0, (events[2].GuestTime - events[0].GuestTime).TotalMilliseconds, 3);
        Assert.Equal(Standstill.WaitingForInput, guest.Guest.Standstill);
    }

    [Fact]
    public void SET_CLOCKEVENT_of_0_cancels_it()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Gate(0x20, 0xC0003000);
        guest.Hypercall(Call.SetClockEvent, 5_000_000).Hypercall(Call.SetClockEvent, 0).Hypercall(Call.Halt);
        Assert.Equal(["SET_CLOCKEVENT", "SET_CLOCKEVENT", "HALT"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(Standstill.WaitingForInput, guest.Guest.Standstill);
    }

    [Fact]
    public void SET_CLOCKEVENT_replaces_the_one_before()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Gate(0x20, 0xC0003000);
        guest.Hypercall(Call.SetClockEvent, 1_000_000).Hypercall(Call.SetClockEvent, 8_000_000).Hypercall(Call.Halt).Hypercall(Call.Halt);
        List<LguestEvent> events = guest.Play();
        Assert.Equal(8.0, (events.OfType<InterruptEvent>().Single().GuestTime - events[1].GuestTime).TotalMilliseconds, 3);
    }

    [Fact]
    public void HALT_sleeps_until_an_interrupt_can_be_delivered()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        bool ran = false;
        guest.Gate(0x23, 0xC0003000);
        guest.Hypercall(Call.Halt).Code(_ => ran = true).Play();
        Assert.True(guest.Guest.IsHalted);
        Assert.False(ran);

        guest.Guest.Machine.Interrupts.Raise(3);
        Assert.Equal(["irq 3"], ScriptedGuest.Words(guest.Play()));
        Assert.False(guest.Guest.IsHalted);
        Assert.True(ran);
    }

    [Theory]
    [InlineData(0xBFFFF123u, "page bffff123 of 00005000")]
    [InlineData(0xC0001123u, "page c0001123")]
    public void SET_PTE_forgets_one_page_in_its_directory_or_a_kernel_page_in_all(uint address, string expected)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SetPte, 0x5000, address, 0x1067).Play();
        Assert.Equal([expected], guest.Cpu.Flushes);
    }

    [Theory] // 0 is sent for entries that are still present; PROT_NONE has bit 7 and no P
    [InlineData(0u)]
    [InlineData(0x000001E2u)]
    [InlineData(0x7FFFF067u)]
    public void SET_PTE_looks_at_the_guests_table_not_at_the_entry_it_is_given(uint entry)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SetPte, 0x5000, 0x1000, entry).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(["page 00001000 of 00005000"], guest.Cpu.Flushes);
    }

    [Fact]
    public void SET_PTE_of_a_switcher_page_kills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SetPte, 0x5000, 0xFFBFF000, 0).Hypercall(Call.SetPte, 0x5000, 0xFFC00000, 0).Play();
        Assert.StartsWith("attempt to access switcher pages", guest.Ending);
        Assert.Single(guest.Cpu.Flushes);
    }

    [Theory]
    [InlineData(0u, "00000000-003fffff of 00005000")]
    [InlineData(1022u, "ff800000-ffbfffff of 00005000")]
    [InlineData(1023u, null)]
    [InlineData(uint.MaxValue, null)]
    public void SET_PMD_forgets_a_slot_and_ignores_those_that_are_not_the_guests(uint index, string? expected)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SetPmd, 0x5000, index).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(expected is null ? [] : [expected], guest.Cpu.Flushes);
    }

    [Theory]
    [InlineData(11u)]
    [InlineData(17u)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public void Any_other_number_kills(uint number)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(number);
        guest.Step();
        Assert.Equal($"UNKNOWN_{number}", guest.Guest.PendingHypercall!.Name);
        guest.Play();
        Assert.Equal($"Bad hypercall {number}", guest.Ending);
    }

    private static void CopyDirectory(ScriptedGuest guest, uint to) =>
        guest.Memory.Write(to, guest.Memory.Read(guest.Guest.Machine.PageDirectory, GuestMemory.PageSize).ToArray());

    private static uint EntryAddress(ScriptedGuest guest, uint linear) =>
        (guest.Memory.Read32(guest.Guest.Machine.PageDirectory + (linear >> 22) * 4) & PageFlags.Frame) + ((linear >> 12) & 1023) * 4;

    private static void Unmap(ScriptedGuest guest, uint linear) => guest.Memory.Write32(EntryAddress(guest, linear), 0);
}
