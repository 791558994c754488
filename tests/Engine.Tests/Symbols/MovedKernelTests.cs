using Xunit;

namespace LguestPS.Tests.Symbols;

/// <summary>A kernel may unpack itself to a random address: at LGUEST_INIT it shows where it is, and its symbols are there.</summary>
public sealed class MovedKernelTests : IDisposable
{
    private const uint Linked = ScriptedGuest.PageOffset + ScriptedGuest.DataAddress;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Linked, 0u)]                     // where it was linked for
    [InlineData(Linked - 0x8000, 0x8000u)]       // farther up
    [InlineData(Linked + 0x4000, unchecked(0u - 0x4000u))]
    public void Its_symbols_are_where_it_is_from_LGUEST_INIT_on(uint linked, uint distance)
    {
        using ScriptedGuest guest = Fresh($"c0001000 T start\nc0002000 T next\n{linked:x8} D lguest_data\nc0200000 B _end\n");
        Assert.Equal("start+0x10", guest.Guest.Machine.Symbols!.Describe(0xC0001010));
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Equal("start+0x10", guest.Guest.Machine.Symbols.Describe(0xC0001010 + distance));
        Assert.Equal(0xC0002000 + distance, guest.Guest.Symbols!.AddressOf("next"));
    }

    [Theory] // a kernel moves by whole pages; what is elsewhere by less is of another build
    [InlineData("c0010004 D lguest_data\n")]
    [InlineData("")]
    public void Symbols_that_do_not_tell_stay_where_they_were(string data)
    {
        using ScriptedGuest guest = Fresh($"c0001000 T start\n{data}");
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Equal(0xC0001000u, guest.Guest.Symbols!.AddressOf("start"));
    }

    private ScriptedGuest Fresh(string map)
    {
        string file = folder.Write("System.map", System.Text.Encoding.ASCII.GetBytes(map));
        return ScriptedGuest.Fresh(ScriptedGuest.Definition with { Symbols = file });
    }
}
