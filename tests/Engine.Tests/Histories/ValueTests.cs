using CsCheck;
using LguestPS.Histories;
using Xunit;

namespace LguestPS.Tests.Histories;

/// <summary>A value is followed back to where it came from, and every step of the way holds.</summary>
public class ValueTests
{
    [Fact]
    public void The_byte_that_broke_examples_panic_came_from_a_name()
    {
        using Guest guest = RecordedGuests.Run("example-panic");
        using GuestHistory history = GuestHistory.Of(guest);
        ValueStep[] steps = [.. history.TraceValue(new ValueQuery { Address = guest.Symbols!.AddressOf("tasks")!.Value + 0x28, Length = 1 })];
        Assert.Equal([ValueOrigin.Copy, ValueOrigin.Copy, ValueOrigin.Initial], steps.Select(step => step.Origin));
        Assert.All(steps, step => Assert.Equal((ulong)'p', step.Value));
        Assert.Equal(["dl"], steps[0].Sources);
        Assert.StartsWith("rename_task+", steps[0].Function);
    }

    [Fact]
    public void A_calls_argument_leads_to_the_constant_that_was_pushed()
    {
        using Guest guest = RecordedGuests.Run("example-panic");
        using GuestHistory history = GuestHistory.Of(guest);
        HypercallEvent crash = history.FindEvents(new EventQuery()).OfType<HypercallEvent>().Single(call => call.Name == "CRASH");
        ValueStep[] steps = [.. history.TraceValue(new ValueQuery { Register = "edx", To = PositionExpression.Of(crash.Position) })];
        Assert.Equal(ValueOrigin.Constant, steps[^1].Origin);
        Assert.StartsWith("push", steps[^1].Instruction);
        Assert.StartsWith("schedule+", steps[^1].Function);
    }

    [Fact]
    public void What_a_device_brought_comes_from_its_event()
    {
        using Guest guest = RecordedGuests.Run("example-disk");
        using GuestHistory history = GuestHistory.Of(guest);
        DmaEvent received = history.FindEvents(new EventQuery()).OfType<DmaEvent>().First(dma => dma.Direction == DmaDirection.Receive && dma.Sections.AsEnumerable().Any());
        // The word is read again after it came.
        uint buffer = received.Sections[0].Address + guest.Machine.PageOffset;
        GuestMemoryAccess brought = history.FindAccesses(new MemoryAccessQuery { Address = buffer }).First(access => access.IsByHost);
        PositionExpression after = PositionExpression.Of(new RunPosition(brought.Position.Events + 1, brought.Position.Instructions, brought.Position.Time));
        ValueStep step = Assert.Single(history.TraceValue(new ValueQuery { Address = buffer, To = after }));
        Assert.Equal((ValueOrigin.Input, brought.Position), (step.Origin, step.Position));
        Assert.Equal(brought.NewValue, step.Value);
        Assert.StartsWith("host, event #", step.Instruction);
    }

    [Fact] // the same stack address in another process was written last
    public void A_value_in_a_process_did_not_come_from_another_process()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        using GuestHistory history = GuestHistory.Of(guest);
        ValueStep[] steps = [.. history.TraceValue(new ValueQuery { Register = "ecx", To = PositionExpression.Of(RecordedGuests.Calls(history)[178].Position), MostSteps = 8 })];
        Assert.Equal(("ecx", "[0xaffffec8]"), (steps[0].Place, steps[0].Sources[0]));
        Assert.All(steps, step => Assert.Equal(0ul, step.Value));
        Assert.Equal(("[0xaffffec8]", ValueOrigin.Copy), (steps[1].Place, steps[1].Origin));
    }

    [Fact]
    public void A_copy_has_the_value_of_its_source()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        using GuestHistory history = GuestHistory.Of(guest);
        GuestCall[] calls = RecordedGuests.Calls(history);
        string[] registers = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "al", "dx"];
        long copies = 0, ends = 0;
        RandomRounds.Until(() => copies > 10 && ends > 10, () => Gen.Select(Gen.Int[0, calls.Length - 1], Gen.Int[0, registers.Length], Gen.UInt[0, 16]).Sample((call, register, word) =>
        {
            PositionExpression at = PositionExpression.Of(calls[call].Position);
            ValueQuery query = register == registers.Length ? new ValueQuery { Address = calls[call].Stack + 4 * word, To = at, MostSteps = 8 } : new ValueQuery { Register = registers[register], To = at, MostSteps = 8 };
            ValueStep[] steps = [.. history.TraceValue(query)];
            Assert.Equal(Enumerable.Range(1, steps.Length), steps.Select(step => step.Number));
            for (int i = 0; i < steps.Length; i++)
            {
                if (i > 0) Assert.True(steps[i].Position.Instructions <= steps[i - 1].Position.Instructions, $"{steps[i - 1]}\n{steps[i]}");
                if (i + 1 == steps.Length || steps[i].Origin != ValueOrigin.Copy)
                {
                    ends++;
                    continue;
                }
                // Where only a part was written last, that part is followed.
                if (steps[i + 1].Place != steps[i].Sources[0]) continue;
                Assert.True(steps[i].Value == steps[i + 1].Value, $"{steps[i].Position} {steps[i]}\n{steps[i + 1].Position} {steps[i + 1]}");
                copies++;
            }
        }, iter: 40, threads: 1));
    }

    [Theory]
    [InlineData("exa")]
    [InlineData("xmm0")]
    [InlineData("cs")]
    public void What_is_no_general_register_is_an_error(string name)
    {
        using Guest guest = RecordedGuests.Run("example-ring");
        using GuestHistory history = GuestHistory.Of(guest);
        Assert.Equal(LguestError.InvalidAddress, Assert.Throws<LguestException>(() => history.TraceValue(new ValueQuery { Register = name })).Error);
    }
}
