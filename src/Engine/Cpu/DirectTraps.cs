namespace LguestPS.Cpu;

/// <summary>How a vCPU may hand the guest its own traps without coming out to the host (the original's direct traps).</summary>
/// <param name="Data">Guest-physical address of lguest_data.</param>
/// <param name="StackSegment">Selector of the kernel stack, for a trap from ring 3.</param>
/// <param name="StackPointer">Its top.</param>
/// <param name="SystemCall">The guest's gate for vector 0x80, or null if that trap is the host's.</param>
/// <param name="PageFault">The guest's gate for vector 14, or null; faults that the guest's page tables allow are never the guest's.</param>
internal readonly record struct DirectTraps(uint Data, ushort StackSegment, uint StackPointer, DirectGate? SystemCall, DirectGate? PageFault)
{
    /// <summary>Where, from <see cref="Data"/> on, the guest keeps its own idea of the interrupt flag: the same in every era.</summary>
    public const uint IrqEnabledOffset = 0;

    /// <summary>Where the guest finds the address of a page fault: likewise.</summary>
    public const uint Cr2Offset = 8;

    /// <summary>Every trap is the host's.</summary>
    public static DirectTraps None => default;

    /// <summary>The vectors that can be delivered so.</summary>
    public static ReadOnlySpan<byte> Vectors => [Vector.PageFault, Vector.SystemCall];

    /// <summary>How many traps a processor has delivered so.</summary>
    public static long CountOf(VirtualCpu cpu)
    {
        long count = 0;
        foreach (byte vector in Vectors) count += cpu.CountDirectTraps(vector);
        return count;
    }

    public bool Any => SystemCall is not null || PageFault is not null;

    public DirectGate? this[byte vector] => vector == Vector.PageFault ? PageFault : SystemCall;
}

/// <summary>A gate of the guest's.</summary>
/// <param name="Offset">Where its handler starts.</param>
/// <param name="DisablesInterrupts">Whether entering it sets irq_enabled to 0.</param>
internal readonly record struct DirectGate(uint Offset, bool DisablesInterrupts);
