using System.Text;
using Iced.Intel;
using LguestPS.Segments;

namespace LguestPS.Tests.Cpu;

/// <summary>Compares what two processors made of one case.</summary>
internal static class Judge
{
    private const uint PageFault = 14, FetchBit = 0x10;
    private const uint ComparedFlags = SnippetGenerator.Arithmetic | SnippetGenerator.Direction | 0x247300;     // TF IF IOPL NT AC ID

    private static readonly string[] names = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];

    /// <returns>The first difference in words, or null if they agree.</returns>
    public static string? Difference(TestCase test, Outcome mine, Outcome truth)
    {
        OutcomeHead m = mine.Head, t = truth.Head;
        if (Agree(mine, truth) || IsOpen(test, m, t)) return null;
        if (m.Trap != t.Trap) return $"trap {m.Trap} instead of {t.Trap}";
        if (m.Eip != t.Eip) return $"eip {m.Eip:x8} instead of {t.Eip:x8}";
        // A processor with NX says in bit 4 that it was fetching; an i686 does not know the bit.
        uint error = t.Trap == PageFault ? t.Error & ~FetchBit : t.Error;
        if (m.Error != error) return $"error code {m.Error:x} instead of {error:x}";
        if (t.Trap == PageFault && m.Address != t.Address) return $"fault address {m.Address:x8} instead of {t.Address:x8}";
        for (int i = 0; i < 8; i++)
            if (m.Gpr[i] != t.Gpr[i]) return $"{names[i]} {m.Gpr[i]:x8} instead of {t.Gpr[i]:x8}";
        uint flags = (m.Eflags ^ t.Eflags) & ComparedFlags & ~test.UndefinedAt(t.Eip);
        if (flags != 0) return $"eflags {m.Eflags:x} instead of {t.Eflags & ~0x10000u:x}, wrong {flags:x}";
        ReadOnlySpan<ushort> mySegments = [m.Es, m.Cs, m.Ss, m.Ds, m.Fs, m.Gs], segments = [t.Es, t.Cs, t.Ss, t.Ds, t.Fs, t.Gs];
        for (int i = 0; i < mySegments.Length; i++)
            if (mySegments[i] != segments[i] && !WasInterrupted(mySegments[i], segments[i])) return $"selectors {Hex(mySegments)} instead of {Hex(segments)}";
        if (!mine.Changed.AsSpan().SequenceEqual(truth.Changed) && !LeavesPartialWrites(test, t))
            return $"memory {Runs(mine.Changed)} instead of {Runs(truth.Changed)}";
        return null;
    }

    /// <summary>Whether they agree in everything, defined or not.</summary>
    private static bool Agree(Outcome mine, Outcome truth)
    {
        OutcomeHead m = mine.Head, t = truth.Head;
        return m.Trap == t.Trap && m.Eip == t.Eip && m.Error == (t.Trap == PageFault ? t.Error & ~FetchBit : t.Error) && (t.Trap != PageFault || m.Address == t.Address)
            && ((m.Eflags ^ t.Eflags) & ComparedFlags) == 0 && (m.Es, m.Cs, m.Ss, m.Ds, m.Fs, m.Gs) == (t.Es, t.Cs, t.Ss, t.Ds, t.Fs, t.Gs)
            && ((ReadOnlySpan<uint>)m.Gpr).SequenceEqual(t.Gpr) && mine.Changed.AsSpan().SequenceEqual(truth.Changed);
    }

    /// <summary>True for a null selector without its privilege bits: it loses them whenever the host takes an interrupt and returns from it.</summary>
    private static bool WasInterrupted(ushort mine, ushort truth) => truth == 0 && SegmentRules.IsNull(mine);

    /// <summary>All there is to know about a difference.</summary>
    public static string Report(TestCase test, string difference, Outcome mine, Outcome truth)
    {
        var text = new StringBuilder($"{difference}\n{test.Disassembly()}\n");
        EightRegisters gpr = default;
        test.Gpr.CopyTo((Span<uint>)gpr);
        var start = new OutcomeHead { Gpr = gpr, Eflags = test.Eflags, Eip = test.Eip, Es = test.Es, Ds = test.Ds, Fs = test.Fs, Gs = test.Gs, Cs = test.Cs, Ss = test.Ss };
        text.Append($"    before   {State(start)}\n");
        foreach (Patch patch in test.Patches) text.Append($"             [{Oracle.DataBase + patch.Offset:x8}] = {Convert.ToHexString(patch.Bytes)}\n");
        text.Append($"    emulated {State(mine.Head)}{Trap(mine.Head)} {Runs(mine.Changed)}\n");
        text.Append($"    real     {State(truth.Head)}{Trap(truth.Head)} {Runs(truth.Changed)}\n");
        if (test.FlushFirst) text.Append("    (with a flush before)\n");
        return text.ToString();
    }

    /// <summary>True if the manuals leave it to the processor which fault it is, and of which access.</summary>
    private static bool IsOpen(TestCase test, in OutcomeHead mine, in OutcomeHead truth)
    {
        // The last bytes below 4 GiB: "may or may not cause the indicated exceptions" (SDM volume 3, 5.3).
        if (mine.Trap == PageFault && mine.Address >= 0xFFFFFFF0 && truth.Trap is 12 or 13) return true;
        if (truth.Trap == PageFault && FillsItsSlotAsItLikes(test.Pieces[^1].Bytes, test.Bitness)) return true;
        if (mine.Eip != truth.Eip || mine.Trap is < 10 or > 14 || truth.Trap is < 10 or > 14) return false;
        if (TrappedAt(test, truth) is not { } instruction || !AccessesSeveral(instruction)) return false;
        // Some processors have popped half of the registers by then.
        if (instruction.Mnemonic is Mnemonic.Popa or Mnemonic.Popad) return true;
        return ((ReadOnlySpan<uint>)mine.Gpr).SequenceEqual(truth.Gpr) && ((mine.Eflags ^ truth.Eflags) & ComparedFlags & ~test.UndefinedAt(truth.Eip)) == 0;
    }

    private static bool AccessesSeveral(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Pusha or Mnemonic.Pushad or Mnemonic.Popa or Mnemonic.Popad or Mnemonic.Enter => true,
        Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd => true,
        Mnemonic.Pop => instruction.Op0Register.IsSegmentRegister(),
        Mnemonic.Call => instruction.IsCallFar || instruction.IsCallFarIndirect,
        _ => false,
    };

    /// <summary>True for the push of a selector: some processors write two bytes, others four.</summary>
    public static bool FillsItsSlotAsItLikes(byte[] code, int bitness = 32) => Decode(code, bitness) is { Mnemonic: Mnemonic.Push } push && push.Op0Register.IsSegmentRegister();

    /// <summary>True if it is the processor's own affair what is in memory: half-done pushes, or how much of a slot a selector fills.</summary>
    private static bool LeavesPartialWrites(TestCase test, in OutcomeHead truth) =>
        FillsItsSlotAsItLikes(test.Pieces[^1].Bytes, test.Bitness)
        || (truth.Trap is >= 10 and <= 14 && TrappedAt(test, truth) is { } instruction && AccessesSeveral(instruction));

    private static Instruction? TrappedAt(TestCase test, in OutcomeHead truth)
    {
        int offset = (int)(truth.Eip - test.Eip);
        byte[] code = test.Code();
        return offset >= 0 && offset < code.Length ? Decode(code[offset..], test.Bitness) : null;
    }

    private static Instruction Decode(byte[] code, int bitness)
    {
        Iced.Intel.Decoder.Create(bitness, code).Decode(out Instruction instruction);
        return instruction;
    }

    private static string State(in OutcomeHead s)
    {
        var text = new StringBuilder();
        for (int i = 0; i < 8; i++) text.Append($"{names[i]}={s.Gpr[i]:x8} ");
        return text.Append($"eip={s.Eip:x8} fl={s.Eflags & ~0x10000u:x} es={s.Es:x} ss={s.Ss:x} ds={s.Ds:x} fs={s.Fs:x} gs={s.Gs:x}").ToString();
    }

    private static string Trap(in OutcomeHead s) => $" trap={s.Trap} error={s.Error:x}{(s.Trap == PageFault ? $" address={s.Address:x8}" : "")}";

    private static string Hex(ReadOnlySpan<ushort> values) => string.Join(' ', values.ToArray().Select(v => v.ToString("x")));

    private static string Runs(byte[] changed)
    {
        var text = new StringBuilder("{");
        for (int at = 0; at < changed.Length && text.Length < 200;)
        {
            int offset = BitConverter.ToUInt16(changed, at), length = BitConverter.ToUInt16(changed, at + 2);
            text.Append($" [{Oracle.DataBase + offset:x8}]={Convert.ToHexString(changed, at + 4, Math.Min(length, 32))}");
            at += 4 + length;
        }

        return text.Append(" }").ToString();
    }
}
