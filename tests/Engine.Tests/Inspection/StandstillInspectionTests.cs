using LguestPS.State;
using Xunit;

namespace LguestPS.Tests.Inspection;

/// <summary>The ring, bound buffers, gates, code and the next step of a guest that stands still.</summary>
public sealed class StandstillInspectionTests : IDisposable
{
    private readonly InspectedGuest guest = new();

    public void Dispose() => guest.Dispose();

    [Fact]
    public void The_ring_shows_what_would_be_done_in_which_order()
    {
        guest.Scripted.Ring(0, Call.Ts, 1).Ring(1, Call.SendDma, 0, guest.Scripted.TextDma("hi")).Ring(2, Call.Ts, 0).Ring(4, Call.Ts, 1);
        guest.Scripted.Hypercall(Call.FlushAsync);
        guest.Scripted.Step();
        Assert.Equal([(0, 1), (1, 2), (2, 3)], Order());
        Assert.Equal([0, 1, 2, 4], guest.Inspector.Ring().Where(slot => slot.IsReady).Select(slot => slot.Slot));
        Assert.Equal(0, guest.Inspector.Ring().Single(slot => slot.IsCursor).Slot);

        guest.Scripted.Step();
        Assert.Equal([(1, 1), (2, 2)], Order());
        RingSlot cursor = guest.Inspector.Ring().Single(slot => slot.IsCursor);
        Assert.Equal((1, "SEND_DMA"), (cursor.Slot, cursor.Call.Name));
        // Within a drain the snapshot counts, not what the guest or somebody else has put there since.
        guest.Memory.Write8(ScriptedGuest.DataAddress + guest.Scripted.Layout.HcallStatus + 3, ScriptedGuest.Ready);
        Assert.Equal([(1, 1), (2, 2)], Order());

        IEnumerable<(int, int)> Order() => guest.Inspector.Ring().Where(slot => slot.Order is not null).OrderBy(slot => slot.Order).Select(slot => (slot.Slot, slot.Order!.Value));
    }

    [Fact]
    public void A_full_ring_is_done_once_around()
    {
        for (int slot = 0; slot < 64; slot++) guest.Scripted.Ring(slot, Call.Ts, 0);
        Assert.Equal(Enumerable.Range(1, 64), guest.Inspector.Ring().Select(slot => slot.Order!.Value));
    }

    [Fact]
    public void Before_LGUEST_INIT_there_is_no_ring()
    {
        using InspectedGuest fresh = new(initialised: false);
        Assert.Contains("has not called LGUEST_INIT", Assert.Throws<LguestException>(() => fresh.Inspector.Ring()).Message);
    }

    [Fact]
    public void Bound_arrays_show_their_buffers()
    {
        uint first = guest.Scripted.Dma(ScriptedGuest.DmaAddress, (0x5000, 100), (0x6000, 8));
        guest.Scripted.Dma(first + 100, (0x7000, 50));
        guest.Scripted.Dma(first + 200, (guest.Memory.Size - 1, 2));
        guest.Memory.Write32(first + 100, 12);
        guest.Guest.Bindings.Bind(0, first, 3, 1);
        guest.Guest.Bindings.Bind(0x1000, guest.Memory.Size - 100, ushort.MaxValue, 2);
        BoundDmaArray[] arrays = [.. guest.Inspector.DmaArrays()];
        Assert.Equal(("console", 2, 1, 1), (arrays[0].Device, arrays[0].Free, arrays[0].Used, arrays[0].Irq));
        Assert.Equal(["0x00005000+100 0x00006000+8", "0x00007000+50", ""], arrays[0].Buffers.Select(buffer => string.Join(' ', buffer.Ranges.Select(range => range.ToString()))));
        Assert.StartsWith("bad DMA entry", arrays[0].Buffers[2].Problem);
        Assert.Equal((null, 0, "the array of 65535 reaches outside guest memory"), (arrays[1].Device, arrays[1].Buffers.Length, arrays[1].Problem));
    }

    [Fact]
    public void Descriptors_are_shown_as_loaded_and_as_in_force()
    {
        guest.Guest.Machine.Descriptors.Load(14, [.. BitConverter.GetBytes(0x00CF9A000000FFFFul), .. BitConverter.GetBytes(0x0000E90000000000ul), .. BitConverter.GetBytes(0x0000890000000067ul)]);
        GuestDescriptor[] shown = [.. guest.Inspector.Descriptors()];
        GuestDescriptor code = shown.Single(descriptor => descriptor.Index == 14);
        Assert.Equal((0x00CF9A000000FFFFul, 0x00CFBB000000FFFFul, (ushort)0x71), (code.Loaded!.Value, code.Value, code.Selector));
        Assert.Equal("refused: system type 9 dpl=3", shown.Single(descriptor => descriptor.Index == 15).Meaning);
        Assert.Equal("refused: the entry is the host's", shown.Single(descriptor => descriptor.Index == 16).Meaning);

        StateWriter checkpoint = new();
        guest.Guest.Machine.Descriptors.Save(checkpoint);
        guest.Guest.Machine.Descriptors.Load(14, new byte[24]);
        guest.Guest.Machine.Descriptors.Load(new StateReader(checkpoint.ToArray(), []));
        Assert.Equal(shown, guest.Inspector.Descriptors());
    }

    [Fact]
    public void Gates_name_their_handlers()
    {
        guest.Scripted.Gate(14, InspectedGuest.Middle + 2).Gate(0x80, InspectedGuest.Start, type: 0xF, privilege: 3);
        Assert.Equal(
            [(14, "#PF", "middle+0x2", true, 0), (0x80, "int 0x80", "start", false, 3)],
            guest.Inspector.Gates().Select(gate => ((int)gate.Vector, gate.Name, gate.Symbol!, gate.DisablesInterrupts, gate.PrivilegeLevel)));
    }

    [Fact]
    public void Instructions_have_symbols_in_their_operands_and_the_current_one_is_marked()
    {
        // call middle; mov some_data,%eax; int $0x1f; and a byte that begins no instruction.
        uint at = InspectedGuest.Start;
        guest.Memory.Write(at - InspectedGuest.PageOffset, [
            0xE8, .. BitConverter.GetBytes(InspectedGuest.Middle - (at + 5)), 0xA1, .. BitConverter.GetBytes(InspectedGuest.Data), 0xCD, 0x1F, 0x0F, 0xFF]);
        guest.Guest.Cpu.Registers.Eip = at + 5;
        DisassembledInstruction[] code = [.. guest.Inspector.Disassemble(at, 4)];
        Assert.Equal($"call    0x{InspectedGuest.Middle:x8} <middle>", code[0].Text);
        Assert.Equal((InspectedGuest.Middle, false, true), (code[0].Target!.Value, code[0].IsCurrent, code[1].IsCurrent));
        Assert.Contains($"0x{InspectedGuest.Data:x8} <some_data>", code[1].Text);
        Assert.Equal(("int     $0x1f", "start+0xa"), (code[2].Text, code[2].Symbol));
        Assert.Equal(at + 12, code[3].Address);
        Assert.Contains("call", guest.Inspector.Disassemble(at, 1, syntax: DisassemblySyntax.Intel).Single().Text);
    }

    [Fact]
    public void A_function_ends_where_its_symbol_does()
    {
        Assert.Equal((InspectedGuest.Start, InspectedGuest.Middle), guest.Inspector.Function(InspectedGuest.Start + 0x42));
        Assert.Equal(LguestError.InvalidAddress, Assert.Throws<LguestException>(() => guest.Inspector.Function(0x1000)).Error);
        Assert.Equal(InspectedGuest.Middle, guest.Inspector.Disassemble(InspectedGuest.Start, int.MaxValue, InspectedGuest.Middle).Last() is var last ? last.Address + (uint)last.Bytes.Length : 0);
    }

    [Fact]
    public void Code_that_ends_at_a_page_that_is_not_there_is_shown_up_to_it()
    {
        guest.UseEmptyDirectory();
        guest.Entry(InspectedGuest.Directory, 1, InspectedGuest.Table | 1);
        guest.Entry(InspectedGuest.Table, 0, InspectedGuest.Page | 1);
        guest.Memory.Write(InspectedGuest.Page + 0xFFD, [0x90, 0x90, 0xE8]);
        using IEnumerator<DisassembledInstruction> code = guest.Inspector.Disassemble(0x00400FFD, 10).GetEnumerator();
        Assert.True(code.MoveNext() && code.MoveNext());
        Assert.Contains("0x00401000 is not mapped", Assert.Throws<LguestException>(() => code.MoveNext()).Message);
    }

    [Fact]
    public void The_next_step_is_what_the_step_then_does()
    {
        guest.Scripted.Ring(0, Call.SendDma, 0, guest.Scripted.TextDma("hi\n"));
        guest.Scripted.Hypercall(Call.FlushAsync);
        Assert.StartsWith("run to the next standstill, from 0xc000", guest.Inspector.NextStep().Text);
        guest.Scripted.Step();
        Assert.Equal((Standstill.RingEntry, "do SEND_DMA(key=0x00000000 dma=0x00012000) in ring slot 0; FLUSH_ASYNC stays pending"), Next());
        guest.Scripted.Step();
        Assert.Equal((Standstill.Dma, "serve the DMA at 0x00012000 to console, 3 bytes: \"hi\\n\""), Next());
        guest.Scripted.Step();
        Assert.Equal((Standstill.Hypercall, "do FLUSH_ASYNC()"), Next());
        guest.Guest.Stop();
        Assert.Equal(LguestError.GuestEnded, Assert.Throws<LguestException>(() => guest.Inspector.NextStep()).Error);

        (Standstill, string) Next() => guest.Inspector.NextStep() is var next ? (next.Standstill, next.Text) : default;
    }

    [Fact]
    public void A_DMA_that_will_end_the_guest_is_announced_as_that()
    {
        guest.Scripted.Hypercall(Call.SendDma, 0, guest.Memory.Size);
        guest.Scripted.Step(count: 2);
        Assert.Contains("which ends the guest: bad read address", guest.Inspector.NextStep().Text);
    }

    [Fact]
    public void An_instruction_that_cannot_be_fetched_will_fault()
    {
        guest.Guest.Cpu.Registers.Eip = 0x1000;
        Assert.StartsWith("fault on fetching the instruction: 0x00001000 is not mapped", guest.Inspector.NextStep(byInstruction: true).Text);
    }
}
