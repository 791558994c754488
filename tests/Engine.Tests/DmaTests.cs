using LguestPS.Devices.Dma;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Binding arrays of buffers, and what a struct lguest_dma may hold (ABI §7).</summary>
public class DmaTests
{
    private const uint Key = 0x1000;
    private const uint Array = ScriptedGuest.DmaAddress;

    [Fact]
    public void BIND_DMA_returns_1_and_binds()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Assert.Equal(1u, Bind(guest, Key, Array, count: 3, irq: 31));
        Assert.Equal([new DmaBinding(Key, Array, 3, 31)], guest.Guest.Bindings.All);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(255)]
    public void An_irq_that_does_not_exist_is_refused(int irq)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Assert.Equal(0u, Bind(guest, Key, Array, 1, irq));
        Assert.Empty(guest.Guest.Bindings.All);
    }

    [Fact]
    public void At_most_32_arrays_are_bound()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        for (uint i = 0; i < 32; i++) Assert.Equal(1u, Bind(guest, Key + i * 4, Array, 1, 1));
        Assert.Equal(0u, Bind(guest, Key + 32 * 4, Array, 1, 1));
        Assert.Equal(1u, Bind(guest, Key, Array, 0, irq: 0));
        Assert.Equal(1u, Bind(guest, Key + 32 * 4, Array, 1, 1));
    }

    [Fact]
    public void Unbinding_wants_key_and_array_to_match()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Bind(guest, Key, Array, 1, 1);
        Assert.Equal(0u, Bind(guest, Key + 4, Array, 1, irq: 0));
        Assert.Equal(0u, Bind(guest, Key, Array + 100, 1, irq: 0));
        Assert.Single(guest.Guest.Bindings.All);
        Assert.Equal(1u, Bind(guest, Key, Array, 7, irq: 0));
        Assert.Empty(guest.Guest.Bindings.All);
    }

    [Fact] // a double unbind once corrupted the list
    public void Unbinding_twice_fails_and_harms_nothing()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Bind(guest, Key, Array, 1, 1);
        Bind(guest, Key + 4, Array + 100, 1, 2);
        Assert.Equal(1u, Bind(guest, Key, Array, 1, irq: 0));
        Assert.Equal(0u, Bind(guest, Key, Array, 1, irq: 0));
        Assert.Equal([new DmaBinding(Key + 4, Array + 100, 1, 2)], guest.Guest.Bindings.All);
    }

    [Fact]
    public void Of_several_arrays_on_one_key_the_newest_is_used()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Bind(guest, 0, Array, 1, 1);
        Bind(guest, 0, Array + 100, 1, 2);
        Assert.Equal(Array + 100, guest.Guest.Bindings.Find(0)!.Array);
        Bind(guest, 0, Array + 100, 1, irq: 0);
        Assert.Equal(Array, guest.Guest.Bindings.Find(0)!.Array);
    }

    [Theory]
    [InlineData(0x1001u)]
    [InlineData(0x1002u)]
    [InlineData(0x7FFFFFFCu)]
    [InlineData(0xFFFFFFFCu)]
    public void A_bad_key_kills(uint key)
    {
        using ScriptedGuest binds = ScriptedGuest.Initialised();
        Bind(binds, key, Array, 1, 1);
        Assert.Equal($"bad dma key 0x{key:x8}", binds.Ending);

        using ScriptedGuest unbinds = ScriptedGuest.Initialised();
        Bind(unbinds, key, Array, 1, irq: 0);
        Assert.Equal($"bad dma key 0x{key:x8}", unbinds.Ending);

        using ScriptedGuest sends = ScriptedGuest.Initialised();
        sends.Hypercall(Call.SendDma, key, Array).Play();
        Assert.Equal($"bad sending DMA key 0x{key:x8}", sends.Ending);
    }

    [Fact]
    public void The_last_word_of_memory_is_a_key()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Assert.Equal(1u, Bind(guest, guest.Memory.Size - 4, Array, 1, 1));
    }

    [Fact]
    public void The_count_has_16_bits_and_0_buffers_are_never_free()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.BindDma, 0, Array, 0xFF0000_01).Play();
        Assert.Equal(0, guest.Guest.Bindings.Find(0)!.Count);
        guest.Guest.SendConsole("waits");
        Assert.Empty(guest.Code().Play());
    }

    [Theory]
    [InlineData("dma-2007-10", 4u, 36u)]
    [InlineData("dma-2.6.23", 68u, 4u)]
    public void Each_era_has_its_own_layout(string abi, uint lengths, uint addresses)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Abi = abi });
        guest.Memory.Write(ScriptedGuest.TextAddress, "first, second"u8);
        guest.Memory.Write16(Array + lengths, 5);
        guest.Memory.Write32(Array + addresses, ScriptedGuest.TextAddress);
        guest.Memory.Write16(Array + lengths + 2, 8);
        guest.Memory.Write32(Array + addresses + 4, ScriptedGuest.TextAddress + 5);
        guest.Hypercall(Call.SendDma, 0, Array).Play();
        Assert.Equal("first, second", guest.Guest.ConsoleText);
        Assert.Equal(13u, guest.Memory.Read32(Array));
    }

    [Theory]
    [InlineData("dma-2007-10", "dma-2.6.23")]
    [InlineData("dma-2.6.23", "dma-2007-10")]
    public void A_guest_of_the_other_era_is_told_which_abi_would_fit(string abi, string other)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Abi = abi });
        // Nine sections, so that read the other way round the ninth address becomes the first length or address.
        Abi.DmaLayout layout = AbiProfile.Find(other)!.Dma!;
        for (uint i = 0; i < 9; i++)
        {
            guest.Memory.Write16(Array + layout.Lengths + i * 2, 0x100);
            guest.Memory.Write32(Array + layout.Addresses + i * 4, i < 8 ? 0x18004 : ScriptedGuest.MemorySize - 0x200);
        }
        guest.Hypercall(Call.SendDma, 0, Array).Play();
        Assert.StartsWith("bad DMA entry: ", guest.Ending);
        Assert.EndsWith($"; it would be good as abi '{other}': is the guest of that era?", guest.Ending);
    }

    [Fact]
    public void A_zero_length_ends_the_list()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Memory.Write(ScriptedGuest.TextAddress, "abcdef"u8);
        uint text = ScriptedGuest.TextAddress;
        guest.Hypercall(Call.SendDma, 0, guest.Dma(Array, (text, 2), (0xFFFFFFFF, 0), (text + 2, 2))).Play();
        Assert.Equal("ab", guest.Guest.ConsoleText);
    }

    [Fact]
    public void All_16_sections_are_used()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Memory.Write(ScriptedGuest.TextAddress, "0123456789abcdef"u8);
        (uint, int)[] sections = [.. Enumerable.Range(0, 16).Select(i => (ScriptedGuest.TextAddress + 15 - (uint)i, 1))];
        guest.Hypercall(Call.SendDma, 0, guest.Dma(Array, sections)).Play();
        Assert.Equal("fedcba9876543210", guest.Guest.ConsoleText);
        Assert.Equal(16u, guest.UsedLength(Array));
    }

    [Fact] // between guests 4096 bytes in one page is the limit; the launcher never asked for that
    public void To_the_launcher_a_section_may_be_long_and_cross_pages()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Memory.Write(0x50FF0, 0xFFFF).Fill((byte)'x');
        guest.Hypercall(Call.SendDma, 0, guest.Dma(Array, (0x50FF0, 0xFFFF))).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(0xFFFFu, guest.UsedLength(Array));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0x1000)]
    public void A_section_outside_memory_kills_and_nothing_of_it_is_sent(int length)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint end = guest.Memory.Size;
        guest.Memory.Write(ScriptedGuest.TextAddress, "ok"u8);
        guest.Hypercall(Call.SendDma, 0, guest.Dma(Array, (ScriptedGuest.TextAddress, 2), (end - (uint)length + 1, length))).Play();
        Assert.StartsWith($"bad DMA entry: {length}@0x{end - (uint)length + 1:x8}", guest.Ending);
        Assert.Equal("", guest.Guest.ConsoleText);
    }

    [Fact]
    public void A_section_that_wraps_round_the_address_space_kills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SendDma, 0, guest.Dma(Array, (0xFFFFFFF0, 0x20))).Play();
        Assert.StartsWith("bad DMA entry: 32@0xfffffff0", guest.Ending);
    }

    [Fact]
    public void A_struct_outside_memory_kills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint address = guest.Memory.Size - 99;
        guest.Hypercall(Call.SendDma, 0, address).Play();
        Assert.Equal($"bad read address 0x{address:x8} len 100", guest.Ending);
    }

    [Fact]
    public void A_bad_section_of_a_bound_buffer_kills_its_owner()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Dma(Array, (0xFFFFF000, 16));
        Bind(guest, 0, Array, 1, 1);
        guest.Guest.SendConsole("x");
        guest.Code().Play();
        Assert.StartsWith("bad DMA entry: 16@0xfffff000", guest.Ending);
    }

    [Fact]
    public void A_bound_array_outside_memory_kills_when_it_is_used()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint address = guest.Memory.Size - 199;
        Assert.Equal(1u, Bind(guest, 0, address, 2, 1));
        guest.Code().Play();
        Assert.Null(guest.Ending);
        guest.Guest.SendConsole("x");
        guest.Code().Play();
        Assert.Equal($"bad address in registered DMA struct 0x{address:x8}", guest.Ending);
    }

    [Fact]
    public void A_key_that_no_device_watches_is_left_unwritten()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint dma = guest.TextDma("nobody");
        guest.Memory.Write32(dma, 0xAA);
        guest.Hypercall(Call.SendDma, Key, dma).Play();
        Assert.Equal(0xAAu, guest.UsedLength(dma));
        Assert.Equal("", guest.Guest.ConsoleText);
    }

    private static uint Bind(ScriptedGuest guest, uint key, uint array, int count, int irq)
    {
        guest.Hypercall(Call.BindDma, key, array, (uint)(count << 8 | irq)).Play();
        return guest.Cpu.Registers.Eax;
    }
}
