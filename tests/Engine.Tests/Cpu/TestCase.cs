using Iced.Intel;

namespace LguestPS.Tests.Cpu;

/// <summary>One instruction of a test case.</summary>
/// <param name="Bytes">Its encoding; a branch's displacement is filled in by <see cref="TestCase.Code"/>.</param>
/// <param name="Flags">What it does to the flags.</param>
/// <param name="BranchSize">Bytes of its relative displacement, 0 if it is not a direct branch.</param>
/// <param name="Skip">For a direct branch, how many instructions further the target is (negative: back, with -1 itself).</param>
internal sealed record Piece(byte[] Bytes, FlagUse Flags, int BranchSize = 0, int Skip = 0);

/// <summary>What an instruction does to the flags, as bits of eflags.</summary>
/// <param name="Writes">All it may change.</param>
/// <param name="Undefines">Those of them that the manual leaves open.</param>
/// <param name="MayNotWrite">It sometimes leaves all flags alone, like a shift by zero.</param>
/// <param name="Branches">What follows may be skipped.</param>
internal readonly record struct FlagUse(uint Reads, uint Writes, uint Undefines, bool MayNotWrite, bool Branches)
{
    /// <summary>The flags that are undefined after <paramref name="pieces"/>.</summary>
    public static uint UndefinedAfter(IEnumerable<Piece> pieces)
    {
        uint undefined = 0;
        bool branched = false;
        foreach (Piece piece in pieces)
        {
            FlagUse use = piece.Flags;
            branched |= use.Branches;
            undefined = (branched || use.MayNotWrite ? undefined : undefined & ~use.Writes) | use.Undefines;
        }

        return undefined;
    }

    /// <summary>The flags that the manual leaves open after an instruction, as bits of eflags.</summary>
    public static uint UndefinedBy(in Instruction instruction) => Bits(instruction.RflagsUndefined) | OverflowOfRotation(instruction);

    /// <summary>A rotation through carry by 9 or 17 comes to zero, and still leaves OF undefined.</summary>
    private static uint OverflowOfRotation(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Rcl or Mnemonic.Rcr && instruction.Op1Kind == OpKind.Immediate8 && (instruction.Immediate8 & 31) > 1 ? 0x800u : 0;

    /// <summary>Flags in eflags' own positions.</summary>
    public static uint Bits(RflagsBits bits)
    {
        uint flags = 0;
        if ((bits & RflagsBits.CF) != 0) flags |= 1;
        if ((bits & RflagsBits.PF) != 0) flags |= 4;
        if ((bits & RflagsBits.AF) != 0) flags |= 0x10;
        if ((bits & RflagsBits.ZF) != 0) flags |= 0x40;
        if ((bits & RflagsBits.SF) != 0) flags |= 0x80;
        if ((bits & RflagsBits.DF) != 0) flags |= 0x400;
        if ((bits & RflagsBits.OF) != 0) flags |= 0x800;
        return flags;
    }
}

/// <summary>Bytes of the data window that differ from its usual contents.</summary>
internal sealed record Patch(int Offset, byte[] Bytes);

/// <summary>A few instructions and the state they start in.</summary>
internal sealed record TestCase(
    IReadOnlyList<Piece> Pieces,
    uint[] Gpr,
    uint Eflags,
    ushort Es,
    ushort Ds,
    ushort Fs,
    ushort Gs,
    int CodeOffset,
    IReadOnlyList<Patch> Patches,
    bool FlushFirst)
{
    public ushort Cs { get; init; } = SnippetGenerator.UserCode;

    public ushort Ss { get; init; } = SnippetGenerator.UserData;

    /// <summary>For a code segment that does not begin at 0.</summary>
    public uint? StartEip { get; init; }

    /// <summary>What a code segment's D bit makes of its code: 32, or 16.</summary>
    public int Bitness { get; init; } = 32;

    public uint Eip => StartEip ?? Oracle.CodeBase + (uint)CodeOffset;

    /// <summary>Where the last of the instructions in the first piece begins, from the start of the code.</summary>
    public int LastInstruction
    {
        get
        {
            byte[] code = Pieces[0].Bytes;
            int last = 0;
            for (int at = 0; at < code.Length;)
            {
                last = at;
                Decoder decoder = Decoder.Create(32, code.AsSpan(at).ToArray(), DecoderOptions.NoInvalidCheck);
                decoder.Decode(out Instruction instruction);
                if (instruction.Length == 0) break;
                at += instruction.Length;
            }
            return last;
        }
    }

    /// <summary>True if an instruction's result hangs on an undefined flag.</summary>
    public bool ReadsUndefined => Pieces.Where((piece, i) => (piece.Flags.Reads & FlagUse.UndefinedAfter(Pieces.Take(i))) != 0).Any();

    public byte[] Code()
    {
        var code = new List<byte>();
        int[] starts = Starts();
        for (int i = 0; i < Pieces.Count; i++)
        {
            byte[] bytes = (byte[])Pieces[i].Bytes.Clone();
            int size = Pieces[i].BranchSize;
            if (size != 0)
            {
                int target = starts[Math.Clamp(i + 1 + Pieces[i].Skip, 0, Pieces.Count)];
                byte[] relative = BitConverter.GetBytes(target - starts[i + 1]);
                relative.AsSpan(0, size).CopyTo(bytes.AsSpan(bytes.Length - size));
            }

            code.AddRange(bytes);
        }

        return [.. code];
    }

    /// <summary>The flags that are undefined when the code stands at <paramref name="eip"/>.</summary>
    public uint UndefinedAt(uint eip)
    {
        int at = Array.IndexOf(Starts(), (int)(eip - Eip));
        if (at < 0 && eip == Eip + (uint)Starts()[^1] + 1) at = Pieces.Count;      // after the final int3
        // Somewhere unexpected, as after a computed jump: whatever was open at any time may still be.
        return at >= 0
            ? FlagUse.UndefinedAfter(Pieces.Take(at))
            : Pieces.Aggregate(0u, (all, piece) => all | piece.Flags.Undefines);
    }

    public OracleTest ForOracle()
    {
        OracleTest test = default;
        byte[] code = Code();
        test.CodeOffset = (ushort)CodeOffset;
        test.CodeLength = (byte)code.Length;
        code.CopyTo((Span<byte>)test.Code);
        return ForOracle(test);
    }

    /// <summary>The same code from this test's state.</summary>
    public OracleTest ForOracle(OracleTest test)
    {
        for (int i = 0; i < 8; i++) test.Gpr[i] = Gpr[i];
        (test.Eflags, test.Eip) = (Eflags, Eip);
        (test.Es, test.Ds, test.Fs, test.Gs, test.Cs, test.Ss) = (Es, Ds, Fs, Gs, Cs, Ss);
        test.PatchCount = (byte)Patches.Count;
        Span<byte> patches = test.Patches;
        foreach (Patch patch in Patches)
        {
            BitConverter.TryWriteBytes(patches, (ushort)patch.Offset);
            BitConverter.TryWriteBytes(patches[2..], (ushort)patch.Bytes.Length);
            patch.Bytes.CopyTo(patches[4..]);
            patches = patches[(4 + OracleTest.MaxPatch)..];
        }

        return test;
    }

    public string Disassembly()
    {
        byte[] code = Code();
        var formatter = new NasmFormatter();
        var text = new StringOutput();
        var lines = new List<string>();
        foreach (int start in Starts()[..^1])
        {
            Decoder decoder = Decoder.Create(Bitness, code[start..]);
            decoder.IP = Eip + (uint)start;
            decoder.Decode(out Instruction instruction);
            formatter.Format(instruction, text);
            lines.Add($"    {instruction.IP32:x8}  {Convert.ToHexString(code, start, Math.Min(instruction.Length, code.Length - start)),-24} {text.ToStringAndReset()}");
        }

        return string.Join('\n', lines);
    }

    private int[] Starts()
    {
        var starts = new int[Pieces.Count + 1];
        for (int i = 0; i < Pieces.Count; i++) starts[i + 1] = starts[i] + Pieces[i].Bytes.Length;
        return starts;
    }
}
