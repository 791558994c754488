using LguestPS.Cpu;
using LguestPS.Inspection;

namespace LguestPS.Reports;

/// <summary>Sees what a guest does from its first instruction here, and makes a report of it.</summary>
internal sealed class RunWatch
{
    private const int MostListings = 8;
    private const int KernelRing = 1;

    private readonly Guest guest;
    private readonly RunProfile events = new();
    private readonly CodeProfile? code;

    /// <param name="guest">It has run no instruction here. From now on it runs slowly: each instruction is counted, if its CPU can.</param>
    public RunWatch(Guest guest)
    {
        this.guest = guest;
        if (!guest.Cpu.CanCountBlocks) return;
        CodeCounts counts = new();
        guest.Cpu.Counts = counts;
        code = new CodeProfile(counts, guest.GuestTime.Ticks * 100, address => guest.Symbols?.Find(address));
    }

    /// <summary>Something happened in it.</summary>
    public void Add(LguestEvent happened)
    {
        events.Write(happened);
        if (code is not null && code.IsDue(events.LastTime)) code.Take(events.LastTime);
    }

    /// <summary>It has come as far as it stands now.</summary>
    public void Pass() => code?.Take(guest.GuestTime.Ticks * 100);

    /// <summary>What was seen. The guest still has its memory.</summary>
    /// <param name="origin">Where the report is from, in a sentence.</param>
    public RunReport Report(string origin)
    {
        Pass();
        events.Finish();
        IReadOnlyList<HotCode> samples = code is null && guest.Cpu.Samples is not null ? guest.HotCode() : [];
        return new RunReport(events, ReportFacts.Of(guest, origin)) { Code = code, Listings = code is null ? [] : Listings(code), Samples = samples };
    }

    /// <summary>Of the kernel: what is at the addresses of programs now may be another one's.</summary>
    private IReadOnlyList<(CodeFunction, IReadOnlyList<CodeLine>)> Listings(CodeProfile code)
    {
        Disassembler disassembler = new(guest, DisassemblySyntax.Gas);
        return
        [
            .. code.Functions.Where(function => function.Level == KernelRing && function.Blocks.Count > 0).Take(MostListings)
                .Select(function => (function, CodeProfile.Hottest(function, At))).Where(listing => listing.Item2.Count > 0),
        ];

        DisassembledInstruction? At(uint address)
        {
            try
            {
                return disassembler.At(address);
            }
            catch (LguestException e) when (e.Error == LguestError.AddressNotMapped)
            {
                return null;
            }
        }
    }
}
