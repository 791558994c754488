using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

/// <summary>Memory access with every check, for what the TLB cannot serve and for instructions too rare to deserve better.</summary>
internal static unsafe class LongWay
{
    private const uint PageOffset = GuestMemory.PageSize - 1;

    /// <summary>Opens an operand for reading at <see cref="CpuState.Operand"/>.</summary>
    /// <returns>False if a fault was raised, or the host watches it.</returns>
    public static bool OpenRead(CpuState* cpu, int segment, uint offset, uint bytes) =>
        Segmentation.Check(cpu, segment, offset, bytes, write: false) && OpenRead(cpu, CpuState.SegmentOf(cpu, segment)->Base + offset, bytes);

    public static bool OpenRead(CpuState* cpu, uint linear, uint bytes)
    {
        Mmu mmu = CpuState.OwnerOf(cpu).Mmu;
        if (cpu->Watching && !mmu.Watches.Permits(cpu, linear, bytes, write: false)) return false;
        if (!mmu.TryRead(cpu, linear, out byte* low)) return false;
        cpu->Operand = low;
        uint first = PageOffset + 1 - (linear & PageOffset);
        if (first >= bytes) return true;

        if (!mmu.TryRead(cpu, linear + first, out byte* high)) return false;
        cpu->Operand = cpu->Bounce;
        for (uint i = 0; i < bytes; i++) cpu->Operand[i] = i < first ? low[i] : high[i - first];
        return true;
    }

    /// <summary>Opens an operand for reading and writing at <see cref="CpuState.Operand"/>; <see cref="Written"/> must follow a write.</summary>
    public static bool OpenWrite(CpuState* cpu, int segment, uint offset, uint bytes) =>
        Segmentation.Check(cpu, segment, offset, bytes, write: true) && OpenWrite(cpu, CpuState.SegmentOf(cpu, segment)->Base + offset, bytes);

    public static bool OpenWrite(CpuState* cpu, uint linear, uint bytes)
    {
        Mmu mmu = CpuState.OwnerOf(cpu).Mmu;
        if (cpu->Watching && !mmu.Watches.Permits(cpu, linear, bytes, write: true)) return false;
        if (!mmu.TryWrite(cpu, linear, out byte* low)) return false;
        uint first = PageOffset + 1 - (linear & PageOffset);
        byte* high = null;
        if (first < bytes && !mmu.TryWrite(cpu, linear + first, out high)) return false;

        cpu->Store = new PendingStore { Low = low, High = high, Bytes = bytes, LowBytes = Math.Min(first, bytes) };
        cpu->Operand = low;
        if (high == null) return true;
        cpu->Operand = cpu->Bounce;
        for (uint i = 0; i < bytes; i++) cpu->Operand[i] = i < first ? low[i] : high[i - first];
        return true;
    }

    /// <summary>The operand opened last was written: puts both its parts in place and drops code that was overwritten.</summary>
    public static void Written(CpuState* cpu)
    {
        PendingStore store = cpu->Store;
        if (store.High != null)
        {
            for (uint i = 0; i < store.Bytes; i++)
            {
                if (i < store.LowBytes) store.Low[i] = cpu->Operand[i];
                else store.High[i - store.LowBytes] = cpu->Operand[i];
            }

            NoteWrite(cpu, store.High, store.Bytes - store.LowBytes);
        }

        NoteWrite(cpu, store.Low, store.LowBytes);
    }

    /// <summary>Guest memory inside one page was written: drops the code that was there.</summary>
    public static void NoteWrite(CpuState* cpu, byte* host, uint bytes)
    {
        EmulatedCpu owner = CpuState.OwnerOf(cpu);
        uint physical = owner.Mmu.PhysicalOf(host);
        if (owner.Mmu.HoldsCode(physical >> GuestMemory.PageShift)) owner.Translations.DropOverwritten(cpu, physical, bytes);
    }

    public static bool Read<TSize>(CpuState* cpu, int segment, uint offset, out uint value) where TSize : IOperandSize
    {
        value = 0;
        if (!OpenRead(cpu, segment, offset, TSize.Bytes)) return false;
        value = TSize.Read(cpu->Operand);
        return true;
    }

    public static bool Write<TSize>(CpuState* cpu, int segment, uint offset, uint value) where TSize : IOperandSize
    {
        if (!OpenWrite(cpu, segment, offset, TSize.Bytes)) return false;
        TSize.Write(cpu->Operand, value);
        Written(cpu);
        return true;
    }
}

/// <summary>A write that <see cref="LongWay"/> has opened.</summary>
internal unsafe struct PendingStore
{
    public byte* Low;

    /// <summary>The part in the next page, or null.</summary>
    public byte* High;
    public uint Bytes;
    public uint LowBytes;
}
