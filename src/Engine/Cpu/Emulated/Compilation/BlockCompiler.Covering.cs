using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>What a covered block begins with.</summary>
internal sealed unsafe partial class BlockCompiler
{
    private bool TryEmitCover()
    {
        assembler.Load(Other, InState(LastBlockOffset));
        assembler.Arithmetic(4, 6, HostOperand.Of(Other), (int)op->Immediate);
        assembler.Move64(Address, InState(EdgesOffset));
        assembler.Op(1, 0xFE, 0, HostOperand.At(Address, Other, 0, 0));
        assembler.Op(4, 0xC7, 0, InState(LastBlockOffset));
        assembler.Int32((int)(op->Immediate >> 1));
        return true;
    }
}
