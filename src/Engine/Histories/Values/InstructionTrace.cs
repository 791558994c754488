using Iced.Intel;
using LguestPS.Cpu.Emulated;
using LguestPS.Paging;
using LguestPS.Recordings;

namespace LguestPS.Histories;

/// <summary>The instructions before a place of a run, done one by one: as many as somebody goes back over.</summary>
internal sealed class InstructionTrace(GuestHistory history, CancellationToken stop)
{
    private const int LongestInstruction = 15;

    /// <summary>So many instructions are looked at first, and then so many times as many.</summary>
    private const int First = 64, Growth = 8, Most = 1 << 18;

    private readonly List<Done> done = [];
    private RunPosition end;
    private long length;

    /// <summary>Whether it has come to where the recording begins.</summary>
    public bool ReachedStart => done.Count == 0 || done[0].Position == history.Start;

    /// <summary>Something that was done: an instruction, or what the host did between two.</summary>
    /// <param name="Instruction">The instruction; null for the host.</param>
    /// <param name="Position">Before it.</param>
    /// <param name="Before">The registers before it.</param>
    /// <param name="After">After it.</param>
    /// <param name="Pending">For the host, what it was about to do, in words.</param>
    public sealed record Done(DoneInstruction? Instruction, RunPosition Position, GuestRegisters Before, GuestRegisters After, string Pending);

    /// <summary>Goes back from a place over what was done, latest first.</summary>
    /// <returns>Ends where the recording begins, or when more was looked at than anybody has patience for.</returns>
    public IEnumerable<Done> Back(RunPosition from)
    {
        int index = IndexOf(from);
        while (true)
        {
            while (index > 0) yield return done[--index];
            if (done.Count > 0 && (done[0].Position == history.Start || length >= Most)) yield break;
            // What is known is done once more, from further back: it costs little beside what is new.
            Look(from, length == 0 ? First : length * Growth, out int found);
            index = found;
        }
    }

    private int IndexOf(RunPosition place)
    {
        if (done.Count == 0 || end.IsBefore(place) || place.IsBefore(done[0].Position) || place == done[0].Position)
        {
            done.Clear();
            length = 0;
            return 0;
        }
        int index = done.Count;
        while (index > 0 && !done[index - 1].Position.IsBefore(place)) index--;
        return index;
    }

    /// <param name="to">Where to end.</param>
    /// <param name="instructions">How many before that.</param>
    /// <param name="index">Where to go on going back: after the last that was not known.</param>
    private void Look(RunPosition to, long instructions, out int index)
    {
        RunPosition oldest = done.Count > 0 ? done[0].Position : to;
        List<Done> known = [.. done];
        done.Clear();
        length = instructions;
        long from = Math.Max(history.Start.Instructions, to.Instructions - instructions);
        using Replica replica = history.ReplicaAt(from == history.Start.Instructions ? history.Start : new RunPosition(0, from, 0L, 0), stop);
        while (replica.Position is var here && here.IsBefore(oldest) && !replica.IsAtEnd)
        {
            Done next = Do(replica);
            if (IsStuck(next, replica)) break;
            done.Add(next);
        }
        index = done.Count;
        done.AddRange(known);
        end = to;
    }

    /// <summary>The next instruction of a replica, done.</summary>
    /// <returns>What the host does instead, if the guest ends before it.</returns>
    public Done Next(Replica replica)
    {
        Done next = Do(replica);
        while (next.Instruction is null && !replica.IsAtEnd && !IsStuck(next, replica)) next = Do(replica);
        return next;
    }

    /// <summary>Whether nothing is left to be done: a guest that waits for input, where a recording was made up.</summary>
    private static bool IsStuck(Done last, Replica replica) => last.Instruction is null && replica.Position == last.Position && replica.Guest.IsHalted;

    private Done Do(Replica replica)
    {
        Guest guest = replica.Guest;
        RunPosition here = replica.Position;
        GuestRegisters before = guest.Cpu.Registers;
        byte[] code = new byte[LongestInstruction];
        int available = LinearMemory.ReadAvailable(guest.Machine.PageTables, guest.Machine.PageDirectory, before.Eip, code);
        string pending = Run.Pending.First(guest)?.Words(guest) ?? "an interrupt";
        replica.Step(stop);
        DoneInstruction? instruction = guest.Cpu.InstructionCount == here.Instructions ? null
            : new DoneInstruction(here, Decode(code, available, before.Eip), before, guest.Cpu.Registers, Bases((EmulatedCpu)guest.Cpu));
        return new Done(instruction, here, before, guest.Cpu.Registers, pending);
    }

    private static Instruction Decode(byte[] code, int length, uint eip)
    {
        Decoder decoder = Decoder.Create(32, new ByteArrayCodeReader(code, 0, length));
        decoder.IP = eip;
        return decoder.Decode();
    }

    private static Func<Register, uint> Bases(EmulatedCpu cpu)
    {
        (uint es, uint cs, uint ss, uint ds, uint fs, uint gs) = cpu.SegmentBases;
        return register => register switch { Register.ES => es, Register.CS => cs, Register.SS => ss, Register.FS => fs, Register.GS => gs, _ => ds };
    }
}
