using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>SSE to SSSE3: the host's own instruction on the host's own registers, under the guest's MXCSR.</summary>
/// <remarks>
/// The guest's xmm registers are brought into the host's when code first needs them after it was entered (see <see cref="EntryCode"/>), and
/// stay there until it is left. Floating point is compiled only for guests that mask all exceptions: then the host's processor finds both
/// result and flags. What an exception may stop, what touches mm registers, and reciprocals, of which processors have their own, is left to the handlers.
/// </remarks>
internal sealed unsafe partial class BlockCompiler
{
    private const int AlignedMask = 15;

    /// <summary>How far the vectors are known to be ready at this place.</summary>
    private VectorsReady vectorsReady;

    private static int XmmOf(byte place) => place >> 4;

    private bool TryEmitVector()
    {
        Type action = meaning.Action!;
        bool isRead = meaning.Form == OperationForm.VectorRead, isWrite = meaning.Form == OperationForm.VectorWrite;
        if (!TryFindVector(action, out VectorOpcode encoding)) return false;
        bool toGeneral = meaning.Destination == typeof(GeneralPlace), fromGeneral = meaning.Source == typeof(GeneralPlace);
        if (!IsXmmOrGeneral(meaning.Destination) || !IsXmmOrGeneral(meaning.Source)) return false;

        // The check of memory must not see what the check of readiness leaves behind, and both come before anything changes.
        NeedVectors(encoding.IsFloat ? VectorsReady.WithFloats : VectorsReady.Registers);
        HostOperand source;
        if (isRead || isWrite)
        {
            if (!TryMemory(BytesOf(meaning.Format!), isWrite)) return false;
            if (meaning.Format == typeof(Vector16))
            {
                assembler.Op(1, 0xF6, 0, HostOperand.Of(Address));
                assembler.Byte(AlignedMask);
                ExitIf(5);
            }

            source = HostOperand.At(Address);
        }
        else
        {
            source = HostOperand.Of(fromGeneral ? HostOf(op->Source) : XmmOf(op->Source));
        }

        int register = isWrite ? XmmOf(op->Source) : toGeneral ? HostOf(op->Destination) : XmmOf(op->Destination);
        if (encoding.Field >= 0) assembler.Vector(encoding.Prefix, encoding.Opcode, encoding.Field, HostOperand.Of(register));
        else if (toGeneral && encoding.Opcode == 0x0F7E) assembler.Vector(encoding.Prefix, encoding.Opcode, XmmOf(op->Source), HostOperand.Of(register));
        else assembler.Vector(encoding.Prefix, encoding.Opcode, register, source);
        if (encoding.Immediate != VectorOpcode.None) assembler.Byte(encoding.Immediate == VectorOpcode.FromGuest ? (int)op->Immediate : encoding.Immediate);
        if (meaning.Destination == typeof(FlagsPlace)) KeepFlags();
        return true;
    }

    /// <summary>What is copied depends on where from and where to; everything else has one encoding.</summary>
    private bool TryFindVector(Type action, out VectorOpcode encoding)
    {
        bool isRead = meaning.Form == OperationForm.VectorRead;
        Type operation = VectorOpcode.Definition(action) == typeof(Pure<>) ? action.GenericTypeArguments[0] : action;
        if (meaning.Form == OperationForm.VectorWrite)
        {
            encoding = operation == typeof(UpperHalf) ? new(0, 0x0F17) : operation != typeof(CopySource) ? default
                : meaning.Format == typeof(Vector16) ? new(0, 0x0F29) : meaning.Format == typeof(Vector16Unaligned) ? new(0, 0x0F11)
                : meaning.Format == typeof(Vector8) ? new(0, 0x0F13) : new(0xF3, 0x0F11);
            return encoding != default;
        }

        if (operation == typeof(CopySource))
        {
            encoding = meaning.Destination == typeof(GeneralPlace) ? new(0x66, 0x0F7E) : meaning.Source == typeof(GeneralPlace) ? new(0x66, 0x0F6E)
                : !isRead || meaning.Format == typeof(Vector16) ? new(0, 0x0F28) : meaning.Format == typeof(Vector16Unaligned) ? new(0, 0x0F10)
                : meaning.Format == typeof(Vector8) ? new(0xF3, 0x0F7E) : new(0xF3, 0x0F10);
            return true;
        }

        encoding = operation == typeof(ExtendLow8) ? new(0xF3, 0x0F7E)
            : operation == typeof(CopyLow4) ? new(0xF3, 0x0F10)
            : operation == typeof(CopyLow8) ? isRead ? new(0, 0x0F12) : new(0xF2, 0x0F10)
            : operation == typeof(CopyLowToHigh8) ? new(0, 0x0F16)
            : operation == typeof(CopyHighToLow8) && !isRead ? new(0, 0x0F12) : default;
        return encoding != default || VectorOpcode.TryFind(action, out encoding);
    }

    private static bool IsXmmOrGeneral(Type? place) => place is null || place == typeof(XmmPlace) || place == typeof(GeneralPlace) || place == typeof(FlagsPlace);

    private static int BytesOf(Type format) =>
        format == typeof(Vector2) ? 2 : format == typeof(Vector4) ? 4 : format == typeof(Vector8) ? 8 : 16;

    /// <summary>Sees to it that the guest's vectors are in the host's registers, or leaves. Changes temporaries and the host's flags.</summary>
    private void NeedVectors(VectorsReady level)
    {
        if (vectorsReady >= level) return;
        vectorsReady = level;
        assembler.Op(1, 0x80, 7, InState(VectorsReadyOffset));
        assembler.Byte((int)level);
        readyStubs.Add((assembler.Jump(2), assembler.Position, level, (nint)op));
        flagsAtHand = false;
    }

    private void WriteReadyStubs()
    {
        foreach ((int jump, int back, VectorsReady level, nint operation) in readyStubs)
        {
            assembler.Land(jump);
            assembler.Land(assembler.Call(), entry.LoadVectors);
            assembler.Op(1, 0x80, 7, InState(VectorsReadyOffset));
            assembler.Byte((int)level);
            assembler.Land(assembler.Jump(3), back);
            var notReady = (Operation*)operation;
            Exit(assembler.Jump(), notReady, (nint)(notReady->SlowHandler != null ? notReady->SlowHandler : notReady->Handler));
        }
    }
}

/// <summary>How much of the guest's vectors is in the host's registers.</summary>
internal enum VectorsReady : byte
{
    None,

    /// <summary>The xmm registers.</summary>
    Registers,

    /// <summary>MXCSR as well; it masks all exceptions.</summary>
    WithFloats,
}
