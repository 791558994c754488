using Iced.Intel;
using LguestPS.Paging;

namespace LguestPS.Run;

/// <summary>The instruction that a guest runs next, and what it does to the flow of control.</summary>
internal static class NextInstruction
{
    private const int Longest = 15;

    /// <summary>It, or an invalid one if nothing is mapped there.</summary>
    public static Instruction Of(Guest guest)
    {
        byte[] code = new byte[Longest];
        LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, guest.Cpu.Registers.Eip, code);
        Decoder decoder = Decoder.Create(32, code);
        decoder.IP = guest.Cpu.Registers.Eip;
        decoder.Decode(out Instruction instruction);
        return instruction;
    }

    /// <summary>Whether something comes back from it: a call, or a software interrupt of the guest's own.</summary>
    public static bool Calls(in Instruction next)
    {
        bool isHypercall = next.Code is Code.Vmcall or Code.Vmmcall || (next.Code == Code.Int_imm8 && next.Immediate8 == Cpu.Vector.Hypercall);
        return !isHypercall && next.FlowControl is FlowControl.Call or FlowControl.IndirectCall or FlowControl.Interrupt;
    }
}
