using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>How control passes from one handler to the next.</summary>
/// <remarks>
/// A handler ends by calling the next one in tail position, which optimised code turns into a jump: a chain. What cannot be done
/// on the fast path leaves the chain by returning to <see cref="EmulatedCpu"/>'s loop: an operation to go on with, or null.
/// <para>
/// Code that is not optimised (Debug, tier 0) calls instead of jumping, and the same handlers then nest. That is harmless because
/// every chain ends with its slice of the budget; the loop measures how deep the last one went and keeps slices short while chains
/// nest (see <see cref="SliceGovernor"/>). So a host process that we do not control is safe whatever its runtime settings are, and fast as soon as its
/// code is optimised.
/// </para>
/// </remarks>
internal static unsafe class Flow
{
    /// <summary>Goes on with the next operation of the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Operation* Next(CpuState* cpu, Operation* op, TlbEntry* tlb)
    {
        op++;
        return op->Handler(cpu, op, tlb);
    }

    /// <summary>Goes to the block at the end of a link.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Operation* Follow(CpuState* cpu, Link* link, TlbEntry* tlb)
    {
        long left = cpu->Budget - link->Count;
        if (left < 0) return cpu->Depart(cpu, (Operation*)link, tlb);
        cpu->Budget = left;
        Operation* target = link->Target;
        return target->Handler(cpu, target, tlb);
    }

    /// <summary>Goes to the block at an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Operation* Jump(CpuState* cpu, uint eip, TlbEntry* tlb)
    {
        Link* entry = JumpCache.For(cpu->Jumps, eip);
        long left = cpu->Budget - entry->Count;
        if (entry->Eip != eip || left < 0)
        {
            cpu->Registers.Eip = eip;
            return cpu->Depart(cpu, null, tlb);
        }

        cpu->Budget = left;
        Operation* target = entry->Target;
        return target->Handler(cpu, target, tlb);
    }

    /// <summary>The end of a chain: back to the loop, with the block to go on with if the jump cache knows it.</summary>
    /// <param name="cpu">Its eip says where to, unless there is a link.</param>
    /// <param name="op">The <see cref="Link"/> that could not be followed, or null.</param>
    /// <param name="tlb">Not needed.</param>
    public static Operation* Depart(CpuState* cpu, Operation* op, TlbEntry* tlb)
    {
        byte here;
        cpu->StackMark = (nint)(&here);

        var link = (Link*)op;
        if (link != null)
        {
            cpu->Registers.Eip = link->Eip;
            if (link->Target == null)
            {
                cpu->Unlinked = link;
                return null;
            }
        }

        uint eip = cpu->Registers.Eip;
        Link* entry = JumpCache.For(cpu->Jumps, eip);
        if (entry->Eip != eip || cpu->Budget < entry->Count) return null;
        cpu->Budget -= entry->Count;
        return entry->Target;
    }

    /// <summary>Stops before this instruction, for a fault that has been raised.</summary>
    public static Operation* Fault(CpuState* cpu, Operation* op)
    {
        Block* block = Block.Of(op);
        OperationInfo* info = Block.InfoOf(op);
        cpu->Registers.Eip = block->Eip + info->Offset;
        cpu->Budget += block->Instructions - info->Ordinal;
        return null;
    }

    /// <summary>Raises a fault and stops before this instruction.</summary>
    public static Operation* Fault(CpuState* cpu, Operation* op, byte vector, uint errorCode = 0)
    {
        CpuState.Raise(cpu, vector, errorCode);
        return Fault(cpu, op);
    }

    /// <summary>Stops after this instruction.</summary>
    public static Operation* Leave(CpuState* cpu, Operation* op) => LeaveTo(cpu, op, NextEip(op));

    /// <summary>Counts this instruction as done and goes on at another address by way of the loop.</summary>
    public static Operation* LeaveTo(CpuState* cpu, Operation* op, uint eip)
    {
        OperationInfo* info = Block.InfoOf(op);
        cpu->Registers.Eip = eip;
        cpu->Budget += Block.Of(op)->Instructions - info->Ordinal - info->Count;
        return null;
    }

    public static uint EipOf(Operation* op) => Block.Of(op)->Eip + Block.InfoOf(op)->Offset;

    public static uint NextEip(Operation* op)
    {
        OperationInfo* info = Block.InfoOf(op);
        return Block.Of(op)->Eip + info->Offset + info->Length;
    }

    /// <summary>Stands in for the first operation of a block that was dropped while others still lead to it.</summary>
    public static Operation* Dropped(CpuState* cpu, Operation* op, TlbEntry* tlb)
    {
        Block* block = Block.Of(op);
        cpu->Registers.Eip = block->Eip;
        cpu->Budget += block->Instructions;
        return null;
    }

    public static HandlerPair SelectDropped() => new(new(OperationForm.Dropped), &Dropped);
}
