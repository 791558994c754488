using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>Jumps, calls and the stack. A way to a block of the same page is a jump that is patched; other ways go through the jump cache.</summary>
internal sealed unsafe partial class BlockCompiler
{
    private Link* Ways => (Link*)(op + 1);

    /// <summary>The stack is flat, whether the operation relies on it or not.</summary>
    private bool HasFlatStack => meaning.FlatStack || (mode & CpuMode.FlatData) != 0;

    private bool TryEmitFlow()
    {
        switch (meaning.Form)
        {
            case OperationForm.Branch:
                BringBackFlags(meaning.Condition!.Value);
                Branch(meaning.Condition.Value);
                return true;
            case OperationForm.CompareBranch:
                IntoRegister(NumberOf(meaning.Action!), meaning.Source == typeof(FromImmediate), flags: true);
                Branch(meaning.Condition!.Value);
                return true;
            case OperationForm.CompareBranchMemory:
                if (!TryMemory(Bytes, write: false)) return false;
                AgainstMemory(NumberOf(meaning.Action!), meaning.Source == typeof(FromImmediate), flags: true);
                Branch(meaning.Condition!.Value);
                return true;
            case OperationForm.CompareBranchWithMemory:
                if (!TryMemory(Bytes, write: false)) return false;
                IntoRegister(NumberOf(meaning.Action!), immediate: false, flags: true);
                Branch(meaning.Condition!.Value);
                return true;
            case OperationForm.ArithmeticBranch:
                IntoRegister(NumberOf(meaning.Action!.GenericTypeArguments[0]), meaning.Source == typeof(FromImmediate), flags: true);
                Branch(meaning.Condition!.Value);
                return true;
            case OperationForm.CountBranch:
                BringBackCarry();
                assembler.Op(4, 0xFF, meaning.Action == typeof(Increment) ? 0 : 1, HostOperand.Of(HostOf(op->Destination)));
                KeepFlags();
                Branch(meaning.Condition!.Value);
                return true;
            case OperationForm.Goto: Follow(Ways, assembler.Jump()); return true;
            case OperationForm.Loop: return TryLoop();
            case OperationForm.Jump: return TryJump();
            case OperationForm.JumpMemory:
                if (Bytes != 4 || !TryMemory(4, write: false)) return false;
                assembler.Load(Address, HostOperand.At(Address));
                JumpToRegister();
                return true;
            case OperationForm.CallLinked:
                if (!HasFlatStack) return false;
                Push(() => StoreImmediate(op->Immediate));
                Follow(Ways, assembler.Jump());
                return true;
            case OperationForm.Call or OperationForm.CallMemory: return TryCall();
            case OperationForm.Return: return TryReturn();
            case OperationForm.Push or OperationForm.PushMemory: return TryPush();
            case OperationForm.Pop: return TryPop();
            case OperationForm.Leave: return TryLeave();
            case OperationForm.String: return TryString();
            case OperationForm.RepeatedString: return TryRepeatedString();
            default: return false;
        }
    }

    private void Branch(int condition)
    {
        Follow(Ways + 1, assembler.Jump(condition));
        Follow(Ways, assembler.Jump());
    }

    /// <summary>Has a jump lead the way of a link.</summary>
    private void Follow(Link* link, int jump)
    {
        if (link->Target == Link.OtherPage) departures.Add((jump, link->Eip));
        else links.Add(new LinkSite((nint)link, jump, 0));
    }

    private bool TryLoop()
    {
        if ((op->Traits & OperationTraits.ShortAddress) != 0) return false;
        bool counts = meaning.Action == typeof(LoopAlways);
        if (!counts && meaning.Action != typeof(JumpIfCounterZero)) return false;
        if (counts) assembler.LoadAddress(Ecx, HostOperand.At(Ecx, -1));
        assembler.Op(4, 0x85, Ecx, HostOperand.Of(Ecx));
        Branch(counts ? 5 : 4);
        return true;
    }

    private bool TryJump()
    {
        if (Bytes != 4) return false;
        if (meaning.Source == typeof(FromImmediate))
        {
            JumpToConstant(op->Immediate);
            return true;
        }

        assembler.Move(Address, HostOf(op->Source));
        JumpToRegister();
        return true;
    }

    private bool TryCall()
    {
        if (Bytes != 4 || !HasFlatStack) return false;
        if (meaning.Form == OperationForm.CallMemory)
        {
            if (!TryMemory(4, write: false)) return false;
            KeepOperand();
            Push(() => StoreImmediate(op->Immediate));
            assembler.Load(Address, InState(ScratchOffset));
            JumpToRegister();
        }
        else if (meaning.Source == typeof(FromDisplacement))
        {
            Push(() => StoreImmediate(op->Immediate));
            JumpToConstant(op->Displacement);
        }
        else
        {
            // The target may be esp.
            assembler.Move(Address, HostOf(op->Source));
            assembler.Store(InState(ScratchOffset), Address);
            Push(() => StoreImmediate(op->Immediate));
            assembler.Load(Address, InState(ScratchOffset));
            JumpToRegister();
        }

        return true;
    }

    private bool TryReturn()
    {
        if (Bytes != 4 || !HasFlatStack) return false;
        PopIntoAddress();
        assembler.LoadAddress(Esp, HostOperand.At(Esp, 4 + (int)op->Immediate));
        JumpToRegister();
        return true;
    }

    private bool TryPush()
    {
        if (Bytes != 4 || !HasFlatStack) return false;
        if (meaning.Form == OperationForm.PushMemory)
        {
            if (!TryMemory(4, write: false)) return false;
            KeepOperand();
            Push(() =>
            {
                assembler.Load(Other, InState(ScratchOffset));
                assembler.Store(HostOperand.At(Address), Other);
            });
        }
        else if (meaning.Source == typeof(FromImmediate))
        {
            Push(() => StoreImmediate(op->Immediate));
        }
        else
        {
            Push(() => assembler.Store(HostOperand.At(Address), HostOf(op->Source)));
        }

        return true;
    }

    private bool TryPop()
    {
        if (Bytes != 4 || !HasFlatStack) return false;
        PopIntoAddress();
        assembler.LoadAddress(Esp, HostOperand.At(Esp, 4));
        assembler.Move(HostOf(op->Destination), Address);
        return true;
    }

    private bool TryLeave()
    {
        if (Bytes != 4 || !HasFlatStack) return false;
        assembler.Move(Address, Ebp);
        Check(4, write: false, segmented: false);
        assembler.Load(Address, HostOperand.At(Address));
        assembler.LoadAddress(Esp, HostOperand.At(Ebp, 4));
        assembler.Move(Ebp, Address);
        return true;
    }

    /// <summary>Keeps the checked operand while another one is checked.</summary>
    private void KeepOperand()
    {
        assembler.Load(Address, HostOperand.At(Address));
        assembler.Store(InState(ScratchOffset), Address);
    }

    private void Push(Action store)
    {
        assembler.LoadAddress(Address, HostOperand.At(Esp, -4));
        Check(4, write: true, segmented: false);
        store();
        assembler.LoadAddress(Esp, HostOperand.At(Esp, -4));
    }

    private void StoreImmediate(uint value)
    {
        assembler.Op(4, 0xC7, 0, HostOperand.At(Address));
        assembler.Int32((int)value);
    }

    private void PopIntoAddress()
    {
        assembler.Move(Address, Esp);
        Check(4, write: false, segmented: false);
        assembler.Load(Address, HostOperand.At(Address));
    }

    /// <summary>Goes to the block at the address in the address register.</summary>
    private void JumpToRegister()
    {
        assembler.Move(Other, Address);
        assembler.Shift(4, 5, HostOperand.Of(Other), 12);
        assembler.Op(4, 0x33, Other, HostOperand.Of(Address));
        assembler.Arithmetic(4, 4, HostOperand.Of(Other), JumpCache.Entries - 1);
        assembler.Shift(4, 4, HostOperand.Of(Other), 4);
        assembler.Op(8, 0x03, Other, InState(JumpsOffset));
        assembler.Op(4, 0x3B, Address, HostOperand.At(Other, 8));
        assembler.Land(assembler.Jump(5), entry.JumpExit);
        assembler.Move64(Other, HostOperand.At(Other));
        assembler.Op(4, 0xFF, 4, HostOperand.At(Other, CodeOffset));
    }

    private void JumpToConstant(uint eip)
    {
        int offset = (int)JumpCache.Index(eip) * sizeof(Link);
        assembler.Move64(Other, InState(JumpsOffset));
        assembler.MoveImmediate(Address, eip);
        assembler.Op(4, 0x3B, Address, HostOperand.At(Other, offset + 8));
        assembler.Land(assembler.Jump(5), entry.JumpExit);
        assembler.Move64(Other, HostOperand.At(Other, offset));
        assembler.Op(4, 0xFF, 4, HostOperand.At(Other, CodeOffset));
    }
}
