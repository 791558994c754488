using Iced.Intel;
using LguestPS.Histories;
using LguestPS.Paging;

namespace LguestPS.Tests.Histories;

/// <summary>Finds accesses to memory the plain way: one instruction after the other, by what each says of its operands.</summary>
internal static class AccessWalker
{
    private const int RegisterCount = 8;

    /// <summary>The accesses to a range between two counts of instructions, as text; one line for each instruction.</summary>
    public static List<string> Walk(GuestHistory history, uint address, uint length, long from, long to)
    {
        using Replica replica = history.ReplicaAt(new RunPosition(0, from, 0L, 0));
        Guest guest = replica.Guest;
        InstructionInfoFactory factory = new();
        List<string> found = [];
        while (guest.InstructionCount < to && !replica.IsAtEnd)
        {
            long count = guest.InstructionCount!.Value;
            GuestRegisters registers = guest.Registers;
            byte[] code = new byte[15];
            LinearMemory.ReadAvailable(guest.Machine.PageTables, guest.Machine.PageDirectory, registers.Eip, code);
            Decoder decoder = Decoder.Create(32, code);
            decoder.IP = registers.Eip;
            decoder.Decode(out Instruction instruction);
            replica.Step(default);
            if (guest.InstructionCount == count) continue;        // it trapped, or the next part of a trap was done
            if (registers.Eip - address < length) found.Add($"{count} {registers.Eip:x} Execute");
            MemoryAccess seen = MemoryAccess.None;
            foreach (UsedMemory memory in factory.GetInfo(instruction).GetUsedMemory())
            {
                if (memory.Access is OpAccess.None or OpAccess.NoMemAccess) continue;
                uint first = Linear(memory, registers);
                uint size = (uint)Math.Max(1, memory.MemorySize.GetSize());
                if (instruction.HasRepPrefix || instruction.HasRepnePrefix) size *= registers.Ecx;
                if (!(first - address < length || address - first < size)) continue;
                seen |= memory.Access switch
                {
                    OpAccess.Read or OpAccess.CondRead => MemoryAccess.Read,
                    OpAccess.Write or OpAccess.CondWrite => MemoryAccess.Write,
                    _ => MemoryAccess.Read | MemoryAccess.Write,
                };
            }
            if (seen != MemoryAccess.None) found.Add($"{count} {registers.Eip:x} {seen}");
        }
        return found;
    }

    private static uint Linear(in UsedMemory memory, in GuestRegisters registers)
    {
        ReadOnlySpan<uint> values = [registers.Eax, registers.Ecx, registers.Edx, registers.Ebx, registers.Esp, registers.Ebp, registers.Esi, registers.Edi];
        uint linear = (uint)memory.Displacement;
        if (memory.Base.GetNumber() is var based && memory.Base != Register.None && based < RegisterCount) linear += values[based];
        if (memory.Index.GetNumber() is var indexed && memory.Index != Register.None && indexed < RegisterCount) linear += values[indexed] * (uint)memory.Scale;
        return linear;
    }
}
