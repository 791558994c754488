using LguestPS.Cpu;
using LguestPS.Segments;
using Xunit;

namespace LguestPS.Tests.Inspection;

/// <summary>The functions on a stack: stacks a compiler makes, and stacks a guest makes up.</summary>
public sealed class CallStackTests : IDisposable
{
    private const uint Stack = InspectedGuest.PageOffset + 0x1F000;
    private const uint AfterCall = InspectedGuest.Start + 0x10, AfterIndirectCall = InspectedGuest.Middle + 0x20;
    private const uint NoCallBefore = InspectedGuest.Middle + 0x40;
    private const uint UserCode = 0x08048000, UserStack = 0x0804A000;
    private const ushort UserCodeSelector = 0x73, UserDataSelector = 0x7B;
    private const uint P = 1, W = 2, U = 4;

    private readonly InspectedGuest guest = new();

    public CallStackTests()
    {
        // A kernel with two calls in it: e8 rel32, and ff d0 (call *%eax).
        Code(AfterCall - 5, 0xE8, 1, 2, 3, 4);
        Code(AfterIndirectCall - 2, 0xFF, 0xD0);
        ref GuestRegisters registers = ref guest.Guest.Cpu.Registers;
        registers.Eip = InspectedGuest.Start + 0x80;
        registers.Esp = Stack;
        registers.Ebp = Stack + 8;
        guest.Memory.Write(Stack - InspectedGuest.PageOffset, 0x1000).Clear();
    }

    public void Dispose() => guest.Dispose();

    [Fact]
    public void Frame_pointers_lead_from_caller_to_caller()
    {
        Words(Stack + 8, Stack + 0x20, AfterCall);
        Words(Stack + 0x20, 0, AfterIndirectCall);
        Assert.Equal(
            [(InspectedGuest.Start + 0x80, FrameOrigin.Registers, "start+0x80"), (AfterCall, FrameOrigin.FramePointer, "start+0x10"), (AfterIndirectCall, FrameOrigin.FramePointer, "middle+0x20")],
            Frames());
    }

    [Theory]
    [InlineData(new byte[] { 0x55 }, 0u)]                       // push %ebp: the first instruction of a function
    [InlineData(new byte[] { 0xC3 }, 0u)]                       // ret: the last
    [InlineData(new byte[] { 0xC2, 4, 0 }, 0u)]
    [InlineData(new byte[] { 0x55, 0x89, 0xE5 }, 1u)]           // after the push, before mov %esp, %ebp
    public void Where_a_function_begins_or_ends_its_caller_is_not_skipped(byte[] code, uint behind)
    {
        Code(InspectedGuest.Start + 0x80, code);
        guest.Guest.Cpu.Registers.Eip += behind;
        Words(Stack, behind == 0 ? [AfterCall] : [Stack + 0x20, AfterCall]);
        guest.Guest.Cpu.Registers.Ebp = Stack + 0x20;
        Words(Stack + 0x20, 0, AfterIndirectCall);
        Assert.Equal([AfterCall, AfterIndirectCall], Frames().Skip(1).Select(frame => frame.Eip));
        Assert.All(Frames().Skip(1), frame => Assert.Equal(FrameOrigin.FramePointer, frame.Origin));
    }

    [Fact]
    public void Without_frame_pointers_return_addresses_are_guessed_and_said_to_be()
    {
        guest.Guest.Cpu.Registers.Ebp = 42;
        Words(Stack + 4, AfterCall, NoCallBefore, InspectedGuest.Data, AfterIndirectCall);
        IReadOnlyList<CallStackFrame> frames = guest.Inspector.CallStack();
        Assert.Equal([AfterCall, AfterIndirectCall], frames.Skip(1).Select(frame => frame.Eip));
        Assert.All(frames.Skip(1), frame => Assert.True(frame.IsUncertain));
        Assert.False(frames[0].IsUncertain);
        Assert.Equal([Stack + 4, Stack + 0x10], frames.Skip(1).Select(frame => frame.StackAddress!.Value));
    }

    [Fact]
    public void A_trap_in_the_kernel_leads_on_where_it_was_interrupted()
    {
        Words(Stack + 8, Stack + 0x60, AfterCall);              // the handler, called by assembly, saved the interrupted code's ebp
        Words(Stack + 0x30, NoCallBefore, DescriptorTable.KernelCodeSelector, Eflags.AlwaysOne | Eflags.Interrupt);
        Words(Stack + 0x60, 0, AfterIndirectCall);
        Assert.Equal(
            [(AfterCall, FrameOrigin.FramePointer), (NoCallBefore, FrameOrigin.TrapFrame), (AfterIndirectCall, FrameOrigin.FramePointer)],
            Frames().Skip(1).Select(frame => (frame.Eip, frame.Origin)));
    }

    [Fact]
    public void A_trap_from_a_program_leads_into_its_own_stack()
    {
        UseUserPages();
        Words(Stack + 8, UserStack + 8, AfterCall);
        Words(Stack + 0x30, UserCode + 0x50, UserCodeSelector, Eflags.AlwaysOne | Eflags.Interrupt, UserStack, UserDataSelector);
        guest.Memory.Write(InspectedGuest.Page + 0x20 - 5, [0xE8, 0, 0, 0, 0]);
        guest.Memory.Write32(InspectedGuest.Page + 0x2008, 0);
        guest.Memory.Write32(InspectedGuest.Page + 0x200C, UserCode + 0x20);
        IReadOnlyList<CallStackFrame> frames = guest.Inspector.CallStack();
        Assert.Equal(
            [(AfterCall, 1, FrameOrigin.FramePointer), (UserCode + 0x50, 3, FrameOrigin.TrapFrame), (UserCode + 0x20, 3, FrameOrigin.FramePointer)],
            frames.Skip(1).Select(frame => (frame.Eip, frame.PrivilegeLevel, frame.Origin)));
        Assert.Null(frames[^1].Symbol);
    }

    [Theory]
    [InlineData(DescriptorTable.KernelCodeSelector, 0u)]                                  // flags without their one
    [InlineData(DescriptorTable.KernelCodeSelector, Eflags.AlwaysOne | 1u << 15)]         // with a bit that is never set
    [InlineData(DescriptorTable.KernelDataSelector, Eflags.AlwaysOne)]                    // no code segment
    [InlineData(0x10061u, Eflags.AlwaysOne)]
    public void Words_that_no_trap_pushes_are_no_trap_frame(uint cs, uint flags)
    {
        guest.Guest.Cpu.Registers.Ebp = 0;
        Words(Stack + 0x30, NoCallBefore, cs, flags);
        Assert.Single(Frames());
    }

    [Fact]
    public void A_chain_that_turns_back_or_never_ends_ends()
    {
        Words(Stack + 8, Stack + 8, AfterCall);                 // leads to itself
        Assert.DoesNotContain(Frames().Skip(2), frame => frame.Origin == FrameOrigin.FramePointer);
        for (uint at = Stack; at < Stack + 0xF00; at += 8) Words(at, at + 8, AfterCall);
        Assert.Equal(64, Frames().Count);
        Assert.Equal(3, guest.Inspector.CallStack(3).Count);
    }

    [Theory]
    [InlineData(0xFFFFFFFCu)]
    [InlineData(0u)]
    [InlineData(0xC0000001u)]
    public void A_stack_that_is_nowhere_gives_where_the_guest_stands(uint stack)
    {
        guest.Guest.Cpu.Registers.Esp = guest.Guest.Cpu.Registers.Ebp = stack;
        guest.Guest.Cpu.Registers.Eip = stack;
        Assert.Equal(stack, Assert.Single(Frames()).Eip);
    }

    private IReadOnlyList<(uint Eip, FrameOrigin Origin, string? Symbol)> Frames() =>
        [.. guest.Inspector.CallStack().Select(frame => (frame.Eip, frame.Origin, frame.Symbol))];

    private void Words(uint linear, params uint[] words)
    {
        foreach (uint word in words)
        {
            guest.Memory.Write32(linear - InspectedGuest.PageOffset, word);
            linear += 4;
        }
    }

    private void Code(uint linear, params byte[] bytes) => guest.Memory.Write(linear - InspectedGuest.PageOffset, bytes);

    /// <summary>The kernel's mapping stays; the test's page and the one two after it become a program's code and stack.</summary>
    private void UseUserPages()
    {
        guest.Memory.Write(InspectedGuest.Table, 4096).Clear();
        guest.Entry(InspectedGuest.Table, 0x48, InspectedGuest.Page | P | U);
        guest.Entry(InspectedGuest.Table, 0x4A, InspectedGuest.Page + 0x2000 | P | W | U);
        guest.Memory.Write32(guest.Guest.Machine.PageDirectory + (UserCode >> 22) * 4, InspectedGuest.Table | P | W | U);
        guest.Guest.Machine.Descriptors.Load(14, BitConverter.GetBytes(0x00CFFA000000FFFFul));
    }
}
