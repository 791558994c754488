using LguestPS.Native;
using LguestPS.Segments;

namespace LguestPS.Cpu.Kvm;

/// <summary>The guest's registers, and their way into KVM's vCPU and out of it again.</summary>
/// <remarks>Into it they go through a resumption, the <c>iretq</c> of <see cref="HostPages"/>; out of it through a stub, or as KVM shows them.</remarks>
internal sealed unsafe class VcpuState(KvmVcpu vcpu, HostPages pages, ShadowTables tables)
{
    private const ulong Cr0 = 0x80010033;           // PG, WP, NE, ET, MP, PE
    private const ulong Cr0TaskSwitched = 1 << 3;
    private const ulong Cr4 = 0x624;                // PAE; TSD: rdtsc faults, and the guest's clock answers; OSFXSR, OSXMMEXCPT
    private const ulong Efer = 0x500;               // LMA, LME
    private const ulong ApicEnabled = 1 << 11;

    private const uint PlatformInfo = 0xCE;
    private const ulong CpuidFaultingExists = 1UL << 31;
    private const uint MiscFeaturesEnables = 0x140;
    private const ulong CpuidFaults = 1;
    private const uint HyperVGuestSystem = 0x40000000;
    private const ulong AnyGuestSystem = 1;

    private bool descriptorsChanged = true;
    private bool segmentsChanged;
    private ushort knownCs, knownSs;
    private DataSelectors knownData;

    /// <summary>The guest's registers.</summary>
    public GuestRegisters Registers;

    /// <summary>CR0.TS.</summary>
    public bool TaskSwitched { get; set; }

    /// <summary>Whether the guest has run since this was set to false.</summary>
    public bool RanSomething { get; set; }

    /// <summary>Whether the vCPU stands in the engine's own code.</summary>
    public bool IsInRing0 => (vcpu.State->sregs.cs.selector & 3) == 0;

    /// <summary>
    /// False if a signal came between an event's two halves: while an exception is on its way, or a stub has not halted yet.
    /// Entered again as it is, the vCPU comes out at once with the trap.
    /// </summary>
    public bool MayBeTouched
    {
        get
        {
            ref kvm_vcpu_events events = ref vcpu.State->events;
            return (events.exception_injected | events.exception_pending | events.interrupt_injected) == 0 && !(IsInRing0 && HostPages.IsStub(vcpu.State->regs.rip));
        }
    }

    /// <summary>Sets a new vCPU up: 64-bit, in ring 0, with the engine's own tables.</summary>
    public void Start()
    {
        vcpu.SetCpuid(KvmIdentity.Entries);
        // Outside ring 0 cpuid faults, so that the engine answers: not every KVM keeps to what it was told to show.
        if (vcpu.TrySetModelSpecific(PlatformInfo, CpuidFaultingExists)) vcpu.TrySetModelSpecific(MiscFeaturesEnables, CpuidFaults);
        // KVM would answer a hypercall of ring 1 itself. To a guest of Hyper-V, which this one seems to be, it gives #UD.
        vcpu.TrySetModelSpecific(HyperVGuestSystem, AnyGuestSystem);
        vcpu.SetSignalMask(KickSignal.MaskInGuest);
        vcpu.BringOutRest();
        ref kvm_sregs special = ref vcpu.State->sregs;
        special.cs = KvmSegments.HostCode;
        special.ss = KvmSegments.HostData;
        special.ds = special.es = special.fs = special.gs = KvmSegments.Null(0);
        special.ldt = KvmSegments.NoLocalTable;
        special.tr = KvmSegments.HostTask;
        special.gdt = new kvm_dtable { @base = HostPages.GdtLinear, limit = HostPages.GdtLimit };
        special.idt = new kvm_dtable { @base = HostPages.IdtLinear, limit = HostPages.IdtLimit };
        special.cr0 = Cr0;
        special.cr3 = tables.Root;
        special.cr4 = Cr4;
        special.efer = Efer;
        special.apic_base &= ~ApicEnabled;          // or cpuid would show an APIC
        vcpu.SetSpecialRegisters();
    }

    /// <summary>Makes the vCPU resume the guest with the registers as they are here.</summary>
    public void Prepare()
    {
        kvm_run* run = vcpu.State;
        ref kvm_regs general = ref run->regs;
        general.rax = Registers.Eax;
        general.rbx = Registers.Ebx;
        general.rcx = Registers.Ecx;
        general.rdx = Registers.Edx;
        general.rsi = Registers.Esi;
        general.rdi = Registers.Edi;
        general.rbp = Registers.Ebp;
        general.rip = tables.NeedsFlush ? HostPages.FlushAndResume : HostPages.Resume;
        general.rsp = HostPages.FrameLinear;
        general.rflags = Eflags.AlwaysOne;
        pages.WriteFrame(Registers);
        tables.NeedsFlush = false;
        run->kvm_dirty_regs = KvmNumbers.KVM_SYNC_X86_REGS;

        ref kvm_sregs special = ref run->sregs;
        ulong cr0 = TaskSwitched ? Cr0 | Cr0TaskSwitched : Cr0;
        if (!segmentsChanged && special.cs.selector == HostPages.CodeSelector && special.cr0 == cr0) return;
        special.cr0 = cr0;
        special.cs = KvmSegments.HostCode;
        special.ss = KvmSegments.HostData;
        special.ds = DataSegment(Registers.Ds);
        special.es = DataSegment(Registers.Es);
        special.fs = DataSegment(Registers.Fs);
        special.gs = DataSegment(Registers.Gs);
        segmentsChanged = false;
        run->kvm_dirty_regs |= KvmNumbers.KVM_SYNC_X86_SREGS;
    }

    /// <summary>Takes the guest's registers over after a trap.</summary>
    /// <param name="frame">What the trap has pushed.</param>
    /// <param name="data">Its data segment registers, as the stub has found them.</param>
    public void Read(in TrapFrame frame, in DataSelectors data)
    {
        ref kvm_regs general = ref vcpu.State->regs;
        Registers.Eax = (uint)general.rax;
        Registers.Ebx = (uint)general.rbx;
        Registers.Ecx = (uint)general.rcx;
        Registers.Edx = (uint)general.rdx;
        Registers.Esi = (uint)general.rsi;
        Registers.Edi = (uint)general.rdi;
        Registers.Ebp = (uint)general.rbp;
        Registers.Eip = (uint)frame.Rip;
        Registers.Cs = (ushort)frame.Cs;
        Registers.Eflags = (uint)frame.Rflags & ~Eflags.Resume;
        Registers.Esp = (uint)frame.Rsp;
        Registers.Ss = (ushort)frame.Ss;
        (Registers.Ds, Registers.Es, Registers.Fs, Registers.Gs) = (data.Ds, data.Es, data.Fs, data.Gs);
        (knownCs, knownSs, knownData) = (Registers.Cs, Registers.Ss, data);
        RanSomething = true;
    }

    /// <summary>The vCPU came out between two instructions: of the guest, or of a resumption that had not got to it yet.</summary>
    /// <param name="monitor">In whose code it may stand.</param>
    public void ReadInterrupted(TrapMonitor monitor)
    {
        ref kvm_regs general = ref vcpu.State->regs;
        ref kvm_sregs special = ref vcpu.State->sregs;
        if (!IsInRing0)
        {
            Read(new TrapFrame { Rip = general.rip, Cs = special.cs.selector, Rflags = general.rflags, Rsp = general.rsp, Ss = special.ss.selector }, DataSelectors.Of(special));
            return;
        }

        if (monitor.Recover(general.rip) is not { } trap)
        {
            tables.NeedsFlush = true;      // the resumption may not have got that far
            return;
        }

        Read(trap.Frame, DataSelectors.Of(special));
        // A fault comes again; the instruction int n, which is after the guest already, has to.
        if (!trap.IsDelivered && trap.Vector != Vector.PageFault) Registers.Eip -= GuestCode.InterruptLength;
    }

    /// <summary>The guest has another descriptor table.</summary>
    public void DescriptorsChanged() => descriptorsChanged = true;

    /// <summary>The emulated CPU has run the guest, and may have loaded segment registers.</summary>
    public void SegmentsChanged() => segmentsChanged = true;

    /// <summary>Loads the segment registers that the host has changed, or all after a change of the descriptor table.</summary>
    /// <returns>The trap that a selector leads to, or null.</returns>
    public CpuExit? TakeSegments()
    {
        bool all = descriptorsChanged;
        if (all || Registers.Cs != knownCs)
        {
            if (!pages.TryFind(Registers.Cs, out SegmentDescriptor code) || !SegmentRules.CanResume(code)) return Refused(Registers.Cs);
            knownCs = Registers.Cs;
        }

        if (all || Registers.Ss != knownSs)
        {
            if (!pages.TryFind(Registers.Ss, out SegmentDescriptor stack) || !SegmentRules.CanResumeWith(stack)) return Refused(Registers.Ss);
            knownSs = Registers.Ss;
        }

        if (all || DataSelectors.Of(Registers) != knownData)
        {
            Registers.Ds = DataSegment(Registers.Ds).selector;
            Registers.Es = DataSegment(Registers.Es).selector;
            Registers.Fs = DataSegment(Registers.Fs).selector;
            Registers.Gs = DataSegment(Registers.Gs).selector;
            knownData = DataSelectors.Of(Registers);
            segmentsChanged = true;
        }
        descriptorsChanged = false;
        return null;

        static CpuExit Refused(ushort selector) => CpuExit.Trap(Vector.GeneralProtection, selector & 0xFFFCu);
    }

    /// <summary>What a data segment register holds besides a selector; one that the guest may not have there is null.</summary>
    private kvm_segment DataSegment(ushort selector)
    {
        if (SegmentRules.IsNull(selector)) return KvmSegments.Null(selector);
        bool usable = pages.TryFind(selector, out SegmentDescriptor descriptor) && descriptor.IsPresent
            && SegmentRules.MayHoldData(descriptor, selector, Registers.PrivilegeLevel);
        return usable ? KvmSegments.From(selector, descriptor) : KvmSegments.Null(0);
    }
}
