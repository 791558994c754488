using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Histories;
using LguestPS.Paging;
using LguestPS.Recordings;

namespace LguestPS.Tests.Histories;

/// <summary>Finds calls the plain way: one instruction after the other. It shares no rule with the question it is held against.</summary>
internal sealed class CallWalker(IReadOnlyDictionary<uint, string> functions)
{
    private readonly List<Begun> open = [];
    private readonly List<string> found = [];

    private sealed record Begun(string Function, long At, uint Slot, uint Directory, uint ReturnAddress);

    /// <summary>The calls between two counts of instructions, as text in rising order.</summary>
    public List<string> Walk(GuestHistory history, long from, long to)
    {
        using Replica replica = history.ReplicaAt(new RunPosition(0, from, 0L, 0));
        Guest guest = replica.Guest;
        while (guest.InstructionCount < to && !replica.IsAtEnd)
        {
            long count = guest.InstructionCount!.Value;
            GuestRegisters before = guest.Registers;
            uint directory = guest.Machine.PageDirectory;
            Return(before, directory, count);
            uint next = Word(guest, before.Esp);
            bool calls = Calls(guest, before.Eip);
            replica.Step(default);
            if (guest.InstructionCount == count) continue;        // it trapped, or the next part of a trap was done
            if (functions.TryGetValue(before.Eip, out string? function))
            {
                open.RemoveAll(call => call.Slot == before.Esp && IsSameSpace(call, directory, guest) && call.Function == function && Left(call));
                open.Add(new Begun(function, count, before.Esp, directory, next));
            }
            if (calls) open.RemoveAll(call => call.Slot == before.Esp - 4 && IsSameSpace(call, directory, guest) && Left(call));
        }
        foreach (Begun call in open) Left(call);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    public static string Text(GuestCall call) => Text(call.Symbol, call.Position.Instructions, call.Stack, call.ReturnAddress, call.End?.Instructions, call.Result);

    private static string Text(string function, long at, uint slot, uint returnAddress, long? end, uint? result) => $"{at:d10} {function} {slot:x} {returnAddress:x} {end} {result:x}";

    private static bool IsSameSpace(Begun call, uint directory, Guest guest) => call.Slot >= guest.Machine.PageOffset || call.Directory == directory;

    private void Return(in GuestRegisters registers, uint directory, long count)
    {
        for (int i = open.Count - 1; i >= 0; i--)
        {
            Begun call = open[i];
            if (call.ReturnAddress != registers.Eip || call.Slot + 4 != registers.Esp || (call.Slot < 0xC0000000 && call.Directory != directory)) continue;
            found.Add(Text(call.Function, call.At, call.Slot, call.ReturnAddress, count, registers.Eax));
            open.RemoveAt(i);
        }
    }

    private bool Left(Begun call)
    {
        found.Add(Text(call.Function, call.At, call.Slot, call.ReturnAddress, null, null));
        return true;
    }

    private static uint Word(Guest guest, uint linear)
    {
        byte[] bytes = new byte[4];
        LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, linear, bytes);
        return BitConverter.ToUInt32(bytes);
    }

    private static bool Calls(Guest guest, uint eip)
    {
        byte[] code = new byte[15];
        LinearMemory.ReadAvailable(guest.Machine.PageTables, guest.Machine.PageDirectory, eip, code);
        return Decoder.Create(32, code).Decode().Mnemonic == Mnemonic.Call;
    }
}
