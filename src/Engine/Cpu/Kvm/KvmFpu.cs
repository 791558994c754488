using LguestPS.Native;

namespace LguestPS.Cpu.Kvm;

/// <summary>The x87 registers of a vCPU, as the image that fxsave makes.</summary>
internal sealed unsafe class KvmFpu(KvmVcpu vcpu)
{
    private const int ImageBytes = 512;

    // The parts of the image that are not the x87's: mxcsr with its mask, and the vector registers.
    private const int VectorControl = 24;
    private const int FirstNumber = 32;
    private const int VectorRegisters = 160;

    private kvm_xsave state;

    /// <summary>The image, with nothing in it but the x87's; valid until the next call.</summary>
    public ReadOnlySpan<byte> Load()
    {
        vcpu.GetFloatingPoint(out state);
        Span<byte> image = Image;
        image[VectorControl..FirstNumber].Clear();
        image[VectorRegisters..].Clear();
        return image;
    }

    public void Store(VirtualCpu from)
    {
        Span<byte> image = stackalloc byte[ImageBytes];
        image.Clear();
        from.SaveFpu(image);
        Store(image);
    }

    public void Store(ReadOnlySpan<byte> image)
    {
        vcpu.GetFloatingPoint(out state);
        image[..VectorControl].CopyTo(Image);
        image[FirstNumber..VectorRegisters].CopyTo(Image[FirstNumber..]);
        state.xstate_bv |= kvm_xsave.FloatingPoint;
        vcpu.SetFloatingPoint(state);
    }

    private Span<byte> Image => System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref state.fxsave[0], ImageBytes);
}
