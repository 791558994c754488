using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Cpu.Kvm;

/// <summary>What an emulated CPU does for one of KVM.</summary>
internal enum Assistance
{
    /// <summary>Nothing: what KVM gives up on ends the guest.</summary>
    None,

    /// <summary>It runs single steps, and instructions that KVM gives up on.</summary>
    OnRequest,

    /// <summary>It also runs again what has faulted: this KVM faults where a processor would not.</summary>
    AtEveryFault,
}

/// <summary>Runs single instructions for a KVM guest on an emulated CPU: those that KVM gives up on, and single steps.</summary>
/// <remarks>The two share the guest's memory; registers, descriptors and the x87 go over and back each time.</remarks>
internal sealed class InstructionCompleter : IDisposable
{
    private readonly EmulatedCpu cpu;
    private readonly KvmFpu fpu;

    public InstructionCompleter(GuestMemory memory, KvmFpu fpu, Func<ulong> timeStamp)
    {
        this.fpu = fpu;
        cpu = new EmulatedCpu(memory, timeStamp);
    }

    /// <summary>What runs them.</summary>
    public EmulatedCpu Cpu => cpu;

    public void SetAddressSpace(uint pageDirectory) => cpu.SetAddressSpace(pageDirectory);

    public void SetPageTableFormat(PageTableFormat format) => cpu.SetPageTableFormat(format);

    public void LoadDescriptors(ReadOnlySpan<ulong> descriptors) => cpu.LoadDescriptors(descriptors);

    public void SetGatePrivilege(byte vector, int level) => cpu.SetGatePrivilege(vector, level);

    /// <summary>Runs the instruction at eip.</summary>
    /// <param name="registers">The guest's, before and after.</param>
    /// <param name="code">The instruction there.</param>
    /// <param name="taskSwitched">CR0.TS.</param>
    /// <returns><see cref="CpuExitKind.Budget"/> if it is done, else what it led to.</returns>
    public CpuExit Run(ref GuestRegisters registers, in GuestCode code, bool taskSwitched)
    {
        if (code.FirstFrame is { } first) cpu.ForgetCode(first);
        if (code.LastFrame is { } last && last != code.FirstFrame) cpu.ForgetCode(last);
        bool usesFpu = code.IsFloatingPoint;
        if (usesFpu) cpu.LoadFpu(fpu.Load());
        cpu.TaskSwitched = taskSwitched;
        cpu.Registers = registers;
        CpuExit exit = cpu.Run(new CpuBudget(1));
        registers = cpu.Registers;
        if (usesFpu) fpu.Store(cpu);
        return exit;
    }

    public void Dispose() => cpu.Dispose();
}
