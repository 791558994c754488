using LguestPS.Memory;
using LguestPS.Tests.Symbols;

namespace LguestPS.Tests.Inspection;

/// <summary>A scripted guest whose kernel has symbols, for looking into it.</summary>
internal sealed class InspectedGuest : IDisposable
{
    public const uint PageOffset = ScriptedGuest.PageOffset;
    public const uint Start = PageOffset + 0x3000, Middle = PageOffset + 0x3100, Data = PageOffset + 0x5000;

    /// <summary>Page directories and tables of the tests' own: free memory.</summary>
    public const uint Directory = ScriptedGuest.FreePages, Table = Directory + 0x1000, Page = Directory + 0x2000;

    private readonly TempFolder folder = new();

    public InspectedGuest(bool initialised = true)
    {
        GuestDefinition definition = ScriptedGuest.Definition with
        {
            Kernel = folder.Write("kernel.elf", SymbolFiles.Kernel(
                new(Start, "start", Size: 0x100), new(Middle, "middle", Size: 0x100), new(Data, "some_data", SymbolFiles.GlobalData, Size: 16))),
        };
        Scripted = initialised ? ScriptedGuest.Initialised(definition) : ScriptedGuest.Fresh(definition);
    }

    public ScriptedGuest Scripted { get; }
    public Guest Guest => Scripted.Guest;
    public GuestMemory Memory => Scripted.Memory;
    public GuestInspector Inspector => Guest.Inspector;

    /// <summary>Makes the guest use an empty page directory of the test.</summary>
    public void UseEmptyDirectory()
    {
        Memory.Write(Directory, 4096).Clear();
        Memory.Write(Table, 4096).Clear();
        Guest.Machine.SetPageDirectory(Directory);
    }

    public void Entry(uint table, uint index, uint value) => Memory.Write32(table + index * 4, value);

    public void Dispose()
    {
        Scripted.Dispose();
        folder.Dispose();
    }
}
