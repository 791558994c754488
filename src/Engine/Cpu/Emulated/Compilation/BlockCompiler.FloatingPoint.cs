using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>The x87: the host's own, with the guest's registers, control and status words in it.</summary>
/// <remarks>
/// They are brought there when code first needs them after it was entered (see <see cref="CompiledFpu"/>), if the guest masks all exceptions, and
/// stay until it is left. What processors compute in ways of their own (transcendental functions) or define in ways of their own is left to the handlers.
/// </remarks>
internal sealed unsafe partial class BlockCompiler
{
    private readonly List<(int Jump, int Back, nint Operation, nint Handler)> fpuStubs = [];

    private static readonly HashSet<Type> compiledFpuActions =
    [
        typeof(IntoTop<>), typeof(IntoOther<,>), typeof(CompareRegisters<,>), typeof(CompareAndPopBoth<>), typeof(CompareToFlags<,>), typeof(CopyIf<>),
        typeof(PushRegister), typeof(ExchangeWithTop), typeof(CopyTop<>), typeof(ChangeSign), typeof(AbsoluteValue), typeof(CompareWithZero),
        typeof(Examine), typeof(PushConstant<>), typeof(TurnStack<>), typeof(FreeRegister<Keep>), typeof(Unary<SquareRoot>), typeof(Unary<RoundToIntegral>),
    ];

    /// <summary>The guest's x87 is known to be in the host's at this place.</summary>
    private bool fpuReady;

    private bool TryEmitFpu()
    {
        Type action = meaning.Action!;
        if (meaning.Form == OperationForm.FpuRegisters)
        {
            Type definition = VectorOpcode.Definition(action);
            if (!compiledFpuActions.Contains(action) && !compiledFpuActions.Contains(definition)) return false;
            NeedFpu();
            keepsFlagsAtHand = true;
            bool looksAtFlags = definition == typeof(CopyIf<>), setsFlags = definition == typeof(CompareToFlags<,>);
            if (looksAtFlags) BringBackFlags(ConditionOf(action));
            EmitFpu(op->Source, op->Destination);
            if (setsFlags) KeepFlags();
            // Of the two kinds of processors only one clears C1 here.
            if (looksAtFlags || setsFlags) TurnFpuStackThereAndBack();
            NoteFpu(hasData: false);
            return true;
        }

        int bytes = BytesOfNumber(meaning.Format!);
        if (bytes == 0) return false;
        NeedFpu();
        if (!TryMemory(bytes, meaning.Form == OperationForm.FpuWrite)) return false;
        assembler.Op(4, 0xD8 | op->Source & 7, op->Destination >> 3 & 7, HostOperand.At(Address));
        NoteFpu(hasData: true);
        return true;
    }

    /// <summary>Control instructions, and numbers of ten bytes.</summary>
    private bool TryEmitFpuControl()
    {
        Type action = meaning.Action!;
        if (action == typeof(WaitForFpu))
        {
            NeedFpu();
            return true;
        }

        if (action == typeof(StoreStatusWordToAx))
        {
            NeedFpu();
            assembler.Op(4, 0xDD, 7, InState(ScratchOffset));
            assembler.Op(2, 0x8B, Eax, InState(ScratchOffset));
            keepsFlagsAtHand = true;
            return true;
        }

        bool loads = action == typeof(LoadControlWord) || action == typeof(LoadExtended);
        bool isNumber = action == typeof(LoadExtended) || action == typeof(StoreExtended);
        if (!loads && !isNumber && action != typeof(StoreControlWord) && action != typeof(StoreStatusWord)) return false;
        NeedFpu();
        if (!TryAddress(AddressKind.Segmented)) return false;
        Check(isNumber ? 10 : 2, write: !loads, segmented: true);
        if (action == typeof(LoadControlWord))
        {
            // One that does not mask all exceptions is for the handler.
            assembler.Op(4, 0x0FB7, Other, HostOperand.At(Address));
            assembler.Op(4, 0xF7, 2, HostOperand.Of(Other));
            assembler.Op(4, 0xF7, 0, HostOperand.Of(Other));
            assembler.Int32(ControlWord.AllMasked);
            ExitIf(5);
        }

        assembler.Op(4, 0xD8 | op->Source & 7, op->Destination >> 3 & 7, HostOperand.At(Address));
        if (isNumber) NoteFpu(hasData: true);
        return true;
    }

    private static int BytesOfNumber(Type format) =>
        format == typeof(Integer16Format) ? 2 : format == typeof(SingleFormat) || format == typeof(Integer32Format) ? 4
        : format == typeof(DoubleFormat) || format == typeof(Integer64Format) ? 8 : 0;

    private void EmitFpu(int first, int second)
    {
        assembler.Byte(0xD8 | first & 7);
        assembler.Byte(second);
    }

    /// <summary>fdecstp and fincstp: all they leave behind is that C1 is clear.</summary>
    private void TurnFpuStackThereAndBack()
    {
        EmitFpu(1, 0xF6);
        EmitFpu(1, 0xF7);
    }

    /// <summary>Keeps what the environment tells about the last instruction, unless the next one tells of itself before anybody can look.</summary>
    private void NoteFpu(bool hasData)
    {
        if (hasData)
        {
            TryAddress(AddressKind.Segmented);
            assembler.Store(InState(NotedDataOffset), Address);
            assembler.Op(4, 0xC7, 0, InState(NotedSegmentOffset));
            assembler.Int32(op->Segment + 1);
        }

        if (op < lastOperation && HandlerTable.MeaningOf(op + 1).Form == OperationForm.FpuRegisters) return;
        assembler.Op(4, 0xC7, 0, InState(NotedEipOffset));
        assembler.Int32((int)op->Immediate);
        assembler.Op(4, 0xC7, 0, InState(NotedOpcodeOffset));
        assembler.Int32(CompiledExit.Noted | (op->Source & 7) << 8 | op->Destination);
    }

    /// <summary>Sees to it that the guest's x87 is in the host's, or leaves. Changes temporaries and the host's flags.</summary>
    private void NeedFpu()
    {
        if (fpuReady) return;
        fpuReady = true;
        assembler.Op(1, 0x80, 7, InState(FpuLoadedOffset));
        assembler.Byte(0);
        fpuStubs.Add((assembler.Jump(4), assembler.Position, (nint)op, (nint)(op->SlowHandler != null ? op->SlowHandler : op->Handler)));
        flagsAtHand = false;
    }

    private void WriteFpuStubs()
    {
        foreach ((int jump, int back, nint operation, nint handler) in fpuStubs)
        {
            var notReady = (Operation*)operation;
            assembler.Land(jump);
            assembler.Op(4, 0x83, 5, InState(FpuHoldOffset));
            assembler.Byte(1);
            Exit(assembler.Jump(9), notReady, handler);
            assembler.Op(1, 0x80, 7, InState(TaskSwitchedOffset));
            assembler.Byte(0);
            Exit(assembler.Jump(5), notReady, handler);
            assembler.Op(4, 0x0FB7, Other, InState(FpuControlOffset));
            assembler.Op(4, 0xF7, 2, HostOperand.Of(Other));
            assembler.Op(4, 0xF7, 0, HostOperand.Of(Other));
            assembler.Int32(ControlWord.AllMasked);
            Exit(assembler.Jump(5), notReady, handler);
            assembler.Land(assembler.LoadPlace(Address), back);
            assembler.Land(assembler.Jump(), entry.FpuExit);
        }
    }
}
