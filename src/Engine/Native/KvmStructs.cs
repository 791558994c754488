using System.Runtime.InteropServices;

namespace LguestPS.Native;

// From linux/kvm.h, field for field; KvmLayoutTests has the C compiler check sizes, places and numbers.

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_userspace_memory_region
{
    public uint slot;
    public uint flags;
    public ulong guest_phys_addr;
    public ulong memory_size;
    public ulong userspace_addr;
}

/// <summary>The first fields of a struct of 104 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 104)]
internal unsafe struct kvm_enable_cap
{
    public uint cap;
    private readonly uint flags;
    public fixed ulong args[4];
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_regs
{
    public ulong rax, rbx, rcx, rdx;
    public ulong rsi, rdi, rsp, rbp;
    public ulong r8, r9, r10, r11;
    public ulong r12, r13, r14, r15;
    public ulong rip, rflags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_segment
{
    public ulong @base;
    public uint limit;
    public ushort selector;
    public byte type;
    public byte present, dpl, db, s, l, g, avl;
    public byte unusable;
    private readonly byte padding;
}

[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct kvm_dtable
{
    public ulong @base;
    public ushort limit;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_sregs
{
    public kvm_segment cs, ds, es, fs, gs, ss;
    public kvm_segment tr, ldt;
    public kvm_dtable gdt, idt;
    public ulong cr0, cr2, cr3, cr4, cr8;
    public ulong efer;
    public ulong apic_base;
    private unsafe fixed ulong interrupt_bitmap[4];
}

/// <summary>The first fields of a struct of 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct kvm_vcpu_events
{
    public byte exception_injected;
    public byte exception_nr;
    public byte exception_has_error_code;
    public byte exception_pending;
    private readonly uint exception_error_code;
    public byte interrupt_injected;
}

/// <summary>The first fields of a struct of 4 KiB: an image as fxsave makes it, and which parts of the state are not in their first state.</summary>
[StructLayout(LayoutKind.Sequential, Size = 4096)]
internal unsafe struct kvm_xsave
{
    public const ulong FloatingPoint = 1;
    public const ulong Vectors = 2;

    public fixed byte fxsave[512];
    public ulong xstate_bv;
}

[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct kvm_cpuid_entry2
{
    public uint function;
    public uint index;
    public uint flags;
    public uint eax, ebx, ecx, edx;
}

/// <summary>What to stop a guest for, with the debug registers' contents.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_guest_debug
{
    public uint control;
    private readonly uint padding;
    public fixed ulong debugreg[8];
}

/// <summary>The page that a vCPU shares with its owner: of the exits' details only those the engine reads.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct kvm_run
{
    [FieldOffset(8)] public uint exit_reason;
    [FieldOffset(32)] public ulong hardware_entry_failure_reason;
    [FieldOffset(32)] public uint suberror;
    [FieldOffset(48)] public ulong dr6;
    [FieldOffset(288)] public ulong kvm_valid_regs;
    [FieldOffset(296)] public ulong kvm_dirty_regs;
    [FieldOffset(304)] public kvm_regs regs;
    [FieldOffset(448)] public kvm_sregs sregs;
    [FieldOffset(760)] public kvm_vcpu_events events;
}
