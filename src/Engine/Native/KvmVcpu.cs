using System.Runtime.InteropServices;
using static LguestPS.Native.KvmNumbers;

namespace LguestPS.Native;

/// <summary>Why KVM_RUN came back: the whole set.</summary>
internal enum KvmExit
{
    /// <summary>The guest executed <c>hlt</c>, and stands after it.</summary>
    Halted,

    /// <summary>A signal waits for this thread.</summary>
    Interrupted,

    /// <summary>KVM does not know the instruction the guest stands at.</summary>
    EmulationFailed,

    /// <summary>A debug register stopped the guest, or its trace flag did.</summary>
    Debugged,

    /// <summary>A triple fault.</summary>
    Shutdown,

    /// <summary>Nothing that this engine can go on after; <see cref="KvmVcpu.Describe"/> has the details.</summary>
    Unexpected,
}

/// <summary>A virtual processor and the page it shares with us.</summary>
internal sealed unsafe class KvmVcpu(LibC libc, long number) : Descriptor(libc, number)
{
    private Mapping? shared;

    /// <summary>Registers and exit details; meaningful while the vCPU is not running.</summary>
    public kvm_run* State => (kvm_run*)shared!.Address;

    /// <summary>Enters the guest until KVM hands control back.</summary>
    /// <exception cref="ErrnoException">Any errno but EINTR, for example EFAULT for memory that the machine cannot give.</exception>
    public KvmExit Run()
    {
        long result = LibC.ioctl(this, KVM_RUN, 0);
        if (result == -Errno.EINTR) return KvmExit.Interrupted;
        ErrnoException.ThrowIfFailed(result, nameof(KVM_RUN));
        return State->exit_reason switch
        {
            KVM_EXIT_HLT => KvmExit.Halted,
            KVM_EXIT_INTERNAL_ERROR when State->suberror == KVM_INTERNAL_ERROR_EMULATION => KvmExit.EmulationFailed,
            KVM_EXIT_DEBUG => KvmExit.Debugged,
            KVM_EXIT_SHUTDOWN => KvmExit.Shutdown,
            _ => KvmExit.Unexpected,
        };
    }

    /// <summary>The last exit, for a message.</summary>
    public string Describe() => Description()();

    /// <summary>What makes it of the exit as it is now.</summary>
    public Func<string> Description()
    {
        (uint reason, uint suberror, ulong hardware) = (State->exit_reason, State->suberror, State->hardware_entry_failure_reason);
        return () => reason switch
        {
            KVM_EXIT_INTERNAL_ERROR => $"KVM_EXIT_INTERNAL_ERROR, suberror {suberror}",
            KVM_EXIT_FAIL_ENTRY => $"KVM_EXIT_FAIL_ENTRY, hardware reason 0x{hardware:x}",
            _ => $"exit {reason}",
        };
    }

    /// <summary>Whether KVM_RUN brings out special registers and pending events, too, which costs a little at each exit; else only the general registers.</summary>
    public bool BringsOutAll
    {
        get;
        set
        {
            field = value;
            State->kvm_valid_regs = KVM_SYNC_X86_REGS | (value ? KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS : 0);
        }
    }

    /// <summary>Has special registers and pending events in <see cref="State"/>, too.</summary>
    public void BringOutRest()
    {
        if (BringsOutAll) return;
        Control(KVM_GET_SREGS, (nint)(&State->sregs), nameof(KVM_GET_SREGS));
        Control(KVM_GET_VCPU_EVENTS, (nint)(&State->events), nameof(KVM_GET_VCPU_EVENTS));
    }

    /// <summary>Makes the special registers those of <see cref="State"/>.</summary>
    public void SetSpecialRegisters() => Control(KVM_SET_SREGS, (nint)(&State->sregs), nameof(KVM_SET_SREGS));

    public void GetFloatingPoint(out kvm_xsave state)
    {
        fixed (kvm_xsave* image = &state) Control(KVM_GET_XSAVE, (nint)image, nameof(KVM_GET_XSAVE));
    }

    public void SetFloatingPoint(in kvm_xsave state)
    {
        fixed (kvm_xsave* image = &state) Control(KVM_SET_XSAVE, (nint)image, nameof(KVM_SET_XSAVE));
    }

    /// <summary>What the guest's <c>cpuid</c> shows.</summary>
    public void SetCpuid(kvm_cpuid_entry2[] entries)
    {
        const int headerBytes = 8;
        byte* list = stackalloc byte[headerBytes + entries.Length * sizeof(kvm_cpuid_entry2)];
        *(ulong*)list = (uint)entries.Length;
        for (int i = 0; i < entries.Length; i++) ((kvm_cpuid_entry2*)(list + headerBytes))[i] = entries[i];
        Control(KVM_SET_CPUID2, (nint)list, nameof(KVM_SET_CPUID2));
    }

    /// <summary>Sets a model-specific register.</summary>
    /// <returns>False if KVM does not have it.</returns>
    public bool TrySetModelSpecific(uint index, ulong value)
    {
        ModelSpecific registers = new() { Count = 1, Index = index, Value = value };
        return Control(KVM_SET_MSRS, (nint)(&registers), nameof(KVM_SET_MSRS)) == 1;
    }

    /// <summary>Says what KVM is to stop the guest for; nothing, if its control is 0.</summary>
    /// <returns>False if KVM refuses.</returns>
    public bool TrySetGuestDebug(kvm_guest_debug debug) => LibC.ioctl(this, KVM_SET_GUEST_DEBUG, (nint)(&debug)) >= 0;

    /// <summary>The signals that are held back inside KVM_RUN, instead of the thread's own.</summary>
    public void SetSignalMask(ulong set)
    {
        SignalMask mask = new() { Length = sizeof(ulong), Set = set };
        Control(KVM_SET_SIGNAL_MASK, (nint)(&mask), nameof(KVM_SET_SIGNAL_MASK));
    }

    public void Share(nuint bytes) => shared = Mapping.Shared(LibC, this, bytes);

    protected override void Dispose(bool disposing)
    {
        if (disposing) shared?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>A kvm_msrs with one kvm_msr_entry.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ModelSpecific
    {
        public ulong Count;
        public ulong Index;
        public ulong Value;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct SignalMask
    {
        public uint Length;
        public ulong Set;
    }
}
