using LguestPS.Cpu;
using LguestPS.Errors;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.Segments;
using Xunit;

namespace LguestPS.Tests.Cpu.PageAccesses;

/// <summary>The accesses of a supervisor that a program causes: the frame of its trap, on its kernel's stack, whatever stands in the entries for that.</summary>
/// <remarks>There are no others: descriptors are the host's, in none of the guest's pages.</remarks>
public class TrapFrameMatrixTests
{
    private const uint Stack = 0xD0000000, Table = ScriptedGuest.FreePages, Page = Table + GuestMemory.PageSize, Handler = 0xC0003000;
    private const int Words = 6;

    [Fact]
    public void A_trap_from_ring_3_writes_its_frame_as_ring_1_would()
    {
        EntrySpace space = new(TableKind.TwoLevel);
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Machine machine = guest.Guest.Machine;
        machine.Gates.Load(Vector.PageFault, CpuMachine.KernelCode << 16 | Handler & 0xFFFF, Handler & 0xFFFF0000 | 0x8E00);
        machine.Stack = KernelStack.Create(CpuMachine.KernelData, Stack + 0x800, 1);
        uint upperAt = machine.PageDirectory + (Stack >> 22) * 4;
        GuestRegisters program = new() { Cs = CpuMachine.UserCode, Ss = CpuMachine.UserData, Ds = CpuMachine.UserData, Es = CpuMachine.UserData, Esp = 0xBFFFF000, Eip = 0x08048000, Eflags = 0x202 };
        int delivered = 0;
        for (int i = 0; i < space.Count; i++)
        {
            // Frames elsewhere are another test's: this guest has more memory.
            if (space[i][0] >> 12 != EntrySpace.Table >> 12 || space[i][1] >> 12 != EntrySpace.Page >> 12) continue;
            AccessTruth truth = AccessTruth.Of(TableKind.TwoLevel, space[i], write: true, user: false);
            uint[] expected = [(uint)truth.Entries[0] & 0xFFF | Table, (uint)truth.Entries[1] & 0xFFF | Page];
            guest.Memory.Write32(upperAt, (uint)space[i][0] & 0xFFF | Table);
            guest.Memory.Write32(Table, (uint)space[i][1] & 0xFFF | Page);
            guest.Cpu.Registers = program;

            AccessEnd end = AccessEnd.Done;
            try
            {
                Assert.True(machine.Gates.TryReflect(machine, Vector.PageFault, errorCode: 7));
            }
            catch (GuestKilledException killed)
            {
                end = killed.Message.StartsWith("bad stack page", StringComparison.Ordinal) ? AccessEnd.Fault : AccessEnd.GuestEnds;
            }

            Assert.Equal((i, truth.End), (i, end));
            Assert.Equal(expected, (uint[])[guest.Memory.Read32(upperAt), guest.Memory.Read32(Table)]);
            uint top = Page + 0x800 - Words * 4;
            uint[] frame = [.. Enumerable.Range(0, Words).Select(word => guest.Memory.Read32(top + (uint)word * 4))];
            if (end == AccessEnd.Done)
            {
                delivered++;
                Assert.Equal((uint[])[7, program.Eip, program.Cs, program.Eflags & ~Eflags.Interrupt, program.Esp, program.Ss], frame);
                Assert.Equal((Handler, Stack + 0x800 - Words * 4), (guest.Cpu.Registers.Eip, guest.Cpu.Registers.Esp));
                guest.Memory.Write(top, new byte[Words * 4]);
            }
            else
            {
                Assert.All(frame, word => Assert.Equal(0u, word));
                Assert.Equal(program, guest.Cpu.Registers);
            }
        }
        Assert.InRange(delivered, 100, space.Count);
    }
}
