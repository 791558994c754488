using System.Text;
using Xunit;
using static LguestPS.Tests.Symbols.SymbolFiles;

namespace LguestPS.Tests.Symbols;

/// <summary>Where a guest's symbols come from, and the events that show them.</summary>
public sealed class GuestSymbolsTests : IDisposable
{
    private const uint Eip = 0xC0002024;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void An_ELF_kernel_names_the_addresses_of_its_events()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(WithKernel(new Symbol(0xC0002000, "schedule"), new Symbol(0xC0010000, "lguest_data", GlobalData)));
        guest.Gate(14, 0xC0002040);
        guest.Cpu.Registers.Eip = Eip;
        guest.IrqEnabled = 0x200;
        guest.Gate(0x20, 0xC0002080).Hypercall(Call.Ts, 1).Trap(14, 2, 0xDEAD0000);
        guest.Guest.Machine.Interrupts.Raise(0);
        List<LguestEvent> events = guest.Play();

        InterruptEvent interrupt = events.OfType<InterruptEvent>().Single();
        Assert.Equal("schedule+0x24", interrupt.Symbol);
        Assert.Equal("irq 0 at eip 0xc0002024 <schedule+0x24>", interrupt.Summary);
        Assert.Equal("schedule+0x80", events.OfType<HypercallEvent>().Single().Symbol);
        TrapEvent trap = events.OfType<TrapEvent>().Single();
        Assert.Equal("schedule+0x80", trap.Symbol);
        Assert.EndsWith("from ring 1 eip 0xc0002080 <schedule+0x80>", trap.Summary);
        Assert.Equal(0xC0010000, guest.Guest.Symbols!.AddressOf("lguest_data"));
    }

    [Fact]
    public void A_kernel_without_symbols_has_events_without_symbols()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Assert.Null(guest.Guest.Symbols);
        Assert.Null(guest.Hypercall(Call.Ts, 1).Play().OfType<HypercallEvent>().Single().Symbol);
    }

    [Fact]
    public void The_file_the_definition_names_goes_before_the_kernels_own()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(WithKernel(new Symbol(0xC0002000, "own")) with { Symbols = Map("c0002000 T mapped\n") });
        guest.Cpu.Registers.Eip = Eip;
        Assert.Equal("mapped+0x24", guest.Hypercall(Call.Ts, 1).Play().OfType<HypercallEvent>().Single().Symbol);
    }

    [Fact]
    public void A_file_that_is_no_symbol_file_is_refused_before_anything_runs()
    {
        GuestDefinition definition = ScriptedGuest.Definition with { Symbols = folder.Write("System.map", "#!/bin/sh"u8.ToArray()) };
        Assert.EndsWith("is neither an ELF file nor a System.map", Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(definition)).Message);
        definition = definition with { Symbols = folder.Path("nowhere") };
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(definition)).Error);
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => Guest.Plan(definition with { Cpu = CpuChoice.Emulated })).Error);
    }

    [Fact]
    public void A_map_damaged_further_down_is_told_to_who_asks_and_events_just_have_no_symbols()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Symbols = Map("c0002000 T mapped\noh\n") });
        HypercallEvent call = guest.Hypercall(Call.Ts, 1).Play().OfType<HypercallEvent>().Single();
        Assert.Null(call.Symbol);
        Assert.Equal("set=1", call.Decoded);
        Assert.Equal(2, Assert.Throws<LguestException>(() => guest.Guest.Symbols).Line);
    }

    [Fact] // a wrong name is worse than none
    public void A_kernel_built_anew_while_the_guest_runs_names_nothing()
    {
        GuestDefinition definition = WithKernel(new Symbol(0xC0002000, "before"));
        using ScriptedGuest guest = ScriptedGuest.Initialised(definition);
        folder.Write("kernel", Kernel(new Symbol(0xC0002000, "afterwards")));
        Assert.Null(guest.Guest.Symbols);
    }

    [Fact]
    public void Symbols_are_read_only_when_somebody_asks()
    {
        string map = Map("c0002000 T mapped\n");
        using ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Symbols = map });
        HypercallEvent call = guest.Hypercall(Call.Ts, 1).Play().OfType<HypercallEvent>().Single();
        File.Delete(map);
        Assert.Null(call.Symbol);
        Assert.Throws<LguestException>(() => guest.Guest.Symbols);
    }

    private GuestDefinition WithKernel(params Symbol[] symbols) => ScriptedGuest.Definition with { Kernel = folder.Write("kernel", Kernel(symbols)) };

    private string Map(string text) => folder.Write("System.map", Encoding.ASCII.GetBytes(text));
}
