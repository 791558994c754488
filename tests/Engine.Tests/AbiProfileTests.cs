using LguestPS.Abi;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The eras of the ABI, number by number (ABI §1 to §3).</summary>
public class AbiProfileTests
{
    private const string Common =
        "4 NEW_PGTABLE,5 FLUSH_TLB,6 LOAD_IDT_ENTRY,7 SET_STACK,8 TS,9 SET_CLOCKEVENT,10 HALT";

    private const string DmaCalls =
        "0 FLUSH_ASYNC,1 LGUEST_INIT,2 CRASH,3 LOAD_GDT," + Common + ",12 BIND_DMA,13 SEND_DMA,14 SET_PTE,15 SET_PMD,16 LOAD_TLS";

    private const string Calls2631 =
        "0 FLUSH_ASYNC,1 LGUEST_INIT,2 SHUTDOWN," + Common + ",13 SET_PMD,14 SET_PTE,15 SET_PGD,16 LOAD_TLS";

    [Theory]
    [InlineData("dma-2.6.23", DmaCalls)]
    [InlineData("dma-2007-10", DmaCalls)]
    [InlineData("virtio-2.6.24", "0 FLUSH_ASYNC,1 LGUEST_INIT,2 CRASH,3 LOAD_GDT," + Common + ",14 SET_PTE,15 SET_PMD,16 LOAD_TLS,17 NOTIFY")]
    [InlineData("virtio-2.6.25", "0 FLUSH_ASYNC,1 LGUEST_INIT,2 SHUTDOWN,3 LOAD_GDT," + Common + ",14 SET_PTE,15 SET_PMD,16 LOAD_TLS,17 NOTIFY")]
    [InlineData("virtio-2.6.29", "0 FLUSH_ASYNC,1 LGUEST_INIT,2 SHUTDOWN,3 LOAD_GDT," + Common + ",14 SET_PTE,15 SET_PMD,16 LOAD_TLS,17 NOTIFY")]
    [InlineData("virtio-2.6.30", "0 FLUSH_ASYNC,1 LGUEST_INIT,2 SHUTDOWN," + Common + ",14 SET_PTE,15 SET_PMD,16 LOAD_TLS,17 NOTIFY,18 LOAD_GDT_ENTRY")]
    [InlineData("virtio-2.6.31", Calls2631 + ",17 NOTIFY,18 LOAD_GDT_ENTRY,19 SEND_INTERRUPTS")]
    [InlineData("virtio-2.6.34", Calls2631 + ",17 NOTIFY,18 LOAD_GDT_ENTRY,19 SEND_INTERRUPTS")]
    [InlineData("virtio-3.1", Calls2631 + ",17 NOTIFY,18 LOAD_GDT_ENTRY,19 SEND_INTERRUPTS")]
    [InlineData("pci-4.0", Calls2631 + ",18 LOAD_GDT_ENTRY,19 SEND_INTERRUPTS")]
    [InlineData("pci-4.1", Calls2631 + ",18 LOAD_GDT_ENTRY,19 SEND_INTERRUPTS")]
    public void Each_era_has_its_own_calls(string name, string calls) =>
        Assert.Equal(calls.Split(','), Profile(name).Hypercalls.Select(call => $"{call.Number} {call.Name}"));

    [Theory]
    [InlineData("dma-2.6.23", TrapInstruction.Int1F, "edx ebx ecx", DeviceInterface.Dma)]
    [InlineData("dma-2007-10", TrapInstruction.Int1F, "edx ebx ecx", DeviceInterface.Dma)]
    [InlineData("virtio-2.6.24", TrapInstruction.Int1F, "edx ebx ecx", DeviceInterface.Virtio)]
    [InlineData("virtio-2.6.25", TrapInstruction.Int1F, "edx ebx ecx", DeviceInterface.Virtio)]
    [InlineData("virtio-2.6.29", TrapInstruction.Int1F, "edx ebx ecx", DeviceInterface.Virtio)]
    [InlineData("virtio-2.6.30", TrapInstruction.Vmcall, "ebx ecx edx", DeviceInterface.Virtio)]
    [InlineData("virtio-2.6.31", TrapInstruction.Vmcall, "ebx ecx edx esi", DeviceInterface.Virtio)]
    [InlineData("virtio-2.6.34", TrapInstruction.Int1F, "ebx ecx edx esi", DeviceInterface.Virtio)]
    [InlineData("virtio-3.1", TrapInstruction.Int1F, "ebx ecx edx esi", DeviceInterface.Virtio)]
    [InlineData("pci-4.0", TrapInstruction.Int1F, "ebx ecx edx esi", DeviceInterface.Pci)]
    [InlineData("pci-4.1", TrapInstruction.Int1F, "ebx ecx edx esi", DeviceInterface.Pci)]
    public void Each_era_has_its_own_instruction_registers_and_devices(string name, TrapInstruction instruction, string registers, DeviceInterface devices)
    {
        AbiProfile profile = Profile(name);
        Assert.Equal((instruction, registers, devices), (profile.Instruction, string.Join(' ', profile.ArgumentRegisters), profile.Devices));
    }

    [Theory]
    [InlineData("dma-2.6.23", 20u, 84u, 1108u, 1112u, 1116u, 1120u, 1124u, 1128u)]
    [InlineData("dma-2007-10", 20u, 84u, 1108u, null, 1112u, 1116u, 1120u, 1124u)]
    public void The_DMA_eras_have_their_own_lguest_data(
        string name, uint status, uint calls, uint reserve, uint? guestId, uint tscKhz, uint noIrqStart, uint noIrqEnd, uint size)
    {
        GuestDataLayout data = Profile(name).Data;
        Assert.Equal(
            (status, calls, reserve, guestId, tscKhz, noIrqStart, noIrqEnd, size),
            (data.HcallStatus, data.Hcalls, data.ReserveMem, data.GuestId, data.TscKhz, data.NoIrqStart, data.NoIrqEnd, data.Size));
        Assert.Equal([ArgumentRegister.Edx, ArgumentRegister.Ebx, ArgumentRegister.Ecx], data.RingOrder);
    }

    [Theory]
    [InlineData("virtio-2.6.24 virtio-2.6.25 virtio-2.6.29 virtio-2.6.30", null, 20u, 84u, 1108u, 1112u, 1116u, 1120u, 1124u, 1128u, 1132u, 1136u)]
    [InlineData("virtio-2.6.31 virtio-2.6.34", 20u, 24u, 88u, 1368u, 1372u, 1376u, 1380u, 1384u, 1388u, 1392u, 1396u)]
    [InlineData("virtio-3.1 pci-4.0", 20u, 24u, 88u, 1368u, 1372u, null, 1376u, 1380u, 1384u, 1388u, 1392u)]
    [InlineData("pci-4.1", 20u, 24u, 88u, 1368u, 1372u, null, null, null, 1380u, 1384u, 1388u, 1376u)]
    public void The_later_eras_have_four_kinds_of_lguest_data(
        string names, uint? irqPending, uint status, uint calls, uint reserve, uint tscKhz, uint? directory, uint? noIrqStart, uint? noIrqEnd, uint? address, uint? vector, uint size,
        uint? noIrqIret = null)
    {
        foreach (string name in names.Split(' '))
        {
            GuestDataLayout data = Profile(name).Data;
            Assert.Equal(
                (irqPending, status, calls, reserve, tscKhz, directory, noIrqStart),
                (data.IrqPending, data.HcallStatus, data.Hcalls, data.ReserveMem, data.TscKhz, data.PageDirectory, data.NoIrqStart));
            Assert.Equal((noIrqEnd, noIrqIret, address, vector, size, (uint?)null), (data.NoIrqEnd, data.NoIrqIret, data.KernelAddress, data.SyscallVec, data.Size, data.GuestId));
        }
    }

    [Theory] // until 2.6.29 the first argument is in edx, and yet the ring has the order of the registers' numbers
    [InlineData("virtio-2.6.24", "Ebx Ecx Edx")]
    [InlineData("virtio-2.6.30", "Ebx Ecx Edx")]
    [InlineData("virtio-2.6.31", "Ebx Ecx Edx Esi")]
    [InlineData("virtio-3.1", "Ebx Ecx Edx Esi")]
    [InlineData("pci-4.0", "Ebx Ecx Edx Esi")]
    [InlineData("pci-4.1", "Ebx Ecx Edx Esi")]
    public void The_ring_of_the_virtio_eras_has_its_words_in_an_order_of_its_own(string name, string order) =>
        Assert.Equal(order, string.Join(' ', Profile(name).Data.RingOrder));

    [Theory]
    [InlineData("dma-2007-10", false, false, true)]
    [InlineData("virtio-2.6.24", true, true, false)]
    [InlineData("virtio-2.6.25", true, true, false)]
    [InlineData("virtio-2.6.29", true, true, true)]
    [InlineData("virtio-2.6.34", true, true, true)]
    [InlineData("virtio-3.1", true, false, false)]
    [InlineData("pci-4.0", true, false, false)]
    [InlineData("pci-4.1", true, false, false)]
    public void Each_era_finds_its_own_page_tables_when_it_starts(string name, bool atEntryPoint, bool identity, bool pageOffset)
    {
        BootRules boot = Profile(name).Boot;
        Assert.Equal((atEntryPoint, identity, pageOffset), (boot.EntersAtEntryPoint, boot.MapsIdentity, boot.MapsPageOffset));
    }

    [Fact]
    public void The_common_fields_are_where_the_ABI_has_them() =>
        Assert.Equal(
            (0u, 4u, 8u, 12u, 16u, 64),
            (GuestDataLayout.IrqEnabled, GuestDataLayout.BlockedInterrupts, GuestDataLayout.Cr2, GuestDataLayout.TimeSeconds, GuestDataLayout.TimeNanoseconds, GuestDataLayout.RingSize));

    [Fact]
    public void By_default_the_era_is_the_kernels_own_and_that_of_a_script_the_seeds()
    {
        Assert.Equal("auto", new GuestDefinition { Name = "x", Kernel = "k" }.Abi);
        Assert.Equal("dma-2007-10", new GuestScript().Create().Abi.Name);
        Assert.Equal(["auto", .. AbiProfile.All.Select(profile => profile.Name)], AbiProfile.Names);
    }

    [Fact]
    public void The_profiles_are_listed_oldest_first() =>
        Assert.Equal(
            ["dma-2.6.23", "dma-2007-10", "virtio-2.6.24", "virtio-2.6.25", "virtio-2.6.29", "virtio-2.6.30", "virtio-2.6.31", "virtio-2.6.34", "virtio-3.1", "pci-4.0", "pci-4.1"],
            AbiProfile.All.Select(profile => profile.Name));

    [Fact] // the hazards: one number, two meanings
    public void A_number_is_decoded_by_its_era()
    {
        Assert.Equal(("SEND_DMA", "SET_PMD"), (Profile("dma-2007-10").FindCall(13)!.Name, Profile("virtio-2.6.31").FindCall(13)!.Name));
        Assert.Equal(("SET_PMD", "SET_PGD"), (Profile("virtio-2.6.30").FindCall(15)!.Name, Profile("virtio-2.6.31").FindCall(15)!.Name));
        Assert.Equal(("CRASH", "SHUTDOWN"), (Profile("virtio-2.6.24").FindCall(2)!.Name, Profile("virtio-2.6.25").FindCall(2)!.Name));
        Assert.Null(Profile("dma-2007-10").FindCall(11));
        Assert.Null(Profile("dma-2007-10").FindCall(uint.MaxValue));
    }

    [Fact]
    public void Names_are_found_whatever_their_case() =>
        Assert.Equal(13u, Profile("dma-2007-10").FindCall("send_dma")!.Number);

    [Theory]
    [InlineData("dma-2007-10", 3u, 2u, 4u)]
    [InlineData("virtio-2.6.30", 2u, 4u, 3u)]
    [InlineData("virtio-2.6.31", 2u, 4u, 3u)]
    public void The_arguments_are_read_in_the_eras_register_order(string name, uint first, uint second, uint third)
    {
        GuestRegisters registers = new() { Eax = 14, Ebx = 2, Edx = 3, Ecx = 4, Esi = 5, Eip = 0x1234 };
        Hypercall call = Profile(name).ReadHypercall(registers);
        Assert.Equal((14u, "SET_PTE", 0x1234u, (int?)null), (call.Number, call.Name, call.Eip, call.Slot));
        Assert.Equal([first, second, third], call.Arguments);
    }

    [Fact]
    public void Arguments_are_shown_by_their_meaning()
    {
        AbiProfile profile = Profile("dma-2007-10");
        GuestRegisters registers = new() { Eax = 7, Edx = 0x69, Ebx = 0xC0020000, Ecx = 2 };
        Assert.Equal("ss=0x69 esp=0xc0020000 pages=2", profile.ReadHypercall(registers).Decoded);
        registers = new() { Eax = 9, Edx = 10_000_000 };
        Assert.Equal("delta=10 ms", profile.ReadHypercall(registers).Decoded);
        registers = new() { Eax = 99, Edx = 1 };
        Assert.Equal("UNKNOWN_99(0x00000001 0x00000000 0x00000000 0x00000000)", profile.ReadHypercall(registers).ToString());
    }

    [Fact]
    public void Ring_entries_are_read_in_ring_order()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint entry = ScriptedGuest.DataAddress + 84 + 16;       // slot 1: eax, edx, ebx, ecx
        foreach ((uint word, uint value) in new[] { (0u, Call.SetPte), (1u, 0xD0u), (2u, 0xB0u), (3u, 0xC0u) }) guest.Memory.Write32(entry + word * 4, value);
        guest.Ring(0, Call.FlushAsync).Memory.Write8(ScriptedGuest.DataAddress + 20 + 1, 0);
        HypercallEvent call = guest.Hypercall(Call.FlushAsync).Play().OfType<HypercallEvent>().ElementAt(1);
        Assert.Equal((1, "SET_PTE"), (call.Slot, call.Name));
        Assert.Equal([0xD0u, 0xB0u, 0xC0u], call.Arguments);
    }

    [Fact]
    public void Guests_of_every_era_have_one_way_to_their_devices() =>
        Assert.All(AbiProfile.All, profile => Assert.Single((object?[])[profile.Dma, profile.Bus, profile.Pci], rules => rules is not null));

    [Fact]
    public void An_unknown_era_is_refused_with_the_nearest_one()
    {
        LguestException refused = Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = "dma-2.6.22" }));
        Assert.Equal(LguestError.InvalidDefinition, refused.Error);
        Assert.StartsWith("unknown ABI profile 'dma-2.6.22'; did you mean 'dma-2.6.23'?", refused.Message);
    }

    [Fact]
    public void Every_call_of_an_era_can_be_done() =>
        Assert.All(AbiProfile.All.SelectMany(profile => profile.Hypercalls), call => Assert.NotNull(call.Handler));

    private static AbiProfile Profile(string name) => AbiProfile.Find(name)!;
}
