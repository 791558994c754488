using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>The registers of the x87 (Intel SDM volume 1, 8.1).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FpuState
{
    private Registers physical;

    /// <summary>The status word without the top of stack.</summary>
    public ushort Status;

    /// <summary>Number of the register that is st(0).</summary>
    public byte Top;

    /// <summary>A bit for each register that is not empty, in physical order.</summary>
    public byte Used;

    /// <summary>The instruction that the environment tells about: the last one that was not a control instruction.</summary>
    public ushort LastOpcode;
    public ushort LastCodeSelector;
    public uint LastEip;
    public ushort LastDataSelector;
    public uint LastDataOffset;

    private ushort control;

    /// <summary>What an operation starts with under this control word, with precision control and without.</summary>
    private FloatContext context, wholeContext;

    /// <summary>The control word; setting it decides anew whether an exception is pending.</summary>
    public ushort Control
    {
        readonly get => control;
        set
        {
            control = (ushort)(value & ControlWord.Writable | ControlWord.AlwaysOne);
            context = FloatContext.From(control);
            wholeContext = FloatContext.FromIgnoringPrecision(control);
            UpdateSummary();
        }
    }

    /// <summary>For the arithmetic that precision control concerns.</summary>
    public readonly FloatContext Context => context;

    public readonly FloatContext WholeContext => wholeContext;

    public readonly bool IsPending => (Status & StatusWord.Summary) != 0;

    public readonly ushort StatusWithTop => (ushort)(Status | Top << StatusWord.TopShift);

    /// <summary>Address of the control word, to look at only.</summary>
    public static ushort* ControlOf(FpuState* fpu) => &fpu->control;

    /// <summary>Address of st(i).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80* St(FpuState* fpu, int i) => (Float80*)fpu + (fpu->Top + i & 7);

    /// <summary>Address of a register by its own number.</summary>
    public static Float80* Physical(FpuState* fpu, int number) => (Float80*)fpu + number;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsEmpty(int i) => (Used >> (Top + i & 7) & 1) == 0;

    public static void Set(FpuState* fpu, int i, Float80 value)
    {
        *St(fpu, i) = value;
        fpu->Used |= (byte)(1 << (fpu->Top + i & 7));
    }

    public static void Push(FpuState* fpu, Float80 value)
    {
        fpu->Top = (byte)(fpu->Top - 1 & 7);
        Set(fpu, 0, value);
    }

    public void Pop()
    {
        Free(0);
        Top = (byte)(Top + 1 & 7);
    }

    /// <summary>An MMX instruction: all registers are in use, and mm0 is the top.</summary>
    public void EnterMmx()
    {
        Top = 0;
        Used = 0xFF;
    }

    public void Free(int i) => Used &= (byte)~(1 << (Top + i & 7));

    /// <summary>fninit; the numbers themselves stay.</summary>
    public void Initialize()
    {
        Status = 0;
        Control = ControlWord.Initial;
        Top = Used = 0;
        LastOpcode = LastCodeSelector = LastDataSelector = 0;
        LastEip = LastDataOffset = 0;
    }

    public void SetStatusWithTop(ushort value)
    {
        Top = (byte)(value >> StatusWord.TopShift & 7);
        Status = (ushort)(value & ~(7 << StatusWord.TopShift));
        UpdateSummary();
    }

    /// <summary>The two bits for each register that environments hold.</summary>
    public static ushort TagWord(FpuState* fpu)
    {
        int tags = 0;
        for (int i = 0; i < 8; i++)
        {
            Float80 value = *Physical(fpu, i);
            int tag = (fpu->Used >> i & 1) == 0 ? 3 : value.IsZero ? 1 : value.IsNormal ? 0 : 2;
            tags |= tag << 2 * i;
        }

        return (ushort)tags;
    }

    public void SetTagWord(ushort tags)
    {
        Used = 0;
        for (int i = 0; i < 8; i++)
            if ((tags >> 2 * i & 3) != 3) Used |= (byte)(1 << i);
    }

    /// <summary>Records the exceptions of an operation.</summary>
    /// <returns>False if an unmasked one forbids to store a result.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Report(in FloatContext context, bool toMemory = false)
    {
        uint status = Status & (uint)StatusWord.NotC1;
        if ((context.Raised & ~(FpuExceptions.Precision & (FpuExceptions)control)) == FpuExceptions.None)
        {
            Status = (ushort)(status | (uint)context.Raised | (context.RoundedUp ? StatusWord.C1 : 0u));
            return true;
        }

        Status = (ushort)status;
        return Report(context.Raised, context.RoundedUp, toMemory);
    }

    private bool Report(FpuExceptions raised, bool roundedUp, bool toMemory)
    {
        // Of several exceptions the first in this order hides the rest.
        if ((raised & FpuExceptions.Invalid) != 0) raised &= FpuExceptions.Invalid | FpuExceptions.StackFault;
        else if ((raised & FpuExceptions.ZeroDivide) != 0) raised = FpuExceptions.ZeroDivide;
        else if ((raised & FpuExceptions.Denormal & ~(FpuExceptions)control) != 0) raised = FpuExceptions.Denormal;

        FpuExceptions unmasked = raised & ~(FpuExceptions)control & FpuExceptions.All;
        bool trapsBeforeStore = toMemory && (unmasked & (FpuExceptions.Overflow | FpuExceptions.Underflow)) != 0;
        if (trapsBeforeStore) raised &= ~FpuExceptions.Precision;
        Status |= (ushort)raised;
        if (roundedUp && (raised & FpuExceptions.Precision) != 0) Status |= StatusWord.C1;
        if (unmasked == 0) return true;
        Status |= StatusWord.Summary | StatusWord.Busy;
        return !trapsBeforeStore && (unmasked & (FpuExceptions.Invalid | FpuExceptions.ZeroDivide | FpuExceptions.Denormal)) == 0;
    }

    /// <summary>A register was read that is empty.</summary>
    /// <returns>True if that is masked, and the indefinite stands in.</returns>
    public bool ReportUnderflow()
    {
        Status &= StatusWord.NotC1;
        return Report(FpuExceptions.Invalid | FpuExceptions.StackFault, roundedUp: false, toMemory: false);
    }

    /// <summary>A register was to be pushed that is not empty.</summary>
    public bool ReportOverflow()
    {
        Status |= StatusWord.C1;
        return Report(FpuExceptions.Invalid | FpuExceptions.StackFault, roundedUp: false, toMemory: false);
    }

    public void UpdateSummary()
    {
        bool pending = (Status & ~control & (int)FpuExceptions.All) != 0;
        Status = (ushort)(Status & ~(StatusWord.Summary | StatusWord.Busy) | (pending ? StatusWord.Summary | StatusWord.Busy : 0));
    }

    [InlineArray(8)]
    private struct Registers
    {
        private Float80 first;
    }
}

/// <summary>Bits of the status word.</summary>
internal static class StatusWord
{
    public const ushort Summary = 1 << 7;
    public const ushort C0 = 1 << 8;
    public const ushort C1 = 1 << 9;
    public const ushort C2 = 1 << 10;
    public const ushort C3 = 1 << 14;
    public const ushort Busy = 1 << 15;
    public const ushort NotC1 = 0xFFFF & ~C1;
    public const ushort NotConditions = 0xFFFF & ~(C0 | C1 | C2 | C3);
    public const int TopShift = 11;
}

/// <summary>Bits of the control word.</summary>
internal static class ControlWord
{
    public const ushort Initial = 0x037F;

    /// <summary>Masks, precision, rounding, and the 287's infinity control, which does nothing.</summary>
    public const ushort Writable = 0x1F3F;
    public const ushort AlwaysOne = 0x0040;
    public const ushort AllMasked = 0x003F;
}
