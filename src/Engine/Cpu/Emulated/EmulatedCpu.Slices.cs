namespace LguestPS.Cpu.Emulated;

/// <summary>Running: slices of a budget, entered at a block and left where something stops the guest or asks to look.</summary>
internal sealed unsafe partial class EmulatedCpu
{
    /// <summary>Whether the last slice ended because it was used up: where it did, the guest is likely to be often.</summary>
    private bool ranOut;

    private CpuExit RunSlices(long budget)
    {
        long remaining = budget;
        while (remaining > 0)
        {
            if (kicked)
            {
                kicked = false;
                Mmu.Watches.EndPass(state);
                return remaining == budget ? CpuExit.KickedAtOnce : CpuExit.Kicked;
            }

            bool traced = (state->Registers.Eflags & Eflags.Trap) != 0;
            Watchpoints watches = Mmu.Watches;
            bool continuing = watches.Repeat is { } repeat && repeat.Eip == state->Registers.Eip;
            bool single = traced || watches.IsPassing || continuing;
            state->RepeatLimit = traced || watches.IsPassing ? 1 : continuing ? watches.Repeat!.Value.Left : IterationsPerInstruction;
            if (!watches.IsPassing) watches.Repeat = null;
            state->RepeatLeft = 0;
            state->Repeating = false;
            long bound = Samples is null ? remaining : Math.Min(remaining, Samples.Distance(retired));
            state->Slice = single ? 1 : Math.Min(bound, slices.Limit);
            state->Reserve = single ? 0 : Math.Min(bound, SliceGovernor.LongestCompiled) - state->Slice;
            state->Budget = state->Slice;
            state->StackLoaded = false;
            RunSlice(single ? 1 : bound);        // one instruction is the whole of such a slice
            long done = state->Slice - state->Budget;
            WatchedAccess? watched = watches.IsPassing || state->Cause == ExitCause.Watched ? TakeWatched(ref done) : null;
            retired += done;
            remaining -= done;
            Samples?.Note(retired, state->Registers.Eip, state->PrivilegeLevel);
            state->Slice = state->Budget = 0;

            bool debugTrap = traced && done > 0 && !state->StackLoaded;
            if (watched is not null && watched.Access != MemoryAccess.Execute && observer is not null)
            {
                observer.Accessed(watched, isCounted: done > 0);
                watched = null;
            }
            if (watched is not null && debugTrap) Mmu.Watches.Late = watched;
            else if (watched is not null) return CpuExit.At(watched, ranNothing: remaining == budget && watched.Access == MemoryAccess.Execute);
            if (state->Cause != ExitCause.None) return TakeExit();
            if (debugTrap) return CpuExit.Trap(Vector.Debug);
        }

        return CpuExit.Budget;
    }

    /// <summary>Reports a watched instruction, or an access after the instruction that did it; sees to it that this instruction runs alone.</summary>
    private WatchedAccess? TakeWatched(ref long done)
    {
        Watchpoints watches = Mmu.Watches;
        if (state->Cause == ExitCause.Watched)
        {
            state->Cause = ExitCause.None;
            if (watches.IsBeforeInstruction) return watches.Take();
            watches.BeginPass(state);
            return null;
        }

        watches.EndPass(state);
        WatchedAccess? access = watches.Take();
        if (done == 0) return null;        // it trapped, and will come back
        // One iteration of a repeated instruction is not one more instruction than there would be unwatched.
        if (state->Repeating && watches.Repeat is { Left: > 1 } repeat)
        {
            watches.Repeat = repeat with { Left = repeat.Left - 1 };
            done = 0;
        }
        else
        {
            watches.Repeat = null;
        }

        return access;
    }

    /// <summary>Runs until the slice is used up or something stops the guest.</summary>
    private void RunSlice(long remaining)
    {
        byte here;
        state->StackMark = (nint)(&here);
        bool isSample = ranOut;
        ranOut = false;
        while (state->Cause == ExitCause.None && state->Budget > 0 && !kicked)
        {
            // popf and iret may have turned tracing on: that is for the next slice, of one instruction.
            if (state->Slice != 1 && (state->Registers.Eflags & Eflags.Trap) != 0) break;

            if (Mmu.Watches.HasCode && Mmu.Watches.StopsBefore(state))
            {
                state->Cause = ExitCause.Watched;
                break;
            }

            state->CodeDropped = false;
            // A slice mostly begins where one began before: then it is known without a look whether that code is still what was translated.
            if (state->Unlinked == null && !isInsideBlock && !Mmu.Watches.HasCode && JumpCache.Known(state->Jumps, state->Registers.Eip, state->Budget) is var known && known != null)
            {
                Translations.Compiled?.Note(state, known, isSample);
                isSample = false;
                RunFrom(known);
                continue;
            }

            if (!TryFindBlock(out Block* block, remaining, out bool isApart) || block == null) break;
            bool isFlat = (block->Mode & CpuMode.FlatCode) != 0;
            if (!isFlat && !NearTransfers.StayInside(state, block)) break;
            if (Counts is { } counts)
            {
                EnterCounted(block, counts);
                continue;
            }
            // Code that is not flat stays in chains, whose meaning is known.
            if (isFlat) Translations.Compiled?.Note(state, block, isSample);
            isSample = false;
            if (Mmu.Watches.HasCode && Mmu.Watches.IsCode(state->Cs.Base + block->Eip)) EnterWatched(block);
            else if (isApart) RunFrom(block);
            else Enter(block);
        }

        ranOut = state->Cause == ExitCause.None && state->Budget == 0;
        state->Unlinked = null;
        slices.Observe((nint)(&here) - state->StackMark);
    }

    private void Enter(Block* block)
    {
        Operation* op = Block.First(block);
        if ((block->Mode & (CpuMode.FlatCode | CpuMode.SingleStep)) == CpuMode.FlatCode)
        {
            Link* link = state->Unlinked;
            if (link != null && !block->Straddles) *link = new Link { Target = op, Eip = block->Eip, Count = block->Instructions };
            else jumps.Add(state->Jumps, block);
        }

        RunFrom(block);
    }

    /// <summary>Leads no other way to a block than this one, by which the next who comes is seen.</summary>
    private void EnterWatched(Block* block)
    {
        long before = InstructionCount;
        if (IsObserved(block)) RunObserved(block);
        else RunFrom(block);
        if (InstructionCount != before && !state->Repeating) Mmu.Watches.Done();
    }

    /// <summary>Runs one block, which leads to no other, so that each is seen; none becomes machine code.</summary>
    private void EnterCounted(Block* block, CodeCounts counts)
    {
        (uint eip, int level, long before) = (state->Cs.Base + block->Eip, state->PrivilegeLevel, state->Budget);
        RunFrom(block);
        if (before != state->Budget) counts.Add(eip, level, before - state->Budget);
        if (Mmu.Watches.HasCode && Mmu.Watches.IsCode(eip) && before != state->Budget && !state->Repeating) Mmu.Watches.Done();
    }

    private void RunFrom(Block* block)
    {
        Operation* op = Block.First(block);
        state->Unlinked = null;
        state->Budget -= block->Instructions;
        do op = op->Handler(state, op, state->Tlb);
        while (op != null);
    }

    private CpuExit TakeExit()
    {
        isInsideBlock = false;
        return state->Cause switch
        {
            ExitCause.Dead => CpuExit.Dead(Mmu.DeathReason),
            ExitCause.Device => CpuExit.DeviceAccess(state->ErrorCode, state->FaultAddress),
            _ => CpuExit.Trap(state->Vector, state->ErrorCode, state->FaultAddress),
        };
    }
}
