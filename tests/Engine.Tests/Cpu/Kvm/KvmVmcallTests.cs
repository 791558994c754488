using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>vmcall and vmmcall under KVM, which has a use of its own for one of them: what they do is what they do on the emulated CPU.</summary>
[Trait("Cpu", "kvm")]
public class KvmVmcallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [SkippableTheory]
    [InlineData("0F01C1")]
    [InlineData("0F01D9")]
    public void In_the_kernel_it_is_the_hypercall_and_changes_nothing(string code)
    {
        using CpuMachine machine = Machine(ring: 1, accepted: true);
        machine.Registers.Eax = 19;
        machine.Registers.Ebx = 0x12345678;
        byte[] bytes = [.. Convert.FromHexString(code), 0xEB, 0xFB];     // and once more
        machine.Bytes(CpuMachine.Code, bytes);
        GuestRegisters before = machine.Registers;
        for (int i = 0; i < 20; i++)
        {
            machine.Registers = before;
            Assert.Equal(CpuExit.Trap(Vector.Hypercall), machine.Run(Patience));
            Assert.Equal(before with { Eip = CpuMachine.Code + 3 }, machine.Registers);
        }
        Assert.Equal(bytes, machine.Memory.Read(machine.Physical(CpuMachine.Code), (uint)bytes.Length).ToArray());
    }

    [SkippableTheory]
    [InlineData(1, false, "0F01C1")]
    [InlineData(1, false, "0F01D9")]
    [InlineData(3, true, "0F01C1")]
    [InlineData(3, true, "0F01D9")]
    public void Elsewhere_it_is_an_invalid_opcode(int ring, bool accepted, string code)
    {
        using CpuMachine machine = Machine(ring, accepted);
        machine.Registers.Eax = 19;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        GuestRegisters before = machine.Registers;
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run(Patience));
        Assert.Equal(before, machine.Registers);
    }

    private static CpuMachine Machine(int ring, bool accepted)
    {
        KvmHost.Require();
        CpuMachine machine = new(ring, make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp));
        machine.Cpu.AcceptsVmcall = accepted;
        return machine;
    }
}
