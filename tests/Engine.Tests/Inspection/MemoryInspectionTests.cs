using System.Text;
using CsCheck;
using LguestPS.Abi;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests.Inspection;

/// <summary>Guest memory read, searched and written from outside.</summary>
public sealed class MemoryInspectionTests : IDisposable
{
    private const uint P = PageFlags.Present, W = PageFlags.Writable, U = PageFlags.User;
    private const uint Linear = 0x00400FF8;
    private const string By = "the test";

    private readonly InspectedGuest guest = new();

    public void Dispose() => guest.Dispose();

    [Fact]
    public void A_linear_range_may_lie_on_pages_far_apart_and_looking_sets_no_bit()
    {
        TwoPages();
        MemoryBlock block = guest.Inspector.ReadMemory(Linear, 16);
        Assert.Equal("end-onebegintwo.", block.Text);
        Assert.Equal((InspectedGuest.Table | P, InspectedGuest.Page | P), (guest.Memory.Read32(InspectedGuest.Directory + 4), guest.Memory.Read32(InspectedGuest.Table)));
    }

    [Theory]
    [InlineData(0x00400000u, 0x2001, "0x00402000 is not mapped: page table entry 0x2 at physical 0x00041008, which is 0x00000000, is not present.")]
    [InlineData(0x00800000u, 1, "0x00800000 is not mapped: page directory entry 0x2 at physical 0x00040008, which is 0x00000000, is not present.")]
    [InlineData(0xFFC00000u, 1, "0xffc00000 belongs to the host")]
    [InlineData(0xFFFFFFFFu, 2, "reach beyond the last address")]
    public void What_is_not_mapped_is_an_error_that_names_the_level(uint address, int length, string message)
    {
        TwoPages();
        LguestException unmapped = Assert.Throws<LguestException>(() => guest.Inspector.ReadMemory(address, length));
        Assert.Equal(LguestError.AddressNotMapped, unmapped.Error);
        Assert.Contains(message, unmapped.Message);
    }

    [Fact]
    public void Physical_memory_ends_behind_the_device_pages()
    {
        uint size = guest.Memory.Size;
        Assert.Single(guest.Inspector.ReadMemory(size - 1, 1, physical: true).Bytes);
        Assert.Contains($"0x{size:x8} is outside guest memory", Assert.Throws<LguestException>(() => guest.Inspector.ReadMemory(size - 1, 2, physical: true)).Message);
        Assert.Throws<LguestException>(() => guest.Inspector.ReadMemory(0, int.MaxValue));
    }

    [Theory]
    [InlineData(MemoryType.Byte, (byte)0xFE, 1)]
    [InlineData(MemoryType.SByte, (sbyte)-2, 1)]
    [InlineData(MemoryType.UInt16, (ushort)0xFFFE, 2)]
    [InlineData(MemoryType.Int16, (short)-2, 2)]
    [InlineData(MemoryType.UInt32, 0xC0FFFFFEu, 4)]
    [InlineData(MemoryType.Int32, unchecked((int)0xC0FFFFFE), 4)]
    [InlineData(MemoryType.UInt64, 0x00000000C0FFFFFEul, 8)]
    [InlineData(MemoryType.Int64, 0x00000000C0FFFFFEL, 8)]
    public void Numbers_are_little_endian(MemoryType type, object expected, int size)
    {
        guest.Memory.Write(InspectedGuest.Page, [0xFE, 0xFF, 0xFF, 0xC0, 0, 0, 0, 0]);
        MemoryValue value = (MemoryValue)guest.Inspector.ReadMemory(InspectedGuest.Page, type, physical: true);
        Assert.Equal((expected, size), (value.Value, value.Size));
    }

    [Fact]
    public void A_number_that_is_an_address_has_its_symbol_and_a_text_ends_at_its_zero()
    {
        guest.Memory.Write32(InspectedGuest.Page, InspectedGuest.Middle + 6);
        guest.Memory.Write(InspectedGuest.Page + 4, "Grüße\0more"u8);
        Assert.Equal("middle+0x6", ((MemoryValue)guest.Inspector.ReadMemory(InspectedGuest.Page, MemoryType.UInt32, physical: true)).PointsTo);
        MemoryValue text = (MemoryValue)guest.Inspector.ReadMemory(InspectedGuest.Page + 4, MemoryType.String, physical: true);
        Assert.Equal(("Grüße", 8), (text.Value, text.Size));
    }

    [Fact]
    public void Lguest_data_is_taken_apart_by_the_guests_own_profile()
    {
        GuestDataLayout layout = guest.Scripted.Layout;
        guest.Memory.Write32(ScriptedGuest.DataAddress + layout.NoIrqStart!.Value, InspectedGuest.Start);
        guest.Scripted.BlockedInterrupts = 0b101;
        MemoryStructure data = Structure(ScriptedGuest.DataAddress, MemoryType.LguestData);
        Assert.Equal((InspectedGuest.Start, "start"), (Field(data, "noirq_start").Value, Field(data, "noirq_start").Meaning));
        Assert.Equal("irq 0, 2", Field(data, "blocked_interrupts").Meaning);
        Assert.Equal(64, ((byte[])Field(data, "hcall_status").Value).Length);
        Assert.Equal(data.Fields.OrderBy(field => field.Offset), data.Fields);

        using ScriptedGuest older = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Abi = "dma-2.6.23" });
        Assert.Equal(1112, Field((MemoryStructure)older.Guest.Inspector.ReadMemory(ScriptedGuest.DataAddress, MemoryType.LguestData, physical: true), "guestid").Offset);
    }

    [Fact]
    public void Other_structures_say_what_their_bits_mean()
    {
        uint dma = guest.Scripted.Dma(ScriptedGuest.DmaAddress, (0x5000, 10), (0x6000, 20));
        Assert.Equal(["used_len=0", "len[0]=10", "len[1]=20", "addr[0]=20480", "addr[1]=24576"], Structure(dma, MemoryType.LguestDma).Fields.Select(field => field.ToString()));

        guest.Memory.Write32(InspectedGuest.Page, 0x3000 & 0xFFFF | 0x61 << 16);
        guest.Memory.Write32(InspectedGuest.Page + 4, 0xC000EE00);
        MemoryStructure gate = Structure(InspectedGuest.Page, MemoryType.Gate);
        Assert.Equal(("start", "interrupt gate", 3), (Field(gate, "handler").Meaning, Field(gate, "type").Meaning, Field(gate, "dpl").Value));

        Assert.Equal("P RW US", Field(Structure(InspectedGuest.Page, MemoryType.PageTableEntry, 0x5007), "entry").Meaning);
        guest.Memory.Write(InspectedGuest.Page, BitConverter.GetBytes(0x00CFBB000000FFFFul));
        Assert.Equal("code flat dpl=1", Field(Structure(InspectedGuest.Page, MemoryType.Descriptor), "descriptor").Meaning);
        Assert.Equal("lguest", Field(Structure(0, MemoryType.BootParameters), "hardware_subarch").Meaning);
        Assert.Equal("RAM", Field(Structure(0, MemoryType.BootParameters), "e820[0].type").Meaning);
    }

    [Fact]
    public void A_hostile_count_of_memory_ranges_is_cut_at_the_page()
    {
        guest.Memory.Write8(0x1E8, 255);
        Assert.InRange(Structure(0, MemoryType.BootParameters).Fields.Length, 6, 6 + 3 * 169);
    }

    [Fact]
    public void A_write_is_recorded_piece_by_piece_with_what_was_there()
    {
        TwoPages();
        guest.Inspector.WriteMemory(Linear + 4, "ABCDEFGH"u8.ToArray(), By);
        Assert.Equal("end-ABCDEFGHtwo.", guest.Inspector.ReadMemory(Linear, 16).Text);
        InterventionEvent change = guest.Scripted.Play().OfType<InterventionEvent>().Single();
        Assert.Equal(InterventionOperation.SetMemory, change.Operation);
        Assert.Equal(
            [(InspectedGuest.Page + 0xFFC, "oneb", "ABCD"), (InspectedGuest.Page + 0x3000, "egin", "EFGH")],
            change.Changes.Select(piece => (piece.PhysicalAddress!.Value, Encoding.ASCII.GetString(piece.From), Encoding.ASCII.GetString(piece.To))));
    }

    [Fact]
    public void A_write_that_leaves_the_mapped_pages_writes_nothing()
    {
        TwoPages();
        Assert.Throws<LguestException>(() => guest.Inspector.WriteMemory(0x00401FFE, [1, 2, 3], By));
        Assert.Equal([0, 0], guest.Inspector.ReadMemory(0x00401FFE, 2).Bytes);
        Assert.Empty(guest.Scripted.Play().OfType<InterventionEvent>());
        Assert.Equal(LguestError.InvalidValue, Assert.Throws<LguestException>(() => guest.Inspector.WriteMemory(0, new byte[GuestInspector.MostWritten + 1], By, physical: true)).Error);
        Assert.Equal(LguestError.InvalidValue, Assert.Throws<LguestException>(() => guest.Inspector.WriteMemory(0, [], By, physical: true)).Error);
    }

    [Fact]
    public void Code_that_is_overwritten_runs_as_written()
    {
        // inc %eax; jmp back: the loop is translated before it is changed.
        using TempFolder folder = new();
        byte[] code = [.. KernelFiles.Signature, 0x40, 0xEB, 0xFD];
        using Guest real = Guest.Create(ScriptedGuest.Definition with { Kernel = folder.Write("loop.elf", KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, code))), Clock = ClockKind.Virtual });
        uint start = real.Registers.Eip;
        Step(real, 1000);
        Assert.Equal(start, real.Registers.Eip);
        uint before = real.Registers.Eax;
        real.Inspector.WriteMemory(start, [0x48], By);                 // dec %eax
        Step(real, 1000);
        Assert.Equal(before - 500, real.Registers.Eax);

        static void Step(Guest guest, int count)
        {
            foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = By, Unit = StepUnit.Instruction, Count = count }))
            {
            }
        }
    }

    [Fact]
    public void A_search_finds_what_lies_across_pages_but_not_across_a_gap()
    {
        TwoPages();
        Assert.Equal([0x00400FFCu], Search(new BytePattern("onebegin"u8)));
        Assert.Equal([0x00400FF8u], Search(BytePattern.Parse("65 6e 64 ?? 6f")));
        Assert.Equal([0x00401004u], Search(new BytePattern("two"u8)));
        guest.Memory.Write(InspectedGuest.Page + 0x3FFC, "last"u8);
        Assert.Equal([0x00401FFCu], Search(new BytePattern("last"u8)));
        Assert.Empty(Search(new BytePattern("last\0"u8)));
    }

    [Fact]
    public void A_search_keeps_to_its_range_and_comes_as_it_goes()
    {
        TwoPages();
        guest.Memory.Write(InspectedGuest.Page, "xx--xx"u8);
        Assert.Equal([0x00400000u, 0x00400004u], Search(new BytePattern("xx"u8)));
        Assert.Equal([0x00400004u], guest.Inspector.Search(new BytePattern("xx"u8), 0x00400001, 0x00400005).Select(hit => hit.Address));
        Assert.Empty(guest.Inspector.Search(new BytePattern("xx"u8), 0x00400001, 0x00400004));
        Assert.Equal(InspectedGuest.Page, guest.Inspector.Search(new BytePattern("xx"u8)).First().PhysicalAddress);
        Assert.Equal(InspectedGuest.Page + 4, guest.Inspector.Search(new BytePattern("xx"u8), InspectedGuest.Page + 1, physical: true).First().Address);
    }

    [Theory]
    [InlineData("0", "two hexadecimal digits")]
    [InlineData("0g", "is not a byte")]
    [InlineData("?0", "is not a byte")]
    [InlineData("", "1 to 4096 bytes")]
    [InlineData("?? ??", "wildcards alone")]
    public void A_pattern_that_means_nothing_is_refused(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<LguestException>(() => BytePattern.Parse(text)).Message);

    [Fact]
    public void A_pattern_is_found_wherever_it_is() => Gen.Select(Gen.Byte[0, 2].Array[1, 60], Gen.Int[0, 2].Array[1, 5]).Sample((memory, wanted) =>
        {
            if (wanted.All(value => value == 2)) return true;
            BytePattern pattern = BytePattern.Parse(string.Join(' ', wanted.Select(value => value == 2 ? "??" : $"{value:x2}")));
            int expected = -1;
            for (int at = memory.Length - wanted.Length; at >= 0; at--)
                if (wanted.Select((value, i) => value == 2 || memory[at + i] == value).All(same => same)) expected = at;
            return pattern.IndexIn(memory, 0) == expected;
        }, iter: 5000, threads: 1);

    /// <summary>Linear 0x400000 and 0x401000 lead to two pages that are no neighbours.</summary>
    private void TwoPages()
    {
        guest.UseEmptyDirectory();
        guest.Entry(InspectedGuest.Directory, 1, InspectedGuest.Table | P);
        guest.Entry(InspectedGuest.Table, 0, InspectedGuest.Page | P);
        guest.Entry(InspectedGuest.Table, 1, InspectedGuest.Page + 0x3000 | P);
        guest.Memory.Write(InspectedGuest.Page + 0xFF8, "end-oneb"u8);
        guest.Memory.Write(InspectedGuest.Page + 0x3000, "egintwo."u8);
    }

    private IEnumerable<uint> Search(BytePattern pattern) => guest.Inspector.Search(pattern).Select(hit => hit.Address);

    private MemoryStructure Structure(uint physical, MemoryType type, uint? first = null)
    {
        if (first is { } word) guest.Memory.Write32(physical, word);
        return (MemoryStructure)guest.Inspector.ReadMemory(physical, type, physical: true);
    }

    private static MemoryField Field(MemoryStructure structure, string name) => structure.Fields.Single(field => field.Name == name);
}
