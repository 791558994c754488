using System.Runtime.InteropServices;
using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

/// <summary>All translated blocks, by physical address, linear address and mode; and for each frame the blocks that a write to it ends.</summary>
/// <remarks>
/// A dropped block stays in memory until everything is forgotten at once, so whoever still runs it or leads to it comes to no harm:
/// its first operation becomes <see cref="Flow.Dropped"/>.
/// </remarks>
internal sealed unsafe class TranslationCache(Mmu mmu, JumpCache jumps, GuestMemory memory, CompiledCode? compiled = null) : IDisposable
{
    private const int Buckets = 1 << 16;

    private readonly Block** buckets = (Block**)NativeMemory.AllocZeroed(Buckets, (nuint)sizeof(Block*));
    private readonly Block*[] firstInFrame = new Block*[memory.FrameLimit];

    /// <summary>For each frame, which of its 64-byte pieces hold code.</summary>
    private readonly ulong[] coverage = new ulong[memory.FrameLimit];
    private readonly Arena arena = new();
    private readonly Translator translator = new();

    /// <summary>The blocks' machine code; null if everything runs in chains.</summary>
    public CompiledCode? Compiled => compiled;

    /// <summary>The block at eip, translated now if need be.</summary>
    /// <returns>Null if fetching it raised a fault.</returns>
    public Block* Find(CpuState* cpu, CpuMode mode)
    {
        uint eip = cpu->Registers.Eip;
        uint linear = cpu->Cs.Base + eip;
        if (!cpu->Cs.Contains(eip, 1))
        {
            CpuState.Raise(cpu, Vector.GeneralProtection);
            return null;
        }

        if (!mmu.TryFetch(cpu, linear, out byte* code)) return null;
        uint physical = mmu.PhysicalOf(code);

        // After a change of the address space most blocks are where they were.
        Block* block = JumpCache.LastKnown(cpu->Jumps, eip);
        if (block != null && block->Eip == eip && block->Physical == physical && block->Mode == mode && !block->Straddles && !block->Dropped && (mode & CpuMode.FlatCode) != 0) return block;
        block = buckets[Bucket(physical, eip)];
        for (; block != null; block = block->NextInBucket)
        {
            if (block->Physical != physical || block->Eip != eip || block->Mode != mode) continue;
            if (!block->Straddles) break;
            if (!ReachesNextPage(cpu, mode, eip)) return null;
            if (!mmu.TryFetch(cpu, (linear & TlbEntry.PageMask) + GuestMemory.PageSize, out byte* second)) return null;
            if (mmu.PhysicalOf(second) >> GuestMemory.PageShift == block->SecondFrame) break;
        }

        if (block == null)
        {
            if (arena.IsFull) Forget(cpu);
            block = translator.Translate(cpu, mmu, eip, mode, code, arena);
            if (block == null) return null;
            Add(block);
        }

        if ((mode & CpuMode.FlatCode) == 0 && !cpu->Cs.Contains(eip, block->Bytes))
        {
            CpuState.Raise(cpu, Vector.GeneralProtection);
            return null;
        }

        return block;
    }

    /// <summary>May an instruction go on in the next page, as far as its segment is concerned? That counts before the page does.</summary>
    public static bool ReachesNextPage(CpuState* cpu, CpuMode mode, uint eip) =>
        (mode & CpuMode.FlatCode) != 0
        || cpu->Cs.Contains(eip, InstructionReader.BytesInPage(cpu->Cs.Base + eip) + 1)
        || CpuState.Raise(cpu, Vector.GeneralProtection);

    /// <summary>Drops the blocks that a write inside one page has changed.</summary>
    public void DropOverwritten(CpuState* cpu, uint physical, uint bytes)
    {
        uint frame = physical >> GuestMemory.PageShift;
        uint first = physical & GuestMemory.PageSize - 1;
        if ((coverage[frame] & Pieces(first, bytes)) == 0) return;
        Drop(cpu, frame, first, bytes);
    }

    /// <summary>Drops all blocks of a frame, which the host is about to write.</summary>
    public void DropFrame(CpuState* cpu, uint frame) => Drop(cpu, frame, 0, GuestMemory.PageSize);

    /// <summary>Drops the blocks that may hold an instruction at these linear addresses, in whatever address space.</summary>
    public void DropLinear(CpuState* cpu, WatchRange addresses)
    {
        for (uint frame = 0; frame < firstInFrame.Length; frame++)
        {
            while (FirstAt(frame, addresses) is var block && block != null)
            {
                (uint first, uint bytes) = Extent(block, frame);
                Drop(cpu, frame, first, bytes);
            }
        }
    }

    /// <summary>Drops the blocks in which these instructions may be, in whatever address space: from now on each begins a block.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="addresses">Linear addresses in rising order.</param>
    public void DropAt(CpuState* cpu, ReadOnlySpan<uint> addresses)
    {
        if (addresses.IsEmpty) return;
        for (uint frame = 0; frame < firstInFrame.Length; frame++)
        {
            bool any = false;
            for (Block* block = firstInFrame[frame]; block != null; block = NextInFrame(block, frame))
            {
                // Where code segments do not start at 0, an eip does not tell the address.
                if ((block->Mode & CpuMode.FlatCode) != 0 && !IsAnyIn(addresses, block->Eip, block->Bytes)) continue;
                block->Dropped = true;
                any = true;
            }

            if (any) Settle(cpu, frame, overwritten: false);
        }
    }

    /// <summary>Forgets every block. Only when none is running.</summary>
    public void Forget(CpuState* cpu)
    {
        NativeMemory.Clear(buckets, (nuint)(Buckets * sizeof(Block*)));
        for (uint frame = 0; frame < firstInFrame.Length; frame++)
        {
            if (firstInFrame[frame] == null) continue;
            firstInFrame[frame] = null;
            coverage[frame] = 0;
            mmu.UnprotectCode(frame);
        }

        jumps.ForgetBlocks();
        cpu->Unlinked = null;
        compiled?.Forget();
        arena.Reset();
    }

    public void Dispose()
    {
        compiled?.Dispose();
        translator.Dispose();
        arena.Dispose();
        NativeMemory.Free(buckets);
    }

    private static uint Bucket(uint physical, uint eip) => (physical * 0x9E3779B1 ^ eip) >> 12 & Buckets - 1;

    private static ulong Pieces(uint first, uint bytes)
    {
        int low = (int)(first >> 6);
        int high = (int)(first + bytes - 1 >> 6);
        return ulong.MaxValue >> 63 - high & ulong.MaxValue << low;
    }

    /// <summary>Whether a part of a block lies at the given offsets of a frame.</summary>
    private static bool IsAt(Block* block, uint frame, uint first, uint bytes)
    {
        (uint start, uint length) = Extent(block, frame);
        if (start < first + bytes && first < start + length) return true;
        return IsTwiceInFrame(block) && first < block->Bytes - length;
    }

    /// <summary>The part of a block that lies in a frame, as offset and length; the first one if it lies there twice.</summary>
    private static (uint First, uint Bytes) Extent(Block* block, uint frame)
    {
        uint first = block->Physical & GuestMemory.PageSize - 1;
        if (!block->Straddles) return (first, block->Bytes);
        uint inFirst = GuestMemory.PageSize - first;
        return block->Physical >> GuestMemory.PageShift == frame ? (first, inFirst) : (0, block->Bytes - inFirst);
    }

    /// <summary>Whether both pages of a block are the same frame, so that its last bytes are the frame's first.</summary>
    private static bool IsTwiceInFrame(Block* block) => block->Straddles && block->SecondFrame == block->Physical >> GuestMemory.PageShift;

    private static ulong PiecesOf(Block* block, uint frame)
    {
        (uint first, uint bytes) = Extent(block, frame);
        return Pieces(first, bytes) | (IsTwiceInFrame(block) ? Pieces(0, block->Bytes - bytes) : 0);
    }

    private Block* FirstAt(uint frame, WatchRange addresses)
    {
        Block* block = firstInFrame[frame];
        // Where code segments do not start at 0, an eip does not tell the address.
        while (block != null && (block->Mode & CpuMode.FlatCode) != 0 && !addresses.Overlaps(block->Eip, block->Bytes)) block = NextInFrame(block, frame);
        return block;
    }

    private static ref Block* NextInFrame(Block* block, uint frame)
    {
        if (block->Physical >> GuestMemory.PageShift == frame) return ref block->NextInFrame;
        return ref block->NextInSecondFrame;
    }

    private void Add(Block* block)
    {
        ref Block* bucket = ref buckets[Bucket(block->Physical, block->Eip)];
        compiled?.Add(block);
        block->NextInBucket = bucket;
        bucket = block;
        AddToFrame(block, block->Physical >> GuestMemory.PageShift);
        if (block->Straddles && block->SecondFrame != block->Physical >> GuestMemory.PageShift) AddToFrame(block, block->SecondFrame);
    }

    private void AddToFrame(Block* block, uint frame)
    {
        NextInFrame(block, frame) = firstInFrame[frame];
        firstInFrame[frame] = block;
        coverage[frame] |= PiecesOf(block, frame);
        mmu.ProtectCode(frame);
    }

    private void Drop(CpuState* cpu, uint frame, uint first, uint bytes)
    {
        bool any = false;
        for (Block* block = firstInFrame[frame]; block != null; block = NextInFrame(block, frame))
        {
            if (!IsAt(block, frame, first, bytes)) continue;
            block->Dropped = true;
            any = true;
        }

        if (any) Settle(cpu, frame, overwritten: true);
    }

    /// <summary>Takes out the blocks of a frame that were just dropped.</summary>
    private void Settle(CpuState* cpu, uint frame, bool overwritten)
    {
        cpu->CodeDropped = true;
        for (Block* block = firstInFrame[frame]; block != null; block = NextInFrame(block, frame))
        {
            if (block->Dropped) Remove(cpu, block, frame, overwritten);
            else if (block->LinkSlot != 0) Unlink(block);
        }

        Sweep(frame);
    }

    /// <summary>Takes a dropped block out of every list but the given frame's, which is being walked.</summary>
    private void Remove(CpuState* cpu, Block* block, uint frame, bool overwritten)
    {
        compiled?.Remove(cpu, block, overwritten);
        Block** at = &buckets[Bucket(block->Physical, block->Eip)];
        while (*at != block) at = &(*at)->NextInBucket;
        *at = block->NextInBucket;
        Block.First(block)->Handler = Flow.SelectDropped().Fast;

        if (!block->Straddles) return;
        uint own = block->Physical >> GuestMemory.PageShift;
        if (own != frame) Sweep(own);
        else if (block->SecondFrame != frame) Sweep(block->SecondFrame);
    }

    private static bool IsAnyIn(ReadOnlySpan<uint> addresses, uint first, uint length)
    {
        int index = addresses.BinarySearch(first);
        if (index >= 0) return true;
        return ~index < addresses.Length && addresses[~index] - first < length;
    }

    /// <summary>Links lead to blocks of the same frame; the next use of one that was cut finds its way anew.</summary>
    private void Unlink(Block* block)
    {
        compiled?.Unlink(block);
        var links = (Link*)(Block.First(block) + block->LinkSlot);
        for (int i = 0; i < 2; i++)
        {
            if (links[i].Target == Link.OtherPage) continue;
            links[i].Target = null;
            links[i].Count = Link.Never;
        }
    }

    /// <summary>Takes dropped blocks out of a frame's list; a frame without code may be written freely again.</summary>
    private void Sweep(uint frame)
    {
        ulong covered = 0;
        Block* kept = null;
        Block* next;
        for (Block* block = firstInFrame[frame]; block != null; block = next)
        {
            next = NextInFrame(block, frame);
            if (block->Dropped) continue;
            NextInFrame(block, frame) = kept;
            kept = block;
            covered |= PiecesOf(block, frame);
        }

        firstInFrame[frame] = kept;
        coverage[frame] = covered;
        if (kept == null) mmu.UnprotectCode(frame);
    }
}
