using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

/// <summary>Repeated movs and stos upwards through flat segments: as much at once as lies within one page.</summary>
internal static unsafe class BulkStrings
{
    private const uint PageOffset = GuestMemory.PageSize - 1;

    /// <returns>Iterations done; 0 if this must go step by step.</returns>
    public static uint Try<TString, TSize>(CpuState* cpu, Operation* op, uint count) where TString : IString where TSize : IOperandSize
    {
        bool moves = typeof(TString) == typeof(MoveString);
        if (!moves && typeof(TString) != typeof(StoreString)) return 0;
        if ((cpu->Mode & CpuMode.FlatData) == 0 || op->Segment > SegmentNumber.Ds || op->Segment == SegmentNumber.Cs) return 0;
        if ((cpu->Registers.Eflags & Eflags.Direction) != 0 || (op->Traits & OperationTraits.ShortAddress) != 0) return 0;

        uint destination = cpu->Registers.Edi;
        uint source = cpu->Registers.Esi;
        count = Math.Min(count, (PageOffset + 1 - (destination & PageOffset)) / TSize.Bytes);
        if (moves) count = Math.Min(count, (PageOffset + 1 - (source & PageOffset)) / TSize.Bytes);
        if (count < 2) return 0;

        // Single steps show which element the host watches.
        Mmu mmu = CpuState.OwnerOf(cpu).Mmu;
        if (cpu->Watching && (IsWatched(mmu, destination) || (moves && IsWatched(mmu, source)))) return 0;

        // A fault, or a page of devices, is left to the single step, which knows what to report first.
        byte* from = null;
        if (moves && !mmu.TryRead(cpu, source, out from) || !mmu.TryWrite(cpu, destination, out byte* to))
        {
            if (cpu->Cause is ExitCause.Trap or ExitCause.Device) cpu->Cause = ExitCause.None;
            return 0;
        }

        uint bytes = count * TSize.Bytes;
        if (moves) Copy<TSize>(from, to, bytes);
        else Fill<TSize>(to, count, cpu->Registers.Eax);
        LongWay.NoteWrite(cpu, to, bytes);

        cpu->Registers.Edi += bytes;
        if (moves) cpu->Registers.Esi += bytes;
        cpu->Registers.Ecx -= count;
        return count;
    }

    private static bool IsWatched(Mmu mmu, uint linear) => mmu.Watches.IsInPage(linear & TlbEntry.PageMask, reading: false);

    private static void Copy<TSize>(byte* from, byte* to, uint bytes) where TSize : IOperandSize
    {
        bool overlapsAhead = to > from && to < from + bytes;
        if (!overlapsAhead)
        {
            Buffer.MemoryCopy(from, to, bytes, bytes);
            return;
        }

        // Each element must see what the one before it wrote: this is how programs repeat a pattern.
        for (uint i = 0; i < bytes; i += TSize.Bytes) TSize.Write(to + i, TSize.Read(from + i));
    }

    private static void Fill<TSize>(byte* to, uint count, uint value) where TSize : IOperandSize
    {
        if (TSize.Bits == 8) new Span<byte>(to, (int)count).Fill((byte)value);
        else if (TSize.Bits == 16) new Span<ushort>(to, (int)count).Fill((ushort)value);
        else new Span<uint>(to, (int)count).Fill(value);
    }
}
