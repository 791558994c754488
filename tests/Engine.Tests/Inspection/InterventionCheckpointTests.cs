using Xunit;

namespace LguestPS.Tests.Inspection;

/// <summary>Changes from outside and checkpoints: what was changed comes back, and so does the word of it.</summary>
public sealed class InterventionCheckpointTests : IDisposable
{
    private const uint Free = 0x180000;
    private const string By = "the test";

    private readonly Guest guest = Guest.Create(ScriptedGuest.Definition with { Clock = ClockKind.Virtual });

    public void Dispose() => guest.Dispose();

    [Fact]
    public void Going_back_undoes_a_change()
    {
        guest.Inspector.WriteMemory(Free, [1, 2, 3], By, physical: true);
        Checkpoint before = guest.TakeCheckpoint();
        guest.Inspector.WriteMemory(Free + 1, [9], By, physical: true);
        guest.Inspector.SetRegister("st0", 2.5, By);
        guest.Inspector.SetRegister("esi", 77, By);
        guest.Restore(before);
        Assert.Equal([1, 2, 3], guest.Inspector.ReadMemory(Free, 3, physical: true).Bytes);
        Assert.Equal(0u, guest.Registers.Esi);
        Assert.Equal("empty", guest.Inspector.Registers().Single(register => register.Name == "st0").Meaning);
    }

    [Fact]
    public void A_change_nobody_has_heard_of_yet_stays_with_the_checkpoint()
    {
        guest.Inspector.WriteMemory(Free, [1, 2, 3], By, physical: true);
        guest.Inspector.SetRegister("esi", 77, By);
        using Guest copy = Guest.CreateFrom(guest.TakeCheckpoint());
        Assert.Equal([1, 2, 3], copy.Inspector.ReadMemory(Free, 3, physical: true).Bytes);

        InterventionEvent[] told = [.. copy.Step(new StepOptions { Driver = By, Unit = StepUnit.Instruction, Filter = new EventFilter { Kinds = EventKinds.Intervention } }).Cast<InterventionEvent>()];
        Assert.Equal([InterventionOperation.SetMemory, InterventionOperation.SetRegister], told.Select(change => change.Operation));
        Assert.Equal((By, 1L), (told[0].By, told[0].Sequence));
        InterventionChange memory = Assert.Single(told[0].Changes), register = Assert.Single(told[1].Changes);
        Assert.Equal((Free, "000000", "010203"), (memory.PhysicalAddress!.Value, Convert.ToHexString(memory.From), Convert.ToHexString(memory.To)));
        Assert.Equal(("esi", (uint?)null, "00000000", "4D000000"), (register.Target, register.PhysicalAddress, Convert.ToHexString(register.From), Convert.ToHexString(register.To)));
    }
}
