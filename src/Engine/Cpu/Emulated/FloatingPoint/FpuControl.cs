using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>fld m80.</summary>
internal readonly unsafe struct LoadExtended : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        uint offset = Segmented.Offset(cpu, op);
        if (!LongWay.OpenRead(cpu, op->Segment, offset, 10)) return false;
        FpuSkeletons.Note(cpu, op, offset);
        FpuState* fpu = &cpu->Fpu;
        if (fpu->IsEmpty(7))
        {
            fpu->Status &= StatusWord.NotC1;
            FpuState.Push(fpu, FpuImages.ReadNumber(cpu->Operand));
        }
        else if (fpu->ReportOverflow())
        {
            FpuState.Push(fpu, Float80.Indefinite);
        }

        return true;
    }
}

/// <summary>fstp m80.</summary>
internal readonly unsafe struct StoreExtended : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        uint offset = Segmented.Offset(cpu, op);
        if (!LongWay.OpenWrite(cpu, op->Segment, offset, 10)) return false;
        FpuSkeletons.Note(cpu, op, offset);
        FpuState* fpu = &cpu->Fpu;
        Float80 value = *FpuState.St(fpu, 0);
        if (fpu->IsEmpty(0))
        {
            if (!fpu->ReportUnderflow()) return true;
            value = Float80.Indefinite;
        }

        fpu->Status &= StatusWord.NotC1;
        FpuImages.WriteNumber(cpu->Operand, value);
        LongWay.Written(cpu);
        fpu->Pop();
        return true;
    }
}

/// <summary>fbld.</summary>
internal readonly unsafe struct LoadDecimal : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        uint offset = Segmented.Offset(cpu, op);
        if (!LongWay.OpenRead(cpu, op->Segment, offset, 10)) return false;
        FpuSkeletons.Note(cpu, op, offset);
        Float80 image = FpuImages.ReadNumber(cpu->Operand);
        PushNumber.Run(&cpu->Fpu, FloatMath.FromPackedDecimal(image.Significand, image.SignExponent), denormal: false);
        return true;
    }
}

/// <summary>fbstp.</summary>
internal readonly unsafe struct StoreDecimal : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        uint offset = Segmented.Offset(cpu, op);
        if (!LongWay.OpenWrite(cpu, op->Segment, offset, 10)) return false;
        FpuSkeletons.Note(cpu, op, offset);
        FpuState* fpu = &cpu->Fpu;
        FloatContext context = fpu->WholeContext;
        bool stores;
        (ulong low, ushort high) = (0xC000000000000000, 0xFFFF);
        if (fpu->IsEmpty(0))
        {
            stores = fpu->ReportUnderflow();
        }
        else
        {
            (low, high) = FloatMath.ToPackedDecimal(*FpuState.St(fpu, 0), ref context);
            stores = fpu->Report(context, toMemory: true);
        }

        if (!stores) return true;
        FpuImages.WriteNumber(cpu->Operand, new Float80(low, high));
        LongWay.Written(cpu);
        fpu->Pop();
        return true;
    }
}

/// <summary>fldcw.</summary>
internal readonly unsafe struct LoadControlWord : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        if (!LongWay.Read<Bits16>(cpu, op->Segment, Segmented.Offset(cpu, op), out uint value)) return false;
        cpu->Fpu.Control = (ushort)value;
        return true;
    }
}

/// <summary>fnstcw.</summary>
internal readonly unsafe struct StoreControlWord : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op) =>
        FpuSkeletons.IsPresent(cpu) && LongWay.Write<Bits16>(cpu, op->Segment, Segmented.Offset(cpu, op), cpu->Fpu.Control);
}

/// <summary>fnstsw m16.</summary>
internal readonly unsafe struct StoreStatusWord : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op) =>
        FpuSkeletons.IsPresent(cpu) && LongWay.Write<Bits16>(cpu, op->Segment, Segmented.Offset(cpu, op), cpu->Fpu.StatusWithTop);
}

/// <summary>fnstsw ax.</summary>
internal readonly unsafe struct StoreStatusWordToAx : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        Bits16.Write(&cpu->Registers.Eax, cpu->Fpu.StatusWithTop);
        return true;
    }
}

/// <summary>fnclex.</summary>
internal readonly unsafe struct ClearExceptions : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        cpu->Fpu.Status &= StatusWord.C0 | StatusWord.C1 | StatusWord.C2 | StatusWord.C3;
        return true;
    }
}

/// <summary>fninit.</summary>
internal readonly unsafe struct InitializeFpu : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        cpu->Fpu.Initialize();
        return true;
    }
}

/// <summary>fneni, fndisi and fnsetpm did something to older FPUs.</summary>
internal readonly unsafe struct ObsoleteControl : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op) => FpuSkeletons.IsPresent(cpu);
}

/// <summary>wait.</summary>
internal readonly unsafe struct WaitForFpu : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op) => FpuSkeletons.IsReady(cpu);
}

/// <summary>fnstenv; it masks all exceptions afterwards.</summary>
internal readonly unsafe struct StoreEnvironment<TSize> : IPlain where TSize : IOperandSize
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        if (!LongWay.OpenWrite(cpu, op->Segment, Segmented.Offset(cpu, op), FpuImages.EnvironmentBytes<TSize>())) return false;
        FpuImages.WriteEnvironment<TSize>(&cpu->Fpu, cpu->Operand);
        LongWay.Written(cpu);
        cpu->Fpu.Control |= ControlWord.AllMasked;
        return true;
    }
}

/// <summary>fldenv.</summary>
internal readonly unsafe struct LoadEnvironment<TSize> : IPlain where TSize : IOperandSize
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        if (!LongWay.OpenRead(cpu, op->Segment, Segmented.Offset(cpu, op), FpuImages.EnvironmentBytes<TSize>())) return false;
        FpuImages.ReadEnvironment<TSize>(&cpu->Fpu, cpu->Operand);
        return true;
    }
}

/// <summary>fnsave: the environment and the stack, then fninit.</summary>
internal readonly unsafe struct SaveFpu<TSize> : IPlain where TSize : IOperandSize
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        uint environment = FpuImages.EnvironmentBytes<TSize>();
        if (!LongWay.OpenWrite(cpu, op->Segment, Segmented.Offset(cpu, op), environment + 80)) return false;
        FpuImages.WriteEnvironment<TSize>(&cpu->Fpu, cpu->Operand);
        for (int i = 0; i < 8; i++) FpuImages.WriteNumber(cpu->Operand + environment + 10 * i, *FpuState.St(&cpu->Fpu, i));
        LongWay.Written(cpu);
        cpu->Fpu.Initialize();
        return true;
    }
}

/// <summary>frstor.</summary>
internal readonly unsafe struct RestoreFpu<TSize> : IPlain where TSize : IOperandSize
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        uint environment = FpuImages.EnvironmentBytes<TSize>();
        if (!LongWay.OpenRead(cpu, op->Segment, Segmented.Offset(cpu, op), environment + 80)) return false;
        FpuImages.ReadEnvironment<TSize>(&cpu->Fpu, cpu->Operand);
        for (int i = 0; i < 8; i++) *FpuState.St(&cpu->Fpu, i) = FpuImages.ReadNumber(cpu->Operand + environment + 10 * i);
        return true;
    }
}

/// <summary>fxsave.</summary>
internal readonly unsafe struct ExtendedSave : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        uint offset = Segmented.Offset(cpu, op);
        if (!FpuImages.IsAligned(cpu, op, offset) || !LongWay.OpenWrite(cpu, op->Segment, offset, FpuImages.ExtendedBytes)) return false;
        FpuImages.WriteExtended(cpu, cpu->Operand);
        LongWay.Written(cpu);
        return true;
    }
}

/// <summary>fxrstor.</summary>
internal readonly unsafe struct ExtendedRestore : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        uint offset = Segmented.Offset(cpu, op);
        if (!FpuImages.IsAligned(cpu, op, offset) || !LongWay.OpenRead(cpu, op->Segment, offset, FpuImages.ExtendedBytes)) return false;
        if ((FpuImages.MxcsrOf(cpu->Operand) & ~MxcsrBits.Defined) != 0) return CpuState.Raise(cpu, Vector.GeneralProtection);
        FpuImages.ReadExtended(cpu, cpu->Operand);
        return true;
    }
}

/// <summary>The state of the FPU as it lies in memory (Intel SDM volume 1, 8.1.10 and 10.5.1).</summary>
internal static unsafe class FpuImages
{
    public const uint ExtendedBytes = 512;

    private const int MxcsrPlace = 24, XmmPlace = 160;

    public static uint EnvironmentBytes<TSize>() where TSize : IOperandSize => 7 * TSize.Bytes;

    public static Float80 ReadNumber(byte* from) => new(Unsafe.ReadUnaligned<ulong>(from), Unsafe.ReadUnaligned<ushort>(from + 8));

    public static void WriteNumber(byte* to, Float80 value)
    {
        Unsafe.WriteUnaligned(to, value.Significand);
        Unsafe.WriteUnaligned(to + 8, value.SignExponent);
    }

    public static void WriteEnvironment<TSize>(FpuState* fpu, byte* to) where TSize : IOperandSize
    {
        // In the 32-bit form the upper halves that hold nothing are ones.
        const uint unused = 0xFFFF0000;
        uint opcode = TSize.Bits == 32 ? (uint)fpu->LastOpcode << 16 : 0;
        Put(0, unused | fpu->Control);
        Put(1, unused | fpu->StatusWithTop);
        Put(2, unused | FpuState.TagWord(fpu));
        Put(3, fpu->LastEip);
        Put(4, opcode | fpu->LastCodeSelector);
        Put(5, fpu->LastDataOffset);
        Put(6, unused | fpu->LastDataSelector);

        void Put(uint place, uint value) => TSize.Write(to + place * TSize.Bytes, value);
    }

    public static void ReadEnvironment<TSize>(FpuState* fpu, byte* from) where TSize : IOperandSize
    {
        fpu->Control = (ushort)Get(0);
        fpu->SetStatusWithTop((ushort)Get(1));
        fpu->SetTagWord((ushort)Get(2));
        fpu->LastEip = Get(3);
        fpu->LastCodeSelector = (ushort)Get(4);
        fpu->LastOpcode = (ushort)(Get(4) >> 16 & 0x7FF);
        fpu->LastDataOffset = Get(5);
        fpu->LastDataSelector = (ushort)Get(6);

        uint Get(uint place) => TSize.Read(from + place * TSize.Bytes);
    }

    public static uint MxcsrOf(byte* image) => *(uint*)(image + MxcsrPlace);

    /// <summary>0 in the image of a processor without SSE.</summary>
    public static uint MxcsrMaskOf(byte* image) => *(uint*)(image + MxcsrPlace + 4);

    public static void WriteExtended(CpuState* cpu, byte* to)
    {
        FpuState* fpu = &cpu->Fpu;
        new Span<byte>(to, 32).Clear();
        *(ushort*)to = fpu->Control;
        *(ushort*)(to + 2) = fpu->StatusWithTop;
        to[4] = fpu->Used;
        *(ushort*)(to + 6) = fpu->LastOpcode;
        *(uint*)(to + 8) = fpu->LastEip;
        *(ushort*)(to + 12) = fpu->LastCodeSelector;
        *(uint*)(to + 16) = fpu->LastDataOffset;
        *(ushort*)(to + 20) = fpu->LastDataSelector;
        *(uint*)(to + MxcsrPlace) = cpu->Vectors.Mxcsr;
        *(uint*)(to + MxcsrPlace + 4) = MxcsrBits.Defined;
        for (int i = 0; i < 8; i++)
        {
            byte* place = to + 32 + 16 * i;
            WriteNumber(place, *FpuState.St(fpu, i));
            new Span<byte>(place + 10, 6).Clear();
            Unsafe.WriteUnaligned(to + XmmPlace + 16 * i, *VectorState.Xmm(&cpu->Vectors, i));
        }
    }

    public static void ReadExtended(CpuState* cpu, byte* from)
    {
        FpuState* fpu = &cpu->Fpu;
        fpu->Control = *(ushort*)from;
        fpu->SetStatusWithTop(*(ushort*)(from + 2));
        fpu->Used = from[4];
        fpu->LastOpcode = (ushort)(*(ushort*)(from + 6) & 0x7FF);
        fpu->LastEip = *(uint*)(from + 8);
        fpu->LastCodeSelector = *(ushort*)(from + 12);
        fpu->LastDataOffset = *(uint*)(from + 16);
        fpu->LastDataSelector = *(ushort*)(from + 20);
        cpu->Vectors.SetMxcsr(MxcsrOf(from) & MxcsrBits.Defined);
        for (int i = 0; i < 8; i++)
        {
            *FpuState.St(fpu, i) = ReadNumber(from + 32 + 16 * i);
            *VectorState.Xmm(&cpu->Vectors, i) = Unsafe.ReadUnaligned<Vector128<byte>>(from + XmmPlace + 16 * i);
        }
    }

    /// <summary>The operand of fxsave and fxrstor must lie at a multiple of 16.</summary>
    public static bool IsAligned(CpuState* cpu, Operation* op, uint offset) =>
        (offset + CpuState.SegmentOf(cpu, op->Segment)->Base & 15) == 0 || CpuState.Raise(cpu, Vector.GeneralProtection);
}
