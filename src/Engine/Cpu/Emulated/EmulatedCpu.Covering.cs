namespace LguestPS.Cpu.Emulated;

/// <summary>Noting which ways through its code the guest takes.</summary>
internal sealed unsafe partial class EmulatedCpu
{
    /// <summary>The last instruction ran alone, so what is next may lie in the middle of a block: where a run is cut off is no place of the code.</summary>
    private bool isInsideBlock;

    public override CoverageMap? Coverage
    {
        get;
        set
        {
            if (field == value) return;
            field = value;
            Translations.Forget(state);
            Mmu.FlushAll();
            state->Edges = value is null ? null : value.Counts;
            SegmentsChanged();
        }
    }

    /// <summary>The block at eip, or only its first instruction where the budget does not reach farther.</summary>
    /// <param name="block">The block; null if fetching it raised a fault.</param>
    /// <param name="remaining">What is left of the whole budget.</param>
    /// <param name="isApart">Whether nothing may lead to it later: it is not where code goes.</param>
    /// <returns>False if a new slice reaches farther.</returns>
    private bool TryFindBlock(out Block* block, long remaining, out bool isApart)
    {
        isApart = isInsideBlock;
        isInsideBlock = false;
        block = Translations.Find(state, isApart ? state->Mode & ~CpuMode.Covered : state->Mode);
        if (block == null || block->Instructions <= state->Budget) return true;
        if (state->Budget < remaining - (state->Slice - state->Budget))
        {
            isInsideBlock = isApart;
            return false;
        }

        isApart = isInsideBlock = Coverage is not null;
        state->Unlinked = null;
        block = Translations.Find(state, state->Mode & ~CpuMode.Covered | CpuMode.SingleStep);
        return true;
    }
}
