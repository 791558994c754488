namespace LguestPS.Cpu.Emulated;

/// <summary>What a covered block begins with: it notes that it was entered, and from where. It stands for no instruction.</summary>
internal static unsafe class Covering
{
    public static HandlerPair Select() => new(new(OperationForm.Cover), &Cover);

    private static Operation* Cover(CpuState* cpu, Operation* op, TlbEntry* tlb)
    {
        cpu->Edges[cpu->LastBlock ^ op->Immediate]++;
        cpu->LastBlock = op->Immediate >> 1;
        return Flow.Next(cpu, op, tlb);
    }
}
