using LguestPS.Boot;
using LguestPS.Tests.Cpu.Kvm;
using Xunit;

namespace LguestPS.Tests.Gdb;

/// <summary>A whole session with gdb itself.</summary>
public class GdbSessionTests
{
    [SkippableFact]
    public void gdb_breaks_watches_steps_reads_writes_and_lets_the_guest_go()
    {
        using Guest guest = Guest.Create(Definition(ClockKind.Virtual));
        Debug(guest);
    }

    [SkippableFact]
    [Trait("Cpu", "kvm")]
    public void gdb_does_the_same_to_a_guest_on_KVM()
    {
        KvmHost.Require();
        using Guest guest = GuestBuilder.Build(Definition(ClockKind.Host), KvmHost.Maker());
        Debug(guest);
    }

    [SkippableFact]
    public void gdb_goes_back_to_breakpoints_and_to_who_wrote_what_it_watches()
    {
        using Guest guest = Guest.Create(Definition(ClockKind.Virtual) with { Kernel = Repository.Path("examples", "panic", "panic.elf"), Cpu = CpuChoice.Emulated });
        guest.Record();
        string said = GdbProgram.Session(guest, [],
            "hbreak crash", "continue", "delete",
            "watch *(int *)((char *)&tasks + 0x28)",
            "reverse-continue", "printf \"last %x\\n\", $eip",
            "reverse-continue", "printf \"store %x word %x\\n\", $eip, *(int *)((char *)&tasks + 0x28)",
            "stepi", "printf \"then %x\\n\", *(int *)((char *)&tasks + 0x28)",
            "delete", "hbreak schedule", "reverse-continue", "printf \"stopped %x\\n\", $eip",
            "delete", "rwatch *(int *)((char *)&tasks + 0x18)", "reverse-continue", "printf \"reader %x\\n\", $eip",
            "delete", "reverse-continue", "printf \"entry %x\\n\", $eip",
            "detach");

        SymbolTable symbols = guest.Symbols!;
        uint tasks = symbols.AddressOf("tasks")!.Value;
        Assert.Contains("Old value = ", said);
        Assert.Equal("rename_task", symbols.Find(After("last ", said))!.Value.Name);
        Assert.Equal(After("last ", said), After("store ", said));
        Assert.Equal(tasks, After("word ", said));         // the last task leads to the first
        Assert.Equal(tasks & 0xFFFFFF00 | 'p', After("then ", said));
        Assert.InRange(After("stopped ", said), symbols.AddressOf("schedule")!.Value, symbols.AddressOf("schedule")!.Value + 8);
        Assert.Equal("schedule", symbols.Find(After("reader ", said))!.Value.Name);
        Assert.Contains("No more reverse-execution history", said);
        Assert.Equal((0L, GuestState.Created), (guest.InstructionCount, guest.State));
    }

    [SkippableFact]
    public void gdb_stays_with_a_recorded_guest_that_dies_and_goes_back_from_there()
    {
        using Guest guest = Guest.Create(Definition(ClockKind.Virtual) with { Kernel = Repository.Path("examples", "panic", "panic.elf"), Cpu = CpuChoice.Emulated });
        guest.Record();
        string said = GdbProgram.Session(guest, [], "continue", "hbreak schedule", "reverse-continue", "printf \"stopped %x\\n\", $eip", "delete", "continue", "detach");

        Assert.DoesNotContain("no longer exists", said);
        Assert.Equal(2, said.Split("Guest 'timer' ended: CRASH: ").Length - 1);
        Assert.Equal(2, said.Split("No more reverse-execution history").Length - 1);
        Assert.Equal("schedule", guest.Symbols!.Find(After("stopped ", said))!.Value.Name);
        Assert.True(guest.HasEnded);
    }

    private static GuestDefinition Definition(ClockKind clock) =>
        new() { Name = "timer", Kernel = Repository.Path("examples", "timer", "timer.elf"), Memory = 8 << 20, Clock = clock, Devices = [new ConsoleDefinition()] };

    private static void Debug(Guest guest)
    {
        uint entry = guest.Registers.Eip;
        List<LguestEvent> events = [];
        string said = GdbProgram.Session(guest, events,
            "printf \"entry %x\\n\", $eip",
            "break sleep_until", "continue", "printf \"at %x\\n\", $eip",
            "stepi", "printf \"behind %x\\n\", $eip",
            "delete", "watch *(int *)&ticked", "continue", "printf \"ticked %d\\n\", *(int *)&ticked",
            "delete", "set $st0 = 1.5", "info registers st0",
            "set $xmm1.v2_double[0] = 2.5", "printf \"xmm1 %g\\n\", $xmm1.v2_double[0]", "info registers mxcsr", "printf \"mm0 %llx\\n\", $mm0.uint64",
            "set var *(int *)&ticked = 7", "printf \"ticked %d\\n\", *(int *)&ticked",
            "set var *(int *)&ticked = 1",
            "hbreak power_down", "continue", "backtrace 1",
            "detach");

        uint sleep = guest.Symbols!.AddressOf("sleep_until")!.Value;
        Assert.Contains($"entry {entry:x}\n", said);
        Assert.Contains("Breakpoint 1, ", said);
        Assert.InRange(After("at ", said), sleep, sleep + 8);       // gdb breaks after the prologue
        Assert.InRange(After("behind ", said), After("at ", said) + 1, After("at ", said) + 15);
        Assert.Contains("Old value = 0\nNew value = 1\n", said);
        Assert.Contains("xmm1 2.5\n", said);
        Assert.Contains("mm0 c000000000000000\n", said);
        Assert.Matches(@"mxcsr +0x1f80 +\[ IM DM ZM OM UM PM \]", said);
        Assert.Contains("ticked 1\n", said);
        Assert.Contains("1.5", said);
        Assert.Contains("ticked 7\n", said);
        Assert.Contains("power_down", said);
        Assert.Empty(guest.Breakpoints);
        Assert.False(guest.HasEnded);

        Assert.NotEmpty(guest.Run(new RunOptions { Driver = "the test" }));
        Assert.Contains(events, happened => happened is InterventionEvent { Operation: InterventionOperation.SetMemory });
        Assert.Equal(EndingKind.PowerDown, guest.Ending!.Kind);
    }

    private static uint After(string word, string text)
    {
        int at = text.IndexOf(word, StringComparison.Ordinal) + word.Length;
        return Convert.ToUInt32(text[at..text.IndexOfAny(['\n', ' '], at)], 16);
    }
}
