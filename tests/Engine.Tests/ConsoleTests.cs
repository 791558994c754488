using System.Text;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The console: output by SEND_DMA, input into bound buffers (ABI §8).</summary>
public class ConsoleTests
{
    private const uint Array = ScriptedGuest.DmaAddress;
    private const uint Buffer = ScriptedGuest.BufferAddress;

    [Fact]
    public void Output_works_before_anything_is_bound_and_is_used_whole()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint dma = guest.TextDma("early\n");
        guest.Hypercall(Call.SendDma, 0, dma).Play();
        Assert.Equal("early\n", guest.Guest.ConsoleText);
        Assert.Equal(6u, guest.UsedLength(dma));
    }

    [Fact]
    public void Output_is_handed_over_as_it_is_made()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        List<string> seen = [];
        guest.Hypercall(Call.SendDma, 0, guest.TextDma("one", Array, ScriptedGuest.TextAddress))
            .Hypercall(Call.SendDma, 0, guest.TextDma("two", Array + 0x100, ScriptedGuest.TextAddress + 0x100))
            .Play(EventFilter.Nothing, consoleOutput: bytes => seen.Add(Encoding.UTF8.GetString(bytes.Span)));
        Assert.Equal(["one", "two"], seen);
    }

    [Fact]
    public void Output_is_handed_to_whoever_drives_the_guest_as_it_is_made()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        List<string> first = [], second = [];
        uint dma = guest.TextDma("text");
        guest.Hypercall(Call.SendDma, 0, dma).Play(consoleOutput: bytes => first.Add(Encoding.UTF8.GetString(bytes.Span)));
        guest.Hypercall(Call.SendDma, 0, dma).Play();
        guest.Hypercall(Call.SendDma, 0, dma).Play(consoleOutput: bytes => second.Add(Encoding.UTF8.GetString(bytes.Span)));
        Assert.Equal(["text"], first);
        Assert.Equal(["text"], second);
    }

    [Fact]
    public void The_newest_64_KiB_of_output_are_kept()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        byte[] text = [.. Enumerable.Range(0, 0xFFFF).Select(i => (byte)('a' + i % 26))];
        guest.Memory.Write(0x50000, text);
        guest.Dma(Array, (0x50000, text.Length));
        guest.Hypercall(Call.SendDma, 0, Array).Hypercall(Call.SendDma, 0, guest.TextDma("the end", Array + 0x100)).Play();
        string all = Encoding.ASCII.GetString(text) + "the end";
        Assert.Equal(all[^65536..], guest.Guest.ConsoleText);
    }

    [Fact]
    public void A_character_split_over_two_sends_is_whole_in_the_text()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Memory.Write(ScriptedGuest.TextAddress, "é"u8);
        guest.Hypercall(Call.SendDma, 0, guest.Dma(Array, (ScriptedGuest.TextAddress, 1)))
            .Hypercall(Call.SendDma, 0, guest.Dma(Array + 0x100, (ScriptedGuest.TextAddress + 1, 1))).Play();
        Assert.Equal("é", guest.Guest.ConsoleText);
    }

    [Fact]
    public void Typed_text_fills_a_bound_buffer_and_raises_its_irq()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Gate(0x25, 0xC0003000);
        guest.IrqEnabled = 0x200;
        BindBuffers(guest, 1, size: 256, irq: 5);
        guest.Guest.SendConsole("hello");
        List<LguestEvent> events = guest.Code().Play();
        Assert.Equal(["console -> hello", "irq 5"], ScriptedGuest.Words(events));
        DmaEvent received = Assert.IsType<DmaEvent>(events[0]);
        Assert.Equal((DmaDirection.Receive, 0u, Array, 5u), (received.Direction, received.Key, received.Address, received.UsedLength!.Value));
        Assert.Equal("hello", Encoding.ASCII.GetString(guest.Memory.Read(Buffer, 5)));
        Assert.Equal(5u, guest.UsedLength(Array));
    }

    [Fact]
    public void Typed_text_waits_until_a_buffer_is_bound()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.SendConsole("early ");
        guest.Guest.SendConsole("bird"u8);
        Assert.Empty(guest.Code().Play());
        BindBuffers(guest, 1, size: 256);
        Assert.Equal("early bird", Contents(guest, 0));
    }

    [Fact] // input once overwrote the last buffer when none was free
    public void Typed_text_waits_while_no_buffer_is_free_and_nothing_is_lost()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        BindBuffers(guest, 2, size: 4);
        guest.Guest.SendConsole("abcdefghijkl");
        guest.Code().Code().Code().Play();
        Assert.Equal(("abcd", "efgh"), (Contents(guest, 0), Contents(guest, 1)));

        guest.Memory.Write32(Array + 100, 0);       // the guest has read the second one
        guest.Code().Code().Play();
        Assert.Equal(("abcd", "ijkl"), (Contents(guest, 0), Contents(guest, 1)));
    }

    [Fact]
    public void The_lowest_numbered_free_buffer_is_filled()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        BindBuffers(guest, 3, size: 16);
        guest.Memory.Write32(Array, 1);             // in use
        guest.Guest.SendConsole("x");
        guest.Code().Play();
        Assert.Equal([1u, 1u, 0u], Enumerable.Range(0, 3).Select(i => guest.UsedLength(Array + (uint)i * 100)));
        Assert.Equal((byte)'x', guest.Memory.Read8(Buffer + 0x100));
    }

    [Fact]
    public void A_buffer_in_several_sections_is_filled_in_order()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Dma(Array, (Buffer + 0x100, 2), (Buffer, 3));
        guest.Hypercall(Call.BindDma, 0, Array, 1 << 8 | 1).Play();
        guest.Guest.SendConsole("abcde");
        guest.Code().Play();
        Assert.Equal("ab", Encoding.ASCII.GetString(guest.Memory.Read(Buffer + 0x100, 2)));
        Assert.Equal("cde", Encoding.ASCII.GetString(guest.Memory.Read(Buffer, 3)));
    }

    [Fact]
    public void Input_raises_the_irq_it_was_bound_with_even_if_another_device_has_it()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Gate(0x20 + 30, 0xC0003000);
        guest.IrqEnabled = 0x200;
        BindBuffers(guest, 1, size: 8, irq: 30);
        guest.Guest.SendConsole("x");
        Assert.Equal(30, guest.Code().Play().OfType<InterruptEvent>().Single().Irq);
    }

    [Fact]
    public void A_guest_without_a_console_takes_no_input_and_its_output_goes_nowhere()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Devices = [] });
        LguestException refused = Assert.Throws<LguestException>(() => guest.Guest.SendConsole("x"));
        Assert.Equal(LguestError.NotSupported, refused.Error);
        uint dma = guest.TextDma("lost");
        guest.Hypercall(Call.SendDma, 0, dma);
        Assert.Null(guest.Play().OfType<DmaEvent>().Single().Device);
        Assert.Equal("", guest.Guest.ConsoleText);
        Assert.Equal(0u, guest.UsedLength(dma));
    }

    private static void BindBuffers(ScriptedGuest guest, int count, int size, int irq = 1)
    {
        for (uint i = 0; i < count; i++) guest.Dma(Array + i * 100, (Buffer + i * 0x100, size));
        guest.Hypercall(Call.BindDma, 0, Array, (uint)(count << 8 | irq)).Play();
    }

    private static string Contents(ScriptedGuest guest, uint index) =>
        Encoding.ASCII.GetString(guest.Memory.Read(Buffer + index * 0x100, guest.UsedLength(Array + index * 100)));

    [Fact]
    public void Input_that_nobody_reads_is_bounded_and_refused_whole()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.SendConsole(new byte[1 << 20]);
        LguestException refused = Assert.Throws<LguestException>(() => guest.Guest.SendConsole("x"));
        Assert.Equal(LguestError.ConsoleFull, refused.Error);
    }
}
