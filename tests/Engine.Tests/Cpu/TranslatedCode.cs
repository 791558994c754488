using System.Runtime.InteropServices;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;

namespace LguestPS.Tests.Cpu;

/// <summary>Translates bytes without a CPU that could run them, to look at the operations.</summary>
internal sealed unsafe class TranslatedCode : IDisposable
{
    public const uint Start = 0x2000;

    private readonly GuestMemory memory = new(1 << 20, 0);
    private readonly JumpCache jumps = new();
    private readonly Translator translator = new();
    private readonly Arena arena = new();
    private readonly CpuState* state = (CpuState*)NativeMemory.AlignedAlloc((nuint)sizeof(CpuState), 64);
    private readonly Mmu mmu;

    public TranslatedCode()
    {
        *state = default;
        mmu = new Mmu(new Paging.PageTables(memory), jumps);
    }

    /// <summary>What the operations of the block at <see cref="Start"/> mean, its links left out.</summary>
    public List<Meaning> Translate(CpuMode mode, byte[] code)
    {
        memory.Write(Start, code);
        if (arena.IsFull) arena.Reset();
        Block* block = translator.Translate(state, mmu, Start, mode, memory.Base + Start, arena);
        var meanings = new List<Meaning>();
        for (int i = 0; i < block->Operations; i++)
            if (block->LinkSlot == 0 || i != block->LinkSlot) meanings.Add(HandlerTable.MeaningOf(Block.First(block) + i));
        return meanings;
    }

    public static void MeaningOfNothing()
    {
        Operation operation = default;
        HandlerTable.MeaningOf(&operation);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(state);
        arena.Dispose();
        translator.Dispose();
        mmu.Dispose();
        jumps.Dispose();
        memory.Dispose();
    }
}
