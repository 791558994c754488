namespace LguestPS.Cpu.Emulated;

/// <summary>Being observed: somebody is told of instructions and accesses in the middle of a run.</summary>
internal sealed unsafe partial class EmulatedCpu
{
    private IObserver? observer;
    private bool isRepeating;

    /// <summary>Has somebody look on from now on, in place of whoever did.</summary>
    /// <param name="onlooker">Who is told; null for nobody.</param>
    /// <param name="instructions">Linear addresses of instructions.</param>
    /// <param name="memory">Ranges for Read and Write.</param>
    public void Observe(IObserver? onlooker, IReadOnlyCollection<uint> instructions, IReadOnlyList<WatchRange> memory)
    {
        observer = onlooker;
        isRepeating = false;
        uint[] fresh = [.. instructions.Where(address => !Mmu.Watches.Observed.Contains(address)).Distinct().Order()];
        Mmu.Watches.Observed.Clear();
        foreach (uint address in instructions) Mmu.Watches.Observed.Add(address);
        Translations.DropAt(state, fresh);
        Watch(memory);
    }

    /// <summary>Observes another instruction. The observer may call this.</summary>
    public void ObserveAlso(uint instruction)
    {
        if (!Mmu.Watches.Observed.Add(instruction)) return;
        Translations.DropAt(state, [instruction]);
        Mmu.ForgetWays();
    }

    /// <summary>A word of memory as the guest's current privilege and address space have it; changes nothing.</summary>
    public bool TryPeek(uint linear, out uint value) => Mmu.TryPeek(state, linear, out value);

    /// <summary>The bases of the segments, between two instructions; as of the last run.</summary>
    public (uint Es, uint Cs, uint Ss, uint Ds, uint Fs, uint Gs) SegmentBases => (state->Es.Base, state->Cs.Base, state->Ss.Base, state->Ds.Base, state->Fs.Base, state->Gs.Base);

    /// <summary>Whether whoever looks on is told of the block at eip.</summary>
    private bool IsObserved(Block* block) => observer is not null && Mmu.Watches.Observed.Contains(state->Cs.Base + block->Eip);

    private void RunObserved(Block* block)
    {
        long before = InstructionCount;
        // The iterations of a repeated instruction are one.
        bool isAgain = isRepeating;
        if (!isAgain) observer!.Before(state->Cs.Base + block->Eip);
        RunFrom(block);
        bool isDone = InstructionCount != before;
        isRepeating = isDone && state->Repeating;
        if (!isDone && !isAgain) observer!.NotDone();
    }
}
