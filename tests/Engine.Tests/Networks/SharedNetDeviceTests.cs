using System.Text;
using LguestPS.Abi;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>SEND_DMA from guest to guest (ABI §7) and the card in front of it (ABI §8).</summary>
public class SharedNetDeviceTests
{
    [SkippableFact]
    public void The_card_is_described_with_its_slot()
    {
        using Lan lan = OnLinux();
        for (ushort slot = 0; slot < 3; slot++)
        {
            ScriptedGuest guest = lan.Join();
            const uint Descriptor = ScriptedGuest.MemorySize;
            Assert.Equal(2, guest.Memory.Read16(Descriptor));
            Assert.Equal(0x4000 | slot, guest.Memory.Read16(Descriptor + 2));
            Assert.Equal(1, guest.Memory.Read16(Descriptor + 6));
            Assert.Equal(Lan.Page >> 12, guest.Memory.Read32(Descriptor + 8));
        }
    }

    [SkippableFact]
    public void What_is_sent_to_a_key_goes_to_the_guest_bound_there()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();

        List<LguestEvent> sent = Lan.Send(first, 1, "hello");
        Assert.Null(first.Guest.PendingDma);
        Assert.Equal(["SEND_DMA", "net0 <- hello"], ScriptedGuest.Words(sent));
        Assert.Equal((Lan.KeyOf(1), 5u), (((DmaEvent)sent[1]).Key, ((DmaEvent)sent[1]).UsedLength));
        Assert.Equal(5u, first.UsedLength(ScriptedGuest.DmaAddress));

        List<LguestEvent> received = Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0);
        Assert.Equal(["net0 -> hello"], ScriptedGuest.Words(received));
        Assert.Equal((Lan.KeyOf(1), Lan.Buffers, 5u), (((DmaEvent)received[0]).Key, ((DmaEvent)received[0]).Address, ((DmaEvent)received[0]).UsedLength));
        Assert.Equal("hello"u8, Lan.Buffer(second, 0));
        Assert.True(second.Guest.Machine.Interrupts.AnyWaiting);
    }

    [SkippableFact]
    public void The_call_is_one_step_and_never_leaves_a_DMA_to_serve()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, _) = lan.Pair();
        first.Hypercall(Call.SendDma, Lan.KeyOf(1), first.TextDma("hello")).Hypercall(Call.FlushAsync);
        Assert.Empty(first.Step());
        Assert.Equal("SEND_DMA", first.Guest.PendingHypercall!.Name);
        Assert.Equal(["SEND_DMA", "net0 <- hello"], ScriptedGuest.Words(first.Step()));
        Assert.Equal((Standstill.Hypercall, "FLUSH_ASYNC"), (first.Guest.Standstill, first.Guest.PendingHypercall!.Name));
    }

    [SkippableFact]
    public void In_the_ring_it_does_not_make_the_direct_call_wait()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, _) = lan.Pair();
        first.Ring(0, Call.SendDma, Lan.KeyOf(1), first.TextDma("hello")).Ring(1, Call.Ts, 1);
        Assert.Equal(["SEND_DMA[0]", "net0 <- hello", "TS[1]", "FLUSH_ASYNC"], ScriptedGuest.Words(first.Hypercall(Call.FlushAsync).Play()));
    }

    [SkippableFact]
    public void Nothing_goes_to_oneself()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        Assert.Equal(["SEND_DMA", "net0 <-"], ScriptedGuest.Words(Lan.Send(first, 0, "me")));
        Assert.Equal(0u, first.UsedLength(ScriptedGuest.DmaAddress));
        Lan.Send(second, 0, "you");
        Lan.Until(first, () => first.UsedLength(Lan.Buffers) != 0);
        Assert.Equal("you"u8, Lan.Buffer(first, 0));
    }

    [SkippableFact]
    public void Where_nobody_has_bound_anything_nothing_happens_not_even_to_a_bad_sender()
    {
        using Lan lan = OnLinux();
        ScriptedGuest first = lan.Join();
        lan.Join();
        Assert.Null(((DmaEvent)Lan.Send(first, 1, "hello")[1]).UsedLength);
        Assert.Equal(0u, first.UsedLength(ScriptedGuest.DmaAddress));
        first.Hypercall(Call.SendDma, Lan.KeyOf(9), first.Dma(ScriptedGuest.DmaAddress, (0xFFFFF000, 16))).Play();
        Assert.Null(first.Ending);
    }

    [SkippableFact]
    public void Any_key_of_the_page_can_be_bound_and_is_found()
    {
        using Lan lan = OnLinux();
        ScriptedGuest first = lan.Join(), second = lan.Join();
        Lan.Listen(second, 1023);
        Lan.Until(first, () => Lan.NetworkOf(first).IsBound(4092));
        Lan.Send(first, 1023, "last");
        Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0);
        Assert.Equal("last"u8, Lan.Buffer(second, 0));
    }

    [SkippableTheory]
    [InlineData(0xFFFFF000u, 16)]
    [InlineData(ScriptedGuest.TextAddress + 1, 4096)]
    [InlineData(ScriptedGuest.TextAddress, 4097)]
    [InlineData(ScriptedGuest.TextAddress + 4000, 97)]
    public void A_bad_section_kills_the_sender(uint address, int length)
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        first.Hypercall(Call.SendDma, Lan.KeyOf(1), first.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.TextAddress, 1), (address, length))).Play();
        Assert.Equal($"bad DMA entry: {length}@0x{address:x8}", first.Ending);
        Assert.Null(second.Ending);
    }

    [SkippableTheory]
    [InlineData(0xFFFFF000u, 16)]
    [InlineData(ScriptedGuest.TextAddress + 1, 4096)]
    [InlineData(ScriptedGuest.TextAddress, 4097)]
    public void A_bad_buffer_kills_the_receiver_when_it_is_to_be_written(uint address, int length)
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        second.Dma(Lan.Buffers, (ScriptedGuest.TextAddress, 1), (address, length));
        Lan.Send(first, 1, "hello");
        Lan.Until(second, () => second.Ending is not null);
        Assert.Equal($"bad address writing to registered DMA: bad DMA entry: {length}@0x{address:x8}", second.Ending);
        Assert.Null(first.Ending);
    }

    [SkippableFact]
    public void A_bad_array_kills_the_receiver()
    {
        using Lan lan = OnLinux();
        ScriptedGuest first = lan.Join(), second = lan.Join();
        second.Hypercall(Call.BindDma, Lan.KeyOf(1), 0xFFFFF000, 0x101).Play();
        Lan.Until(first, () => Lan.NetworkOf(first).IsBound(4));
        Lan.Send(first, 1, "hello");
        Lan.Until(second, () => second.Ending is not null);
        Assert.Equal("bad address in registered DMA struct 0xfffff000", second.Ending);
    }

    [SkippableFact]
    public void Buffers_are_used_in_turn_from_a_cursor()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair(buffers: 3);
        Lan.Send(first, 1, "a");
        Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0);
        Free(second, 0);
        Lan.Send(first, 1, "b");
        Lan.Until(second, () => second.UsedLength(Lan.Buffers + 100) != 0);
        Assert.Equal(0u, second.UsedLength(Lan.Buffers));
        Assert.Equal("b"u8, Lan.Buffer(second, 1));
    }

    [SkippableFact]
    public void Without_a_free_buffer_a_frame_waits_and_the_guest_hears_of_it()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        second.Memory.Write32(Lan.Buffers + second.Guest.Abi.Dma!.UsedLength, 77);
        Lan.Send(first, 1, "later");
        Lan.Until(second, () => second.Guest.Machine.Interrupts.AnyWaiting);
        Assert.Equal(77u, second.UsedLength(Lan.Buffers));
        Free(second, 0);
        Assert.Equal(["net0 -> later"], ScriptedGuest.Words(Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0)));
    }

    [SkippableFact]
    public void Only_what_fits_the_buffer_is_received()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        second.Dma(Lan.Buffers, (ScriptedGuest.FreePages + 0x1000, 2), (ScriptedGuest.FreePages + 0x2000, 3));
        Lan.Send(first, 1, "abcdefgh");
        Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0);
        Assert.Equal(5u, second.UsedLength(Lan.Buffers));
        Assert.Equal("ab"u8, second.Memory.Read(ScriptedGuest.FreePages + 0x1000, 2));
        Assert.Equal("cde\0"u8, second.Memory.Read(ScriptedGuest.FreePages + 0x2000, 4));
    }

    [SkippableFact]
    public void Nothing_received_raises_nothing()
    {
        using Lan lan = OnLinux();
        const uint Marker = ScriptedGuest.BufferAddress;
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        second.Dma(Lan.Buffers);
        second.Hypercall(Call.BindDma, Lan.KeyOf(7), second.Dma(Marker, (ScriptedGuest.TableAddress, 100)), 0x102).Play();
        second.BlockedInterrupts = 1 << 2;
        Lan.Until(first, () => Lan.NetworkOf(first).IsBound(4 * 7));

        Assert.Null(((DmaEvent)Lan.Send(first, 1, "")[1]).UsedLength);
        Lan.Send(first, 1, "no room");
        Lan.Send(first, 7, "marker");
        Lan.Until(second, () => second.UsedLength(Marker) != 0);
        Assert.Equal(0u, second.UsedLength(Lan.Buffers));
        Assert.False(second.Guest.Machine.Interrupts.AnyWaiting);
    }

    [SkippableFact]
    public void A_full_queue_takes_no_more_until_the_receiver_has_taken_some()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        int sent = 0;
        do
        {
            first.Hypercall(Call.SendDma, Lan.KeyOf(1), first.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.FreePages, 4096))).Play();
        }
        while (first.UsedLength(ScriptedGuest.DmaAddress) == 4096 && ++sent < 1000);
        Assert.Equal(31, sent);
        Assert.Equal(0u, first.UsedLength(ScriptedGuest.DmaAddress));

        Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0);
        Assert.Equal(2000u, second.UsedLength(Lan.Buffers));
        Lan.Until(first, () =>
        {
            first.Hypercall(Call.SendDma, Lan.KeyOf(1), first.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.FreePages, 4096))).Play();
            return first.UsedLength(ScriptedGuest.DmaAddress) == 4096;
        });
    }

    [SkippableFact]
    public void Everybody_sees_the_MAC_address_that_a_guest_writes_to_its_slot_and_to_no_other()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        first.Memory.Write(Lan.Page, [2, 0, 0, 0, 0, 9, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE]);
        first.Code().Play();
        Lan.Until(second, () => Lan.Mac(second, 0)[5] == 9);
        Assert.Equal([2, 0, 0, 0, 0, 9], Lan.Mac(second, 0));
        Assert.Equal([0, 0, 0, 0, 0, 0], Lan.Mac(second, 1));

        second.Memory.Write(Lan.Page + 6, [2, 0, 0, 0, 0, 7]);
        second.Code().Play();
        Lan.Until(first, () => Lan.Mac(first, 1)[5] == 7);
        Assert.Equal([2, 0, 0, 0, 0, 9], Lan.Mac(first, 0));
    }

    [SkippableFact]
    public void A_guest_that_has_ended_is_unplugged_and_its_slot_can_be_taken()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        second.Memory.Write(Lan.Page + 6, [2, 0, 0, 0, 0, 7]);
        second.Code().Play();
        Lan.Until(first, () => Lan.Mac(first, 1)[5] == 7);
        Lan.Send(first, 1, "for the last one");

        second.Hypercall(Call.Crash, second.CrashText("Power down")).Play();
        Lan.Until(first, () => Lan.Mac(first, 1)[5] == 0);
        Lan.Send(first, 1, "nobody");
        Assert.Equal(0u, first.UsedLength(ScriptedGuest.DmaAddress));

        ScriptedGuest third = lan.Join();
        Lan.Listen(third, 1);
        Lan.Until(first, () => Lan.NetworkOf(first).IsBound(4));
        Lan.Send(first, 1, "for the new one");
        Lan.Until(third, () => third.UsedLength(Lan.Buffers) != 0);
        Assert.Equal("for the new one"u8, Lan.Buffer(third, 0));
    }

    [SkippableFact]
    public void What_came_for_buffers_that_are_no_longer_bound_is_dropped()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        Lan.Send(first, 1, "too late");
        second.Hypercall(Call.BindDma, Lan.KeyOf(1), Lan.Buffers, 0);
        second.Play();
        Lan.Until(second, () => Lan.NetworkOf(second).Dropped == 1 || second.UsedLength(Lan.Buffers) != 0);
        Lan.Until(first, () => !Lan.NetworkOf(first).IsBound(4));
    }

    [SkippableTheory]
    [InlineData(ClockKind.Host)]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task A_halted_guest_without_a_timer_waits_for_the_network(ClockKind clock)
    {
        using Lan lan = OnLinux();
        ScriptedGuest first = lan.Join(), second = lan.Join(clock);
        Lan.Listen(second, 1);
        Lan.Until(first, () => Lan.NetworkOf(first).IsBound(4));
        second.Gate(0x21, 0xC0002000).Hypercall(Call.Halt);

        Task<LguestEvent> woken = Task.Run(() => second.Guest.Run(new RunOptions { Driver = "the test" }).First(happened => happened is DmaEvent));
        Assert.True(SpinWait.SpinUntil(() => second.Guest.IsHalted, TimeSpan.FromMinutes(5)));
        Lan.Send(first, 1, "wake up");
        Assert.Equal("wake up", ((DmaEvent)await woken.WaitAsync(TimeSpan.FromMinutes(5))).Text);
        Assert.Equal(["irq 1"], ScriptedGuest.Words(second.Play(new EventFilter { Kinds = EventKinds.Interrupt })));
    }

    [SkippableTheory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task A_simulated_clock_does_not_jump_over_a_neighbours_answer(ClockKind clock)
    {
        using Lan lan = OnLinux();
        ScriptedGuest first = lan.Join(), second = lan.Join(clock);
        Lan.Listen(second, 1);
        Lan.Until(first, () => Lan.NetworkOf(first).IsBound(4));
        Lan.Until(second, () => Lan.NetworkOf(second).Present == 1);
        second.Gate(0x20, 0xC0002000).Hypercall(Call.SetClockEvent, 4_000_000_000).Hypercall(Call.Halt);

        Task<LguestEvent> woken = Task.Run(() => second.Guest.Run(new RunOptions { Driver = "the test" }).First(happened => happened is DmaEvent or InterruptEvent));
        Assert.True(SpinWait.SpinUntil(() => second.Guest.IsHalted, TimeSpan.FromMinutes(5)));
        Lan.Send(first, 1, "in time");
        Assert.Equal("in time", Assert.IsType<DmaEvent>(await woken.WaitAsync(TimeSpan.FromMinutes(5))).Text);
    }

    [SkippableFact] // they would draw the same random numbers, and so their MAC addresses
    public void Guests_with_a_virtual_clock_do_not_begin_at_the_same_second()
    {
        using Lan lan = OnLinux();
        uint[] began = [.. Enumerable.Range(0, 3).Select(_ => lan.Join(ClockKind.Virtual).Time.Seconds)];
        Assert.Equal([began[0], began[0] + 1, began[0] + 2], began);
    }

    [SkippableFact]
    public void A_step_does_not_wait_for_the_network()
    {
        using Lan lan = OnLinux();
        ScriptedGuest guest = lan.Join();
        guest.Hypercall(Call.Halt);
        guest.Step(count: 2);
        Assert.Equal(Standstill.WaitingForInput, guest.Guest.Standstill);
    }

    [SkippableFact] // ABI §2
    public void Guests_of_2_6_23_get_different_numbers_that_a_virtual_clock_can_repeat()
    {
        using Lan lan = OnLinux();
        ushort[] ids = [.. Enumerable.Range(0, 3).Select(_ => lan.Join(ClockKind.Virtual, "dma-2.6.23")).Select(IdOf)];
        Assert.Equal([1, 2, 3], ids);
        ushort[] more = [.. Enumerable.Range(0, 3).Select(_ => lan.Join(ClockKind.Host, "dma-2.6.23")).Select(IdOf)];
        Assert.Equal(6, ids.Concat(more).Distinct().Count());

        static ushort IdOf(ScriptedGuest guest) => guest.Memory.Read16(ScriptedGuest.DataAddress + guest.Layout.GuestId!.Value);
    }

    [SkippableFact]
    public void Both_eras_understand_each_other()
    {
        using Lan lan = OnLinux();
        ScriptedGuest first = lan.Join(abi: "dma-2.6.23"), second = lan.Join();
        Lan.Listen(second, 1);
        Lan.Until(first, () => Lan.NetworkOf(first).IsBound(4));
        Lan.Send(first, 1, "from 2.6.23");
        Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0);
        Assert.Equal("from 2.6.23", Encoding.UTF8.GetString(Lan.Buffer(second, 0)));
    }

    [SkippableFact]
    public void A_guest_whose_network_was_cut_short_is_alone_and_runs_on()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        File.WriteAllText(lan.Path, "");
        Lan.Send(second, 0, "hello");
        Lan.Until(first, () => !Lan.NetworkOf(first).IsConnected);
        Lan.Send(first, 1, "hello");
        Assert.Equal((null, null), (first.Ending, second.Ending));
        first.Hypercall(Call.Halt).Play();
        Assert.Equal(Standstill.WaitingForInput, first.Guest.Standstill);
    }

    [SkippableFact]
    public void A_removed_file_still_connects_those_who_have_it()
    {
        using Lan lan = OnLinux();
        (ScriptedGuest first, ScriptedGuest second) = lan.Pair();
        File.Delete(lan.Path);
        Lan.Send(first, 1, "hello");
        Lan.Until(second, () => second.UsedLength(Lan.Buffers) != 0);
        ScriptedGuest third = lan.Join();
        Assert.Equal(0, Lan.NetworkOf(third).Slot);
    }

    private static Lan OnLinux()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "networks between guests need Linux");
        return new Lan();
    }

    private static void Free(ScriptedGuest guest, uint buffer) =>
        guest.Memory.Write32(Lan.Buffers + buffer * DmaLayout.Size + guest.Guest.Abi.Dma!.UsedLength, 0);
}
