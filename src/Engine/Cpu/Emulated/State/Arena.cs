using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Memory for blocks: only ever given out, then forgotten as a whole.</summary>
internal sealed unsafe class Arena : IDisposable
{
    private const int FirstChunk = 256 * 1024;
    private const int LargestChunk = 4 * 1024 * 1024;
    private const int Alignment = 64;
    private const long Limit = 64 * 1024 * 1024;

    /// <summary>The newest chunk; each begins with the address of the one before.</summary>
    private byte** newest;
    private int chunkSize = FirstChunk;
    private byte* next;
    private byte* end;
    private long used;

    /// <summary>Time to forget everything.</summary>
    public bool IsFull => used > Limit;

    /// <summary>Room for a block and its operations.</summary>
    public Block* AllocateBlock(int operations)
    {
        int bytes = sizeof(Block) + operations * (sizeof(Operation) + sizeof(OperationInfo)) + 31 & ~31;
        if (next + bytes > end) Grow();
        Block* block = (Block*)next;
        next += bytes;
        used += bytes;
        return block;
    }

    public void Reset()
    {
        while (newest != null)
        {
            byte** chunk = newest;
            newest = (byte**)*chunk;
            NativeMemory.AlignedFree(chunk);
        }

        chunkSize = FirstChunk;
        next = end = null;
        used = 0;
    }

    public void Dispose() => Reset();

    private void Grow()
    {
        byte** chunk = (byte**)NativeMemory.AlignedAlloc((nuint)chunkSize, Alignment);
        *chunk = (byte*)newest;
        newest = chunk;
        next = (byte*)chunk + Alignment;
        end = (byte*)chunk + chunkSize;
        chunkSize = Math.Min(chunkSize * 2, LargestChunk);
    }
}
