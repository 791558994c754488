namespace LguestPS.Native;

/// <summary>The numbers of linux/kvm.h that the engine uses, by their own names.</summary>
internal static class KvmNumbers
{
    public const int KVM_API_VERSION = 12;

    public const uint KVM_GET_API_VERSION = 0xAE00;
    public const uint KVM_CREATE_VM = 0xAE01;
    public const uint KVM_CHECK_EXTENSION = 0xAE03;
    public const uint KVM_GET_VCPU_MMAP_SIZE = 0xAE04;
    public const uint KVM_CREATE_VCPU = 0xAE41;
    public const uint KVM_ENABLE_CAP = 0x4068AEA3;
    public const uint KVM_SET_USER_MEMORY_REGION = 0x4020AE46;
    public const uint KVM_SET_TSS_ADDR = 0xAE47;
    public const uint KVM_SET_IDENTITY_MAP_ADDR = 0x4008AE48;
    public const uint KVM_RUN = 0xAE80;
    public const uint KVM_GET_SREGS = 0x8138AE83;
    public const uint KVM_SET_SREGS = 0x4138AE84;
    public const uint KVM_SET_MSRS = 0x4008AE89;
    public const uint KVM_SET_SIGNAL_MASK = 0x4004AE8B;
    public const uint KVM_SET_CPUID2 = 0x4008AE90;
    public const uint KVM_GET_XSAVE = 0x9000AEA4;
    public const uint KVM_SET_XSAVE = 0x5000AEA5;
    public const uint KVM_SET_GUEST_DEBUG = 0x4048AE9B;
    public const uint KVM_GET_VCPU_EVENTS = 0x8040AE9F;

    public const int KVM_CAP_USER_MEMORY = 3;
    public const int KVM_CAP_SET_TSS_ADDR = 4;
    public const int KVM_CAP_EXT_CPUID = 7;
    public const int KVM_CAP_SET_IDENTITY_MAP_ADDR = 37;
    public const int KVM_CAP_VCPU_EVENTS = 41;
    public const int KVM_CAP_XSAVE = 55;
    public const int KVM_CAP_SYNC_REGS = 74;
    public const int KVM_CAP_DISABLE_QUIRKS2 = 213;

    public const ulong KVM_X86_QUIRK_FIX_HYPERCALL_INSN = 32;

    public const ulong KVM_SYNC_X86_REGS = 1;
    public const ulong KVM_SYNC_X86_SREGS = 2;
    public const ulong KVM_SYNC_X86_EVENTS = 4;

    public const uint KVM_GUESTDBG_ENABLE = 1;
    public const uint KVM_GUESTDBG_USE_HW_BP = 0x20000;

    public const uint KVM_EXIT_DEBUG = 4;
    public const uint KVM_EXIT_HLT = 5;
    public const uint KVM_EXIT_SHUTDOWN = 8;
    public const uint KVM_EXIT_FAIL_ENTRY = 9;
    public const uint KVM_EXIT_INTERNAL_ERROR = 17;

    public const uint KVM_INTERNAL_ERROR_EMULATION = 1;
}
