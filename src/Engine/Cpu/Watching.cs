namespace LguestPS.Cpu;

/// <summary>Linear addresses for which a vCPU comes out.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Length">How many, at least 1; the range does not wrap.</param>
/// <param name="Access">For what.</param>
internal readonly record struct WatchRange(uint First, uint Length, MemoryAccess Access)
{
    public bool Overlaps(uint address, uint length) => address - First < Length || First - address < length;
}

/// <summary>Why a vCPU came out with <see cref="CpuExitKind.Watched"/>.</summary>
/// <param name="Access">Execute: the guest stands before that instruction. Read, Write or both: it has just been done.</param>
/// <param name="Address">Linear address of the instruction, or of the operand.</param>
/// <param name="Length">Bytes of the operand; 1 for an instruction.</param>
/// <param name="Eip">The instruction.</param>
/// <param name="Before">For an operand what was there before; empty if it could not be read.</param>
internal sealed record WatchedAccess(MemoryAccess Access, uint Address, uint Length, uint Eip, byte[] Before);
