namespace LguestPS.Tests.Cpu.PageAccesses;

/// <summary>A way to touch a page.</summary>
/// <param name="Name">For reports.</param>
/// <param name="Code">The instruction.</param>
/// <param name="Start">Sets registers; given where the page is.</param>
/// <param name="Writes">Whether it may write.</param>
/// <param name="Fetches">Whether it is the instruction after it that is in the page.</param>
/// <param name="Touched">The offset in the page of the first byte that it touches there.</param>
/// <param name="Crosses">Whether it begins in the page before.</param>
/// <param name="Reads">Whether it reads what it writes.</param>
/// <param name="Effect">What it does once it may: to registers, and to the page and the one before.</param>
internal sealed record AccessKind(
    string Name, byte[] Code, AccessKind.Change Start, bool Writes, uint Touched, AccessKind.Result Effect, bool Fetches = false, bool Crosses = false, bool Reads = false)
{
    public const uint Edx = 0x5A5AA5A5, Eax = 0x13579BDF;
    private const uint At = 0x10;

    public delegate void Change(ref GuestRegisters registers, uint page);

    /// <param name="registers">The registers before it.</param>
    /// <param name="page">The first bytes of the page.</param>
    /// <param name="before">The last four bytes of the page before.</param>
    public delegate void Result(ref GuestRegisters registers, Span<byte> page, Span<byte> before);

    /// <summary>What is in xmm0.</summary>
    public static readonly byte[] Vector = [.. Enumerable.Range(1, 16).Select(i => (byte)(i * 17))];

    public static readonly AccessKind[] All =
    [
        Plain("read", [0x8B, 0x01], false, (ref r, page, _) => r.Eax = Word(page)),
        Plain("write", [0x89, 0x11], true, (ref r, page, _) => Put(page, r.Edx)),
        Plain("read and write", [0x01, 0x11], true, (ref r, page, _) => Put(page, Word(page) + r.Edx)) with { Reads = true },
        Plain("exchange", [0x87, 0x11], true, (ref r, page, _) => r.Edx = Swap(page, r.Edx)) with { Reads = true },
        Plain("compare and exchange what is not equal", [0x0F, 0xB1, 0x11], true, (ref r, page, _) => r.Eax = Word(page)) with { Reads = true },
        Plain("compare", [0x39, 0x11], false, (ref _, _, _) => { }),
        new("push", [0x52], (ref r, page) => r.Esp = page + At + 4, true, At, (ref r, page, _) => { Put(page, r.Edx); r.Esp -= 4; }),
        new("pop", [0x58], (ref r, page) => r.Esp = page + At, false, At, (ref r, page, _) => { r.Eax = Word(page); r.Esp += 4; }),
        Plain("vector read", [0xF3, 0x0F, 0x6F, 0x09], false, (ref _, _, _) => { }),
        Plain("vector write", [0xF3, 0x0F, 0x7F, 0x01], true, (ref _, page, _) => Vector.CopyTo(page[(int)At..])),
        Plain("x87 read", [0xDB, 0x01, 0xDD, 0xD8], false, (ref _, _, _) => { }),
        new("store string", [0xAB], (ref r, page) => r.Edi = page + At, true, At, (ref r, page, _) => { Put(page, r.Eax); r.Edi += 4; }),
        new("repeated load string", [0xF3, 0xAD], (ref r, page) => (r.Esi, r.Ecx) = (page + At, 2), false, At,
            (ref r, page, _) => { r.Eax = BitConverter.ToUInt32(page[((int)At + 4)..]); r.Esi += 8; r.Ecx = 0; }),
        new("repeated store string", [0xF3, 0xAB], (ref r, page) => (r.Edi, r.Ecx) = (page + At, 2), true, At,
            (ref r, page, _) => { Put(page, r.Eax); Put(page[4..], r.Eax); r.Edi += 8; r.Ecx = 0; }),
        new("read across", [0x8B, 0x01], (ref r, page) => r.Ecx = page - 2, false, 0,
            (ref r, page, before) => r.Eax = (uint)(before[2] | before[3] << 8 | page[0] << 16 | page[1] << 24), Crosses: true),
        new("write across", [0x89, 0x11], (ref r, page) => r.Ecx = page - 2, true, 0,
            (ref r, page, before) => (before[2], before[3], page[0], page[1]) = ((byte)r.Edx, (byte)(r.Edx >> 8), (byte)(r.Edx >> 16), (byte)(r.Edx >> 24)), Crosses: true),
        new("fetch", [0xFF, 0xE1], (ref r, page) => r.Ecx = page + CodeAt, false, CodeAt,
            (ref r, page, _) => { r.Eax += page[(int)CodeAt] == 0x40 ? 1 : uint.MaxValue; r.Eip = r.Ecx + 3; }, Fetches: true),
        new("fetch across", [0xFF, 0xE1], (ref r, page) => r.Ecx = page - 1, false, 0,
            (ref r, page, _) => { r.Eax = BitConverter.ToUInt32(page); r.Eip = r.Ecx + 7; }, Fetches: true, Crosses: true),
    ];

    /// <summary>Where in a page of code <c>inc %eax</c> or <c>dec %eax</c> is.</summary>
    public const uint CodeAt = 0x20;

    private static AccessKind Plain(string name, byte[] code, bool writes, Result effect) =>
        new(name, code, (ref r, page) => r.Ecx = page + At, writes, At, effect);

    private static uint Word(Span<byte> page) => BitConverter.ToUInt32(page[(int)At..]);

    private static void Put(Span<byte> page, uint value) => BitConverter.TryWriteBytes(page[(int)At..], value);

    private static uint Swap(Span<byte> page, uint value)
    {
        uint old = Word(page);
        Put(page, value);
        return old;
    }
}
