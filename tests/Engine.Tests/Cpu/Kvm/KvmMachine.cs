using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Native;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Machines for tests whose vCPU is on the machine's KVM.</summary>
internal static class KvmMachine
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static CpuMachine Make(int ring = 3, LibC? libc = null)
    {
        KvmHost.Require();
        return new CpuMachine(ring, make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp, libc));
    }

    public static CpuMachine Endless(LibC? libc = null)
    {
        CpuMachine machine = Make(libc: libc);
        machine.Assemble(a => { Label again = a.CreateLabel(); a.Label(ref again); a.inc(eax); a.jmp(again); });
        return machine;
    }

    public static CpuExit Run(CpuMachine machine) => machine.Run(Patience);
}
