using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Brings the guest's x87 into the host's for machine code, and back when it is left.</summary>
/// <remarks>
/// Both take some hundred nanoseconds, so it must pay: while code is left again soon after it wanted the x87, it leaves x87 instructions to the handlers
/// for a while.
/// </remarks>
/// <param name="cpu">The processor.</param>
/// <param name="always">Whether to do it even if it does not pay.</param>
internal sealed unsafe class CompiledFpu(CpuState* cpu, bool always) : IDisposable
{
    /// <summary>Fewer instructions than this between entry and exit do not pay for bringing the x87 there.</summary>
    private const int ShortStay = 250;

    /// <summary>So many short stays more than long ones, and it is not done the next times.</summary>
    private const int MostShortStays = 8;
    private const int HeldTimes = 100;

    private readonly byte* image = (byte*)NativeMemory.AlignedAlloc(FpuImages.ExtendedBytes, 64);
    private int shortStays;

    /// <summary>How often it was done.</summary>
    public long Loads { get; private set; }

    /// <summary>Machine code asks for the x87: fills the image from which the host takes it on the way in.</summary>
    public void Load()
    {
        if (cpu->Exit.FpuImage == 0)
        {
            new Span<byte>(image, (int)FpuImages.ExtendedBytes).Clear();
            cpu->Exit.FpuImage = (nint)image;
        }

        Loads++;
        FpuImages.WriteExtended(cpu, image);
        cpu->Exit.FpuLoaded = 1;
        cpu->Exit.Vectors = (~cpu->Vectors.Mxcsr & MxcsrBits.AllMasked) == 0 ? VectorsReady.WithFloats : VectorsReady.Registers;
        cpu->Exit.NotedOpcode = cpu->Exit.NotedSegment = 0;
    }

    /// <summary>Machine code was left, and the host has put the x87 and the vectors into the image.</summary>
    /// <param name="stay">Instructions that ran since.</param>
    public void Take(long stay)
    {
        cpu->Exit.FpuLoaded = 0;
        cpu->Exit.Vectors = VectorsReady.None;
        FpuState before = cpu->Fpu;
        FpuImages.ReadExtended(cpu, image);
        FpuState* fpu = &cpu->Fpu;
        (fpu->LastOpcode, fpu->LastEip, fpu->LastCodeSelector) = (before.LastOpcode, before.LastEip, before.LastCodeSelector);
        (fpu->LastDataOffset, fpu->LastDataSelector) = (before.LastDataOffset, before.LastDataSelector);
        if (cpu->Exit.NotedOpcode != 0)
        {
            fpu->LastOpcode = (ushort)(cpu->Exit.NotedOpcode & 0x7FF);
            fpu->LastEip = cpu->Exit.NotedEip;
            fpu->LastCodeSelector = cpu->Registers.Cs;
        }

        if (cpu->Exit.NotedSegment != 0)
        {
            fpu->LastDataOffset = cpu->Exit.NotedData;
            fpu->LastDataSelector = CpuState.SegmentOf(cpu, cpu->Exit.NotedSegment - 1)->Selector;
        }

        shortStays = Math.Clamp(shortStays + (stay < ShortStay ? 1 : -1), 0, MostShortStays + 1);
        cpu->Exit.FpuHold = shortStays > MostShortStays && !always ? HeldTimes : 0;
    }

    public void Dispose() => NativeMemory.AlignedFree(image);
}
