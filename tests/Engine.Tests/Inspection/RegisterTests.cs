using LguestPS.Cpu;
using LguestPS.Segments;
using Xunit;

namespace LguestPS.Tests.Inspection;

/// <summary>Registers seen and set from outside.</summary>
public sealed class RegisterTests : IDisposable
{
    private const string By = "the test";

    private readonly InspectedGuest guest = new();

    public void Dispose() => guest.Dispose();

    [Fact]
    public void Meanings_are_symbols_flags_and_descriptors()
    {
        guest.Guest.Cpu.Registers.Eip = InspectedGuest.Start + 4;
        guest.Guest.Cpu.Registers.Eflags = Eflags.AlwaysOne | Eflags.Interrupt | Eflags.Zero;
        Assert.Equal("start+0x4", Register("eip").Meaning);
        Assert.Equal("ZF IF", Register("eflags").Meaning);
        Assert.Equal("GDT 12, ring 1: code flat dpl=1", Register("cs").Meaning);
        Assert.Equal(("0x0061", (object)0x61u), (Register("cs").Bits, Register("cs").Value));
        Assert.Equal("null", Register("fs").Meaning);
    }

    [Fact]
    public void A_change_comes_out_as_an_event_before_anything_the_guest_does()
    {
        guest.Guest.Cpu.Registers.Eip = InspectedGuest.Start;
        guest.Guest.Cpu.Registers.Eax = 0;
        guest.Inspector.SetRegister("EAX", -1, By);
        guest.Inspector.SetRegister("eip", "middle+2", By);
        Assert.Equal((uint.MaxValue, InspectedGuest.Middle + 2), (guest.Guest.Registers.Eax, guest.Guest.Registers.Eip));

        guest.Scripted.Hypercall(Call.Ts, 1);
        List<LguestEvent> events = guest.Scripted.Play();
        Assert.Equal([EventKinds.Intervention, EventKinds.Intervention, EventKinds.Hypercall], events.Select(happened => happened.Kind));
        InterventionEvent first = (InterventionEvent)events[0];
        InterventionChange change = Assert.Single(first.Changes);
        Assert.Equal((InterventionOperation.SetRegister, By, InspectedGuest.Start), (first.Operation, first.By, first.Eip));
        Assert.Equal(("eax", "00000000", "FFFFFFFF"), (change.Target, Convert.ToHexString(change.From), Convert.ToHexString(change.To)));
        Assert.Equal("the test eax 0x00000000 -> 0xffffffff", first.Summary);
        Assert.Equal(InspectedGuest.Start, ((InterventionEvent)events[1]).Eip);
        Assert.Equal(events[0].Sequence + 2, events[2].Sequence);
    }

    [Fact]
    public void Who_wants_no_interventions_gets_none()
    {
        guest.Inspector.SetRegister("eax", 1, By);
        guest.Scripted.Hypercall(Call.Ts, 1);
        Assert.Equal([EventKinds.Hypercall], guest.Scripted.Play(new EventFilter { Kinds = EventKinds.Hypercall }).Select(happened => happened.Kind));
    }

    [Theory]
    [InlineData("eflags", Eflags.AlwaysOne | Eflags.Interrupt | Eflags.IoPrivilegeLevel, "would change bits 0x00003000")]
    [InlineData("eflags", Eflags.AlwaysOne, "would change bits 0x00000200")]
    [InlineData("cs", 0x60u, "cannot hold 0x60")]          // ring 0
    [InlineData("cs", 0x69u, "cannot hold 0x69")]          // data
    [InlineData("cs", 0u, "cannot be null")]
    [InlineData("cs", 0x63u, "cannot hold 0x63")]
    [InlineData("cs", 0x65u, "selects no present")]        // the LDT
    [InlineData("cs", 0x10061u, "16 bits")]
    [InlineData("ss", 0x61u, "cannot hold 0x61")]
    [InlineData("ss", 0x68u, "cannot hold 0x68")]
    [InlineData("ds", 0xF9u, "selects no present")]
    [InlineData("ds", 0x6Bu, "cannot hold 0x6b")]          // asked for as ring 3, which it is not for
    [InlineData("xyz", 0u, "There is no register 'xyz'")]
    [InlineData("st0", 0u, "does not show its x87")]
    public void What_a_guest_may_not_have_is_refused_and_nothing_changes(string register, uint value, string reason)
    {
        guest.Guest.Cpu.Registers.Eflags = Eflags.AlwaysOne | Eflags.Interrupt;
        GuestRegisters before = guest.Guest.Registers;
        LguestException refused = Assert.Throws<LguestException>(() => guest.Inspector.SetRegister(register, value, By));
        Assert.Equal(LguestError.InvalidValue, refused.Error);
        Assert.Contains(reason, refused.Message);
        Assert.Equal(before, guest.Guest.Registers);
        Assert.DoesNotContain(guest.Scripted.Play(), happened => happened.Kind == EventKinds.Intervention);
    }

    [Fact]
    public void A_selector_the_guest_may_load_is_loaded()
    {
        guest.Inspector.SetRegister("es", 0, By);
        guest.Inspector.SetRegister("fs", DescriptorTable.KernelDataSelector, By);
        Assert.Equal((0, DescriptorTable.KernelDataSelector), (guest.Guest.Registers.Es, guest.Guest.Registers.Fs));
    }

    [Fact]
    public void Others_may_neither_look_nor_change_while_somebody_drives()
    {
        guest.Scripted.Hypercall(Call.Ts, 1).Hypercall(Call.Ts, 0);
        using IEnumerator<LguestEvent> run = guest.Guest.Run(new RunOptions { Driver = "somebody" }).GetEnumerator();
        Assert.True(run.MoveNext());
        Assert.NotEmpty(guest.Inspector.Registers());       // the driver itself, between two events
        LguestException busy = Assert.Throws<LguestException>(() => guest.Inspector.SetRegister("eax", 1, By));
        Assert.Equal(LguestError.GuestBusy, busy.Error);

        Exception? seen = null;
        Thread other = new(() => seen = Record.Exception(() => guest.Inspector.Registers()));
        other.Start();
        other.Join();
        Assert.Equal(LguestError.GuestBusy, Assert.IsType<LguestException>(seen).Error);
    }

    [Fact]
    public void An_ended_guest_can_be_looked_at_but_not_changed_and_a_removed_one_neither()
    {
        guest.Guest.Stop();
        Assert.NotEmpty(guest.Inspector.Registers());
        Assert.Equal(LguestError.GuestEnded, Assert.Throws<LguestException>(() => guest.Inspector.SetRegister("eax", 1, By)).Error);
        guest.Guest.Dispose();
        Assert.Equal(LguestError.GuestEnded, Assert.Throws<LguestException>(() => guest.Inspector.Registers()).Error);
    }

    [Fact]
    public void The_x87_is_shown_and_restored_to_the_last_bit()
    {
        using Guest real = Guest.Create(ScriptedGuest.Definition);
        real.Inspector.SetRegister("fcw", 0x027F, By);
        real.Inspector.SetRegister("st0", "4000:c90fdaa22168c235", By);
        real.Inspector.SetRegister("st1", -2.5, By);
        GuestRegister[] saved = [.. real.Inspector.Registers()];
        Assert.Equal(Math.PI, Find(saved, "st0").Value);
        Assert.Equal((-2.5, "c000:a000000000000000", null), (Find(saved, "st1").Value, Find(saved, "st1").Bits, Find(saved, "st1").Meaning));
        Assert.Equal("empty", Find(saved, "st2").Meaning);
        Assert.Equal("round nearest, 53 bits, all exceptions masked", Find(saved, "fcw").Meaning);
        Assert.Equal("2 registers in use", Find(saved, "ftw").Meaning);

        foreach (string name in (string[])["st0", "st1", "st7", "fsw", "fip"]) real.Inspector.SetRegister(name, 0x3800, By);
        foreach (GuestRegister register in saved.Where(register => register.Group == RegisterGroup.FloatingPoint))
            real.Inspector.SetRegister(register.Name, register.Bits, By);
        foreach (string name in GuestInspector.RegisterNames)
        {
            Assert.Equal(Find(saved, name), Find(real.Inspector.Registers(), name));
        }
    }

    [Fact]
    public void Vector_registers_are_shown_and_restored_to_the_last_bit()
    {
        using Guest real = Guest.Create(ScriptedGuest.Definition);
        real.Inspector.SetRegister("st0", Math.PI, By);
        real.Inspector.SetRegister("xmm3", "0x400921fb54442d183ff0000000000000", By);
        real.Inspector.SetRegister("xmm7", 5, By);
        real.Inspector.SetRegister("mxcsr", 0xBFA1, By);
        GuestRegister[] saved = [.. real.Inspector.Registers()];
        Assert.Equal((new UInt128(0x400921FB54442D18, 0x3FF0000000000000), RegisterGroup.Vector), (Find(saved, "xmm3").Value, Find(saved, "xmm3").Group));
        Assert.Equal("as doubles 1, 3.14159", Find(saved, "xmm3").Meaning);
        Assert.Equal("round down, all exceptions masked, flush to zero, raised: invalid, precision", Find(saved, "mxcsr").Meaning);
        Assert.Equal(0xC90FDAA22168C000, Find(saved, "mm0").Value);         // st0 is register 0 at first

        real.Inspector.SetRegister("mm2", 0x123456789A, By);
        Assert.Equal(0x123456789AUL, Find(real.Inspector.Registers(), "mm2").Value);
        Assert.Equal("0000:000000123456789a", Find(real.Inspector.Registers(), "st2").Bits);
        Assert.Equal(0xC90FDAA22168C000, Find(real.Inspector.Registers(), "mm0").Value);
        foreach (GuestRegister register in saved.Where(register => register.Group == RegisterGroup.Vector)) real.Inspector.SetRegister(register.Name, 0, By);
        foreach (GuestRegister register in saved.Where(register => register.Group is RegisterGroup.Vector or RegisterGroup.FloatingPoint))
            real.Inspector.SetRegister(register.Name, register.Bits, By);
        foreach (GuestRegister register in saved) Assert.Equal(register, Find(real.Inspector.Registers(), register.Name));
    }

    [Theory]
    [InlineData("mxcsr", "0x10000", "16 bits")]
    [InlineData("mm0", "0x10000000000000000", "64 bits")]
    [InlineData("xmm0", "many", "is not a value for xmm0")]
    [InlineData("xmm8", "1", "There is no register 'xmm8'")]
    public void What_a_vector_register_cannot_hold_is_refused(string register, string value, string reason)
    {
        using Guest real = Guest.Create(ScriptedGuest.Definition);
        Assert.Contains(reason, Assert.Throws<LguestException>(() => real.Inspector.SetRegister(register, value, By)).Message);
    }

    private GuestRegister Register(string name) => Find(guest.Inspector.Registers(), name);

    private static GuestRegister Find(IEnumerable<GuestRegister> registers, string name) => registers.Single(register => register.Name == name);
}
