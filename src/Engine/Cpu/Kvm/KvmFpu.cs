using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LguestPS.Native;

namespace LguestPS.Cpu.Kvm;

/// <summary>The x87, mm and xmm registers of a vCPU, as the image that fxsave makes.</summary>
internal sealed unsafe class KvmFpu(KvmVcpu vcpu)
{
    private const int ImageBytes = 512;

    // In an image of fxsave (Intel SDM volume 1, 10.5.1): what follows the registers is not the guest's.
    private const int VectorControl = 24;
    private const int VectorRegisters = 160;
    private const int End = VectorRegisters + 8 * 16;

    private kvm_xsave state;

    /// <summary>The image, valid until the next call.</summary>
    public ReadOnlySpan<byte> Load()
    {
        vcpu.GetFloatingPoint(out state);
        Span<byte> image = Image;

        // A part in its initial state need not be written.
        if ((state.xstate_bv & kvm_xsave.Vectors) == 0) image[VectorRegisters..].Clear();
        image[End..].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(image[(VectorControl + 4)..], FloatingPointState.MxcsrBits);
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
        image[..End].CopyTo(Image);
        if (new FloatingPointState(image.ToArray()).IsWithoutVectors)
            BinaryPrimitives.WriteUInt32LittleEndian(Image[VectorControl..], FloatingPointState.InitialMxcsr);
        state.xstate_bv |= kvm_xsave.FloatingPoint | kvm_xsave.Vectors;
        vcpu.SetFloatingPoint(state);
    }

    private Span<byte> Image => MemoryMarshal.CreateSpan(ref state.fxsave[0], ImageBytes);
}
