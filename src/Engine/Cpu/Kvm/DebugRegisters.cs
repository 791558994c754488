using LguestPS.Native;

namespace LguestPS.Cpu.Kvm;

/// <summary>The processor's debug registers: KVM_RUN comes back before up to four instructions, at no cost to any other.</summary>
internal sealed unsafe class DebugRegisters(KvmVcpu vcpu)
{
    private const int Count = 4;
    private const int Control = 7;
    private const ulong AlwaysOne = 0x400;
    private const ulong Enabled = 2;
    private const ulong Found = 0xF;
    private const ulong Traced = 1 << 14;

    private bool inUse;

    /// <summary>Watches these instructions and no others.</summary>
    /// <param name="instructions">Linear addresses.</param>
    /// <returns>False if they are too many, or KVM cannot; then none is watched.</returns>
    public bool TryWatch(IReadOnlyCollection<uint> instructions)
    {
        kvm_guest_debug debug = default;
        bool fits = instructions.Count <= Count;
        if (fits && instructions.Count > 0)
        {
            debug.control = KvmNumbers.KVM_GUESTDBG_ENABLE | KvmNumbers.KVM_GUESTDBG_USE_HW_BP;
            ulong control = AlwaysOne;
            int number = 0;
            foreach (uint linear in instructions)
            {
                debug.debugreg[number] = linear;
                control |= Enabled << 2 * number++;     // of one byte, when executed: all zeros
            }
            debug.debugreg[Control] = control;
        }
        else if (!inUse)
        {
            return fits;
        }

        inUse = vcpu.TrySetGuestDebug(debug) && debug.control != 0;
        return fits && (inUse || instructions.Count == 0);
    }

    /// <summary>Whether the last exit stands before one of them, and is not after an instruction that the guest traces: then it would be met again.</summary>
    public bool HasFound => (vcpu.State->dr6 & Found) != 0 && (vcpu.State->dr6 & Traced) == 0;
}
