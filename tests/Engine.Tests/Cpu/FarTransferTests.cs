using LguestPS.Cpu;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>Far calls, jumps and returns, and the way from ring 1 down to ring 3 (Intel SDM volume 3, 5.8; IRET and RET in volume 2).</summary>
public class FarTransferTests
{
    private const ushort ReadOnlyData = 7 << 3 | 3, AbsentCode = 8 << 3 | 3, AbsentData = 9 << 3 | 3, ShortCode = 10 << 3 | 3, CallGate = 11 << 3 | 3, SmallStack = 16 << 3 | 3;
    private const uint Target = CpuMachine.Code + 0x400, UserStack = CpuMachine.Data + 0x800;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_far_call_pushes_cs_and_eip_and_a_far_return_pops_them(int ring)
    {
        using CpuMachine machine = New(ring);
        ushort cs = machine.Registers.Cs;
        machine.Assemble(a => { a.call(cs, Target); a.hlt(); });
        machine.Memory.Write(machine.Physical(Target), CpuMachine.Encode(Target, a => { a.mov(eax, __[esp]); a.mov(ebx, __[esp + 4]); a.retf(); }));

        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(CpuMachine.Code + 7, machine.Registers.Eip);
        Assert.Equal((CpuMachine.Code + 7, (uint)cs), (machine.Registers.Eax, machine.Registers.Ebx & 0xFFFF));
        Assert.Equal(CpuMachine.StackTop, machine.Registers.Esp);
    }

    [Fact]
    public void A_far_jump_takes_the_privilege_of_where_it_comes_from()
    {
        using CpuMachine machine = New(1);
        machine.Assemble(a => a.jmp(0x60, Target));
        machine.Run(1);
        Assert.Equal((CpuMachine.KernelCode, Target), (machine.Registers.Cs, machine.Registers.Eip));
    }

    [Theory]
    [InlineData(3, 0, Vector.GeneralProtection, 0u)]
    [InlineData(3, 3, Vector.GeneralProtection, 0u)]
    [InlineData(3, CpuMachine.UserData, Vector.GeneralProtection, 0x78u)]
    [InlineData(3, CpuMachine.KernelCode, Vector.GeneralProtection, 0x60u)]
    [InlineData(3, AbsentCode, Vector.SegmentNotPresent, AbsentCode & ~3u)]
    [InlineData(3, 0x103, Vector.GeneralProtection, 0x100u)]
    [InlineData(3, 0x77, Vector.GeneralProtection, 0x74u)]
    [InlineData(3, CallGate, Vector.GeneralProtection, CallGate & ~3u)]
    [InlineData(3, ShortCode, Vector.GeneralProtection, 0u)]
    [InlineData(1, CpuMachine.UserCode, Vector.GeneralProtection, 0x70u)]
    [InlineData(1, CpuMachine.KernelCode | 3, Vector.GeneralProtection, 0x60u)]
    public void A_far_call_or_jump_elsewhere_is_refused(int ring, int selector, byte trap, uint error)
    {
        foreach (bool call in new[] { false, true })
        {
            using CpuMachine machine = New(ring);
            machine.Assemble(a => { if (call) a.call((ushort)selector, Target); else a.jmp((ushort)selector, Target); });
            GuestRegisters before = machine.Registers;
            Assert.Equal(CpuExit.Trap(trap, error), machine.Run(1));
            Assert.Equal(before, machine.Registers);
        }
    }

    [Fact]
    public void Iret_within_a_ring_leaves_the_stack_segment()
    {
        using CpuMachine machine = New(3);
        machine.Assemble(a => a.iretd());
        Push(machine, Target, CpuMachine.UserCode, 0xAD7);
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal((Target, CpuMachine.StackTop), (machine.Registers.Eip, machine.Registers.Esp));
        Assert.Equal(0xAD7u, machine.Registers.Eflags);
    }

    [Fact]
    public void Iret_to_ring_3_takes_the_stack_along_and_drops_segments_of_ring_1()
    {
        using CpuMachine machine = New(1);
        machine.Assemble(a => a.iretd());
        Push(machine, Target, CpuMachine.UserCode, 0x246, UserStack, CpuMachine.UserData);
        (machine.Registers.Ds, machine.Registers.Es) = (CpuMachine.UserData, CpuMachine.KernelData);
        (machine.Registers.Fs, machine.Registers.Gs) = (CpuMachine.KernelData, ReadOnlyData);

        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);

        GuestRegisters r = machine.Registers;
        Assert.Equal((Target, UserStack, 0x246u), (r.Eip, r.Esp, r.Eflags));
        Assert.Equal((CpuMachine.UserCode, CpuMachine.UserData), (r.Cs, r.Ss));
        Assert.Equal((CpuMachine.UserData, (ushort)0, (ushort)0, ReadOnlyData), (r.Ds, r.Es, r.Fs, r.Gs));
    }

    [Fact]
    public void After_iret_to_ring_3_paging_and_gates_are_ring_3s()
    {
        using CpuMachine machine = New(1);
        machine.Page(0x20000000, PageFlags.Present | PageFlags.Writable);
        machine.Assemble(a => { a.mov(eax, __[ecx]); a.iretd(); });
        machine.Memory.Write(machine.Physical(Target), CpuMachine.Encode(Target, a => a.mov(eax, __[ecx])));
        machine.Registers.Ecx = 0x20000000;
        machine.Registers.Ds = CpuMachine.UserData;
        Push(machine, Target, CpuMachine.UserCode, 0x202, UserStack, CpuMachine.UserData);
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 5, 0x20000000), machine.Run());
        Assert.Equal(Target, machine.Registers.Eip);
    }

    [Theory]
    [InlineData(1, 0x3000u)]
    [InlineData(3, 0x3000u)]
    [InlineData(1, 0x20000u)]
    public void Iret_and_popf_cannot_change_the_interrupt_flag_the_io_privilege_or_v86(int ring, uint extra)
    {
        foreach (bool iret in new[] { false, true })
        {
            using CpuMachine machine = New(ring);
            machine.Assemble(a => { if (iret) a.iretd(); else a.popfd(); });
            if (iret) Push(machine, Target, machine.Registers.Cs, 0x002 | extra);
            else Push(machine, 0x002 | extra);
            Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
            Assert.Equal(0x202u, machine.Registers.Eflags);
        }
    }

    [Theory]
    [InlineData(0, CpuMachine.UserData, Vector.GeneralProtection, 0u)]
    [InlineData(CpuMachine.UserData, CpuMachine.UserData, Vector.GeneralProtection, 0x78u)]
    [InlineData(0x70, CpuMachine.UserData, Vector.GeneralProtection, 0x70u)]                // RPL 0: upwards
    [InlineData(CpuMachine.KernelCode | 3, CpuMachine.UserData, Vector.GeneralProtection, 0x60u)]
    [InlineData(0x103, CpuMachine.UserData, Vector.GeneralProtection, 0x100u)]
    [InlineData(AbsentCode, CpuMachine.UserData, Vector.SegmentNotPresent, AbsentCode & ~3u)]
    [InlineData(CpuMachine.UserCode, 0, Vector.GeneralProtection, 0u)]
    [InlineData(CpuMachine.UserCode, 3, Vector.GeneralProtection, 0u)]
    [InlineData(CpuMachine.UserCode, 0x78, Vector.GeneralProtection, 0x78u)]
    [InlineData(CpuMachine.UserCode, CpuMachine.KernelData, Vector.GeneralProtection, 0x68u)]
    [InlineData(CpuMachine.UserCode, CpuMachine.KernelData | 3, Vector.GeneralProtection, 0x68u)]
    [InlineData(CpuMachine.UserCode, ReadOnlyData, Vector.GeneralProtection, ReadOnlyData & ~3u)]
    [InlineData(CpuMachine.UserCode, CpuMachine.UserCode, Vector.GeneralProtection, 0x70u)]
    [InlineData(CpuMachine.UserCode, AbsentData, Vector.StackFault, AbsentData & ~3u)]
    [InlineData(CpuMachine.UserCode, 0x103, Vector.GeneralProtection, 0x100u)]
    [InlineData(ShortCode, CpuMachine.UserData, Vector.GeneralProtection, 0u)]
    public void A_return_to_ring_3_with_a_bad_selector_faults_in_ring_1_and_changes_nothing(int code, int stack, byte trap, uint error)
    {
        foreach (bool iret in new[] { false, true })
        {
            using CpuMachine machine = New(1);
            machine.Assemble(a => { if (iret) a.iretd(); else a.retf(); });
            if (iret) Push(machine, Target, (uint)code, 0xAD7, UserStack, (uint)stack);
            else Push(machine, Target, (uint)code, UserStack, (uint)stack);
            GuestRegisters before = machine.Registers;
            Assert.Equal(CpuExit.Trap(trap, error), machine.Run(1));
            Assert.Equal(before, machine.Registers);
        }
    }

    [Fact]
    public void A_return_to_ring_3_whose_stack_frame_ends_too_early_is_a_page_fault()
    {
        using CpuMachine machine = New(1);
        machine.Assemble(a => a.iretd());
        Push(machine, Target, CpuMachine.UserCode, 0x202);
        GuestRegisters before = machine.Registers;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 0, CpuMachine.StackTop), machine.Run(1));
        Assert.Equal(before, machine.Registers);
    }

    [Fact]
    public void Ring_3_cannot_return_to_ring_1()
    {
        foreach (bool iret in new[] { false, true })
        {
            using CpuMachine machine = New(3);
            machine.Assemble(a => { if (iret) a.iretd(); else a.retf(); });
            Push(machine, Target, CpuMachine.KernelCode, 0x202, UserStack, CpuMachine.KernelData);
            Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, 0x60), machine.Run(1));
        }
    }

    [Fact]
    public void A_far_return_to_ring_3_releases_arguments_on_both_stacks()
    {
        using CpuMachine machine = New(1);
        machine.Assemble(a => a.retf(8));
        Push(machine, Target, CpuMachine.UserCode, 0x11, 0x22, UserStack, CpuMachine.UserData);
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal((Target, UserStack + 8), (machine.Registers.Eip, machine.Registers.Esp));
        Assert.Equal((CpuMachine.UserCode, CpuMachine.UserData), (machine.Registers.Cs, machine.Registers.Ss));
    }

    [Theory]
    [InlineData(true, CpuMachine.UserData, 0xF800u)]
    [InlineData(false, CpuMachine.UserData, 0xF800u)]
    [InlineData(true, SmallStack, (CpuMachine.Stack & 0xFFFF0000) | 0xF800u)]
    [InlineData(false, SmallStack, (CpuMachine.Stack & 0xFFFF0000) | 0xF800u)]
    public void A_return_of_words_to_ring_3_takes_sp_and_leaves_the_upper_half_on_a_small_stack_alone(bool iret, ushort stack, uint esp)
    {
        using CpuMachine machine = New(1);
        machine.Page(0x4000);
        machine.Bytes(CpuMachine.Code, 0x66, iret ? (byte)0xCF : (byte)0xCB);
        ushort[] frame = iret ? [0x4000, CpuMachine.UserCode, 0x202, 0xF800, stack] : [0x4000, CpuMachine.UserCode, 0xF800, stack];
        machine.Registers.Esp -= 16;
        for (uint i = 0; i < frame.Length; i++) machine.Memory.Write(machine.Physical(machine.Registers.Esp + i * 2), BitConverter.GetBytes(frame[i]));

        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);

        GuestRegisters r = machine.Registers;
        Assert.Equal((0x4000u, esp, CpuMachine.UserCode, stack), (r.Eip, r.Esp, r.Cs, r.Ss));
    }

    [Fact]
    public void The_nested_task_flag_makes_iret_a_task_switch_and_there_are_no_tasks()
    {
        using CpuMachine machine = New(3);
        machine.Assemble(a => a.iretd());
        Push(machine, Target, CpuMachine.UserCode, 0x202);
        machine.Registers.Eflags |= 0x4000;
        CpuExit exit = machine.Run(1);
        Assert.Equal(CpuExitKind.Trap, exit.Kind);
        Assert.Contains(exit.Vector, new[] { Vector.InvalidTss, Vector.GeneralProtection });
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
    }

    private static CpuMachine New(int ring)
    {
        var machine = new CpuMachine(ring);
        machine.Descriptors[ReadOnlyData >> 3] = CpuMachine.Segment(0, 0xFFFFF, 0xF1, 0xC);
        machine.Descriptors[AbsentCode >> 3] = CpuMachine.Segment(0, 0xFFFFF, 0x7B, 0xC);
        machine.Descriptors[AbsentData >> 3] = CpuMachine.Segment(0, 0xFFFFF, 0x73, 0xC);
        machine.Descriptors[ShortCode >> 3] = CpuMachine.Segment(0, 0xFFF, 0xFB, 0x4);
        machine.Descriptors[SmallStack >> 3] = CpuMachine.Segment(0, 0xFFFF, 0xF3, 0x0);
        machine.Descriptors[CallGate >> 3] = 0x0000EC0000000000 | (Target & 0xFFFF) | CpuMachine.UserCode << 16 | ((ulong)(Target >> 16) << 48);
        machine.LoadDescriptors();
        return machine;
    }

    /// <summary>Pushes the words so that the first one is on top.</summary>
    private static void Push(CpuMachine machine, params ReadOnlySpan<uint> words)
    {
        machine.Registers.Esp -= (uint)words.Length * 4;
        for (int i = 0; i < words.Length; i++) machine.Write32(machine.Registers.Esp + (uint)i * 4, words[i]);
    }
}
