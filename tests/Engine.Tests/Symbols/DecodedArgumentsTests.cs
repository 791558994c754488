using Xunit;
using static LguestPS.Tests.Symbols.SymbolFiles;

namespace LguestPS.Tests.Symbols;

/// <summary>What each kind of argument says.</summary>
public sealed class DecodedArgumentsTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly ScriptedGuest guest;

    public DecodedArgumentsTests()
    {
        byte[] kernel = Kernel(new(0xC0002000, "page_fault"), new(0xC0005000, "swapper_pg_dir", GlobalData), new(0xC001E000, "init_stack", GlobalData), new(0xC0020000, "other", GlobalData));
        guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Kernel = folder.Write("kernel", kernel) });
    }

    public void Dispose()
    {
        guest.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(0x00123067u, "0x00123067 (frame 0x123 P RW US A D)")]
    [InlineData(0x00123001u, "0x00123001 (frame 0x123 P)")]
    [InlineData(0x00123165u, "0x00123165 (frame 0x123 P US A D G)")]
    [InlineData(0x001230e0u, "0x001230e0 (not present)")]       // PROT_NONE: all other bits are the kernel's own
    [InlineData(0u, "0 (not present, or a flush)")]
    public void A_page_table_entry_shows_frame_and_flags(uint entry, string expected) =>
        Assert.Equal(
            $"directory=0x00005000 <swapper_pg_dir> address=0xc0002010 <page_fault+0x10> entry={expected}",
            Decoded(Call.SetPte, 0x5000, 0xC0002010, entry));

    [Fact]
    public void An_address_of_a_program_has_no_name() =>
        Assert.Equal("directory=0x00004ff0 <page_fault+0x2ff0> address=0x08048000 entry=0 (not present, or a flush)", Decoded(Call.SetPte, 0x4FF0, 0x08048000, 0));

    [Theory]
    [InlineData(14u, 0x00612000u, 0xC0008E00u, "vector=14 (#PF) handler=0xc0002000 <page_fault> gate=interrupt dpl=0")]
    [InlineData(0x80u, 0x00612004u, 0xC000EF00u, "vector=128 (int 0x80) handler=0xc0002004 <page_fault+0x4> gate=trap dpl=3")]
    [InlineData(0x21u, 0u, 0u, "vector=33 (int 0x21) handler=none (not present)")]
    public void A_gate_shows_handler_type_and_privilege(uint vector, uint low, uint high, string expected) =>
        Assert.Equal(expected, Decoded(Call.LoadIdtEntry, vector, low, high));

    [Fact]
    public void The_raw_arguments_stay_all_there() => Assert.Equal([14u, 0x00612000u, 0xC0008E00u], Done(Call.LoadIdtEntry, 14, 0x00612000, 0xC0008E00).Arguments);

    [Fact] // not the symbol that begins where the stack ends
    public void A_stacks_top_is_named_after_the_stack() =>
        Assert.Equal("ss=0x69 esp=0xc0020000 <init_stack+0x2000> pages=1", Decoded(Call.SetStack, 0x69, 0xC0020000, 1));

    [Fact]
    public void TLS_descriptors_are_shown_as_they_were_when_the_call_was_done()
    {
        uint table = ScriptedGuest.TableAddress;
        guest.Memory.Write(table, 24).Clear();
        guest.Memory.Write32(table, 0x06C0FFFF);            // base 0xb7e106c0, limit 4 GiB, data, ring 3
        guest.Memory.Write32(table + 4, 0xB7DFF3E1);
        HypercallEvent call = Done(Call.LoadTls, table, 0);
        guest.Memory.Write(table, 24).Clear();
        Assert.Equal("descriptors=0x0001a000 [6: data base=0xb7e106c0 limit=0xffffffff dpl=3] cpu=0", call.Decoded);
        Assert.Equal("descriptors=0x0001a000 [all empty] cpu=0", Decoded(Call.LoadTls, table, 0));
    }

    [Fact]
    public void A_GDT_shows_the_entries_it_has()
    {
        uint table = ScriptedGuest.TableAddress;
        guest.Memory.Write(table, 256).Clear();
        Put(12, 0x00CF9A000000FFFF);
        Put(13, 0x00CF92000000FFFF);
        Put(14, 0x00CF7A000000FFFF);
        Put(16, 0x0000890000000067);
        Put(18, 0x00409A000000FFFF);
        Assert.Equal(
            "table=0x0001a000 [12: code flat dpl=0, 13: data flat dpl=0, 14: code flat dpl=3 not present, 16: system type 9 dpl=0, 18: code base=0x00000000 limit=0xffff dpl=0] entries=32",
            Decoded(Call.LoadGdt, table, 32));

        void Put(uint entry, ulong descriptor)
        {
            guest.Memory.Write32(table + entry * 8, (uint)descriptor);
            guest.Memory.Write32(table + entry * 8 + 4, (uint)(descriptor >> 32));
        }
    }

    [Theory]
    [InlineData(Call.BindDma, "key=0x00001000 array=0x00014000 <swapper_pg_dir+0xf000> count=8 irq=3", 0x1000u, 0x14000u, 0x803u)]
    [InlineData(Call.BindDma, "key=0x00001000 array=0x00014000 <swapper_pg_dir+0xf000> count=8 irq=0 (unbind)", 0x1000u, 0x14000u, 0x800u)]
    [InlineData(Call.SetPmd, "directory=0x00005000 <swapper_pg_dir> index=768 (0xc0000000-0xc03fffff)", 0x5000u, 768u)]
    [InlineData(Call.SetPmd, "directory=0x00005000 <swapper_pg_dir> index=1023 (0xffc00000-0xffffffff)", 0x5000u, 1023u)]
    [InlineData(Call.SetPmd, "directory=0x00005000 <swapper_pg_dir> index=1024", 0x5000u, 1024u)]
    [InlineData(Call.FlushTlb, "scope=user", 0u)]
    [InlineData(Call.FlushTlb, "scope=all", 1u)]
    [InlineData(Call.SetClockEvent, "delta=0 (cancel)", 0u)]
    [InlineData(Call.SetClockEvent, "delta=250 ns", 250u)]
    [InlineData(Call.SetClockEvent, "delta=1.5 us", 1500u)]
    [InlineData(Call.SetClockEvent, "delta=9.99972 ms", 9_999_720u)]
    [InlineData(Call.SetClockEvent, "delta=4.294967295 s", 4_294_967_295u)]
    public void Others_show_what_they_mean(uint call, string expected, params uint[] arguments) => Assert.Equal(expected, Decoded(call, arguments));

    [Fact]
    public void A_new_page_table_is_named_before_anything_is_done()
    {
        guest.Hypercall(Call.NewPageTable, 0x5000);
        guest.Step();
        Assert.Equal("directory=0x00005000 <swapper_pg_dir>", guest.Guest.PendingHypercall!.Decoded);
    }

    [Fact]
    public void CRASH_shows_its_text() =>
        Assert.Equal("message=0x00018000 \"no \\x22root\\x22\\x0a\"", Decoded(Call.Crash, guest.CrashText("no \"root\"\n")));

    [Fact]
    public void A_pending_call_is_decoded_without_what_it_points_at()
    {
        guest.Hypercall(Call.LoadTls, ScriptedGuest.TableAddress, 0);
        guest.Step();
        Assert.Equal("descriptors=0x0001a000 cpu=0", guest.Guest.PendingHypercall!.Decoded);
    }

    [Fact]
    public void Other_eras_are_decoded_by_their_own_tables()
    {
        HypercallDefinition entry = AbiProfile.Find("virtio-2.6.30")!.FindCall("LOAD_GDT_ENTRY")!;
        Assert.Equal(["entry", "descriptor"], entry.Parameters.Select(parameter => parameter.Name));
        GuestRegisters registers = new() { Eax = 18, Ebx = 6, Ecx = 0x06C0FFFF, Edx = 0xB7DFF3E1 };
        Hypercall call = AbiProfile.Find("virtio-2.6.30")!.ReadHypercall(registers);
        Assert.Equal([6u, 0x06C0FFFFu, 0xB7DFF3E1u], call.Arguments);
        Assert.Equal("entry=6 descriptor=data base=0xb7e106c0 limit=0xffffffff dpl=3", call.Decoded);
    }

    private string Decoded(uint call, params uint[] arguments) => Done(call, arguments).Decoded;

    private HypercallEvent Done(uint call, params uint[] arguments) => guest.Hypercall(call, arguments).Play().OfType<HypercallEvent>().Single();
}
