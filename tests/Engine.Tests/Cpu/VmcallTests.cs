using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>vmcall (0f 01 c1) and vmmcall (0f 01 d9): the kernel's hypercall in the eras that have it, and no instruction otherwise.</summary>
public class VmcallTests
{
    private static readonly CpuExit Hypercall = CpuExit.Trap(Vector.Hypercall), Undefined = CpuExit.Trap(Vector.InvalidOpcode);

    [Theory]
    [InlineData("0F01C1", null)]
    [InlineData("0F01D9", null)]
    [InlineData("0F01C1", 0)]
    [InlineData("0F01D9", 0)]
    public void It_leaves_the_guest_as_int_0x1f_does(string code, int? heat)
    {
        using CpuMachine machine = Machine(ring: 1, heat), other = Machine(ring: 1, heat);
        machine.Registers.Eax = other.Registers.Eax = 10;
        other.Cpu.SetGatePrivilege(Vector.Hypercall, 1);
        machine.Bytes(CpuMachine.Code, [0x40, .. Convert.FromHexString(code), 0x40, 0xEB, 0xF9]);      // inc eax; the call; inc eax; once more
        other.Bytes(CpuMachine.Code, 0x40, 0xCD, 0x1F, 0x90, 0x40, 0xEB, 0xF9);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal((Hypercall, Hypercall), (machine.Run(), other.Run()));
            Assert.Equal(CpuMachine.Code + 4, machine.Registers.Eip);
            Assert.Equal(CpuMachine.Code + 3, other.Registers.Eip);         // its nop comes next
            other.Registers.Eip++;
            Assert.Equal((machine.Registers, machine.Cpu.InstructionCount), (other.Registers, other.Cpu.InstructionCount));
        }
    }

    [Theory]
    [InlineData(1, false, "0F01C1")]       // of an era that has it not
    [InlineData(1, false, "0F01D9")]
    [InlineData(3, true, "0F01C1")]        // of a program
    [InlineData(3, true, "0F01D9")]
    [InlineData(1, true, "660F01C1")]      // the bytes are others
    [InlineData(1, true, "F30F01C1")]
    [InlineData(1, true, "F00F01C1")]
    [InlineData(1, true, "2E0F01D9")]
    [InlineData(1, true, "0F01C2")]
    public void Elsewhere_it_is_an_invalid_opcode(int ring, bool accepted, string code)
    {
        using CpuMachine machine = Machine(ring);
        machine.Cpu.AcceptsVmcall = accepted;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal((Undefined, CpuMachine.Code), (machine.Run(), machine.Registers.Eip));
    }

    [Fact]
    public void What_was_translated_before_it_was_accepted_is_a_hypercall_afterwards()
    {
        using CpuMachine machine = Machine(ring: 1);
        machine.Cpu.AcceptsVmcall = false;
        machine.Bytes(CpuMachine.Code, 0x0F, 0x01, 0xC1);
        Assert.Equal(Undefined, machine.Run());
        machine.Cpu.AcceptsVmcall = true;
        Assert.Equal(Hypercall, machine.Run());
    }

    [Fact]
    public void All_flags_are_the_guests_own_behind_it()
    {
        using CpuMachine machine = Machine(ring: 1);
        machine.Bytes(CpuMachine.Code, 0x31, 0xC0, 0xF9, 0x0F, 0x01, 0xC1);       // xor eax, eax; stc; vmcall
        machine.Run();
        Assert.Equal(Eflags.Carry | Eflags.Zero | Eflags.Parity, machine.Registers.Eflags & (Eflags.Carry | Eflags.Zero | Eflags.Parity | Eflags.Sign | Eflags.Overflow));
    }

    [Theory]
    [InlineData("virtio-2.6.25", false)]
    [InlineData("virtio-2.6.30", true)]
    [InlineData("virtio-2.6.31", true)]
    [InlineData("virtio-2.6.34", true)]
    [InlineData("pci-4.0", true)]
    public void Every_era_from_2_6_30_on_accepts_it(string profile, bool accepted) => Assert.Equal(accepted, AbiProfile.Find(profile)!.AcceptsVmcall);

    private static CpuMachine Machine(int ring, int? heat = null)
    {
        CpuMachine machine = new(ring, make: (memory, timeStamp) => new EmulatedCpu(memory, timeStamp, heat));
        machine.Cpu.AcceptsVmcall = true;
        return machine;
    }
}
