namespace LguestPS.Cpu;

/// <summary>Bits of eflags (Intel SDM volume 1, 3.4.3).</summary>
internal static class Eflags
{
    public const uint Carry = 1 << 0;
    public const uint AlwaysOne = 1 << 1;
    public const uint Parity = 1 << 2;
    public const uint Adjust = 1 << 4;
    public const uint Zero = 1 << 6;
    public const uint Sign = 1 << 7;
    public const uint Trap = 1 << 8;
    public const uint Interrupt = 1 << 9;
    public const uint Direction = 1 << 10;
    public const uint Overflow = 1 << 11;
    public const uint IoPrivilegeLevel = 3 << 12;
    public const uint NestedTask = 1 << 14;
    public const uint Resume = 1 << 16;
    public const uint Virtual8086 = 1 << 17;
    public const uint AlignmentCheck = 1 << 18;
    public const uint Identification = 1 << 21;

    /// <summary>What an iret in ring 1 takes from its frame, but for the traps it may ask for.</summary>
    public const uint Loadable = Carry | Parity | Adjust | Zero | Sign | Direction | Overflow | AlignmentCheck | Identification;
}
