namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>Something that emulators were found to get wrong: a piece of code, and how it ends.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Code">An instruction, or one before it that succeeds and the one in question.</param>
/// <param name="Trap">The trap it ends in; 3 if it does not fault.</param>
internal sealed record RootCause(string Name, byte[] Code, uint Trap)
{
    public const uint Rw = Oracle.DataBase, Ro = Oracle.DataBase + Oracle.WritableSize, Absent = Oracle.DataBase + Oracle.DataSize, CodePage = Oracle.CodeBase;
    public const uint NoFault = 3, Gp = 13, Pf = 14, Ss = 12, Np = 11, Ud = 6, Db = 1;

    /// <summary>The error code; where it names a segment, <see cref="ErrorSegment"/> does.</summary>
    public uint Error { get; init; }

    public int? ErrorSegment { get; init; }

    /// <summary>For trap 14, the address.</summary>
    public uint Address { get; init; }

    /// <summary>Where it stands then, from the start of the code; null for before the last instruction.</summary>
    public int? At { get; init; }

    /// <summary>The registers that changed.</summary>
    public (Gpr Register, uint Value)[] Changes { get; init; } = [];

    /// <summary>The status flags then, if they are not those from before.</summary>
    public uint? Flags { get; init; }

    public uint Eax { get; init; } = 0x11111111;
    public uint Ecx { get; init; } = 0x22222222;
    public uint Edx { get; init; } = 0x33333333;
    public uint Ebx { get; init; } = 0x44444444;
    public uint Esp { get; init; } = Rw + 0x800;
    public uint Ebp { get; init; } = 0x55555555;
    public uint Esi { get; init; } = 0x66666666;
    public uint Edi { get; init; } = 0x77777777;
    public uint Eflags { get; init; } = 0x202;

    /// <summary>Where in its page the code stands.</summary>
    public int CodeOffset { get; init; } = 0x100;

    /// <summary>The eip it begins with, if its code segment does not begin at 0.</summary>
    public uint? Eip { get; init; }

    /// <summary>Segments of <see cref="LocalSegments"/>, where they are not flat ones.</summary>
    public int? Cs { get; init; }
    public int? StackSegment { get; init; }
    public int? Es { get; init; }
    public int? Ds { get; init; }
    public int? Fs { get; init; }

    /// <summary>Where a selector stands, of which segment: in a register or, by its address, in memory.</summary>
    public (Gpr Register, int Segment)? SelectorIn { get; init; }

    public (uint Address, int Segment)? SelectorAt { get; init; }

    /// <summary>Where in the code a selector stands.</summary>
    public (int Offset, int Segment)? SelectorInCode { get; init; }

    /// <summary>Words in memory; all others are 0.</summary>
    public (uint Address, uint Value)[] Words { get; init; } = [];

    public (uint Address, uint Value) Word
    {
        init => Words = [value];
    }

    /// <summary>Whether it writes to memory, when it does not fault.</summary>
    public bool Stores { get; init; }

    /// <summary>Whether the x87 has changed before it.</summary>
    public bool ChangesX87 => Trap == NoFault || Code.AsSpan().IndexOf<byte>([0xD9, 0xEE]) >= 0;

    /// <summary>What a processor is free to do otherwise, or does; it is asked for the trap alone then.</summary>
    public string? ProcessorsDiffer { get; init; }

    /// <summary>Another trap that a processor may answer with.</summary>
    public uint? OtherTrap { get; init; }

    public override string ToString() => Name;

    /// <param name="selector">The selector of a local segment.</param>
    public TestCase Make(Func<int, ushort> selector)
    {
        uint[] gpr = [Eax, Ecx, Edx, Ebx, Esp, Ebp, Esi, Edi];
        byte[] code = [.. Code];
        List<Patch> patches = [];
        if (SelectorIn is var (register, inRegister)) gpr[(int)register] = selector(inRegister);
        if (SelectorInCode is var (offset, inCode)) BitConverter.TryWriteBytes(code.AsSpan(offset), selector(inCode));
        if (SelectorAt is var (at, inMemory)) patches.Add(new Patch((int)(at - Rw), [.. BitConverter.GetBytes(selector(inMemory)), 0, 0]));
        foreach ((uint where, uint value) in Words) patches.Add(new Patch((int)(where - Rw), BitConverter.GetBytes(value)));
        ushort Or(int? local, ushort flat) => local is { } segment ? segment < 0 ? (ushort)0 : selector(segment) : flat;
        return new TestCase(
            [new Piece(code, default)], gpr, Eflags, Or(Es, SnippetGenerator.UserData), Or(Ds, SnippetGenerator.UserData), Or(Fs, 0), 0, CodeOffset, patches, FlushFirst: false)
        {
            Cs = Or(Cs, SnippetGenerator.UserCode), Ss = Or(StackSegment, SnippetGenerator.UserData), StartEip = Eip,
        };
    }
}

/// <summary>The general registers by their numbers.</summary>
internal enum Gpr
{
    Eax,
    Ecx,
    Edx,
    Ebx,
    Esp,
    Ebp,
    Esi,
    Edi,
}
