namespace LguestPS.Cpu;

/// <summary>The trap vectors the engine knows by name (Intel SDM volume 3, 6.3.1; ABI §5).</summary>
internal static class Vector
{
    public const byte DivideError = 0;
    public const byte Debug = 1;
    public const byte NonMaskableInterrupt = 2;
    public const byte Breakpoint = 3;
    public const byte Overflow = 4;
    public const byte BoundRange = 5;
    public const byte InvalidOpcode = 6;
    public const byte DeviceNotAvailable = 7;
    public const byte DoubleFault = 8;
    public const byte InvalidTss = 10;
    public const byte SegmentNotPresent = 11;
    public const byte StackFault = 12;
    public const byte GeneralProtection = 13;
    public const byte PageFault = 14;
    public const byte Spurious = 15;
    public const byte FloatingPoint = 16;
    public const byte AlignmentCheck = 17;
    public const byte SimdFloatingPoint = 19;
    public const byte Hypercall = 0x1F;
    public const byte FirstInterrupt = 0x20;
    public const byte SystemCall = 0x80;

    /// <summary>True for the vectors on which a processor pushes an error code.</summary>
    public static bool HasErrorCode(byte vector) => vector is DoubleFault or (>= InvalidTss and <= PageFault) or AlignmentCheck;

    /// <summary>The short name used in events and messages: "#PF", "int 0x80", …</summary>
    public static string Name(byte vector) => vector switch
    {
        DivideError => "#DE",
        Debug => "#DB",
        NonMaskableInterrupt => "NMI",
        Breakpoint => "#BP",
        Overflow => "#OF",
        BoundRange => "#BR",
        InvalidOpcode => "#UD",
        DeviceNotAvailable => "#NM",
        DoubleFault => "#DF",
        InvalidTss => "#TS",
        SegmentNotPresent => "#NP",
        StackFault => "#SS",
        GeneralProtection => "#GP",
        PageFault => "#PF",
        FloatingPoint => "#MF",
        AlignmentCheck => "#AC",
        SimdFloatingPoint => "#XF",
        _ => $"int 0x{vector:x2}",
    };
}
