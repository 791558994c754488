using Xunit;

namespace LguestPS.Tests;

/// <summary>A kernel of another era than its guest's profile is recognised by its lguest_data at LGUEST_INIT (ABI §2), before the host writes anything.</summary>
public class EraCheckTests
{
    private const uint Code = KernelFiles.PageOffset + 0x3000;
    private const uint Elsewhere = 0xFFFF0000;
    private const string October = "dma-2007-10";
    private const string First = "dma-2.6.23";

    [Theory]
    [InlineData(October, 1120u, First)]
    [InlineData(First, 1116u, October)]
    public void The_other_DMA_era_is_recognised_by_where_its_code_addresses_stand(string abi, uint noIrqStart, string other)
    {
        using ScriptedGuest guest = Fresh(abi);
        Fill(guest, (noIrqStart, Code), (noIrqStart + 4, Code + 8));
        byte[] before = Data(guest);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Contains($"the kernel is of another era: its lguest_data is that of ABI profile {other} (", guest.Ending);
        Assert.EndsWith($"not of {abi}; run it with --abi={other}, or 'abi: {other}' in its definition", guest.Ending);
        Assert.Equal(before, Data(guest));
    }

    [Theory]
    [InlineData(October, 1116u)]
    [InlineData(First, 1120u)]
    public void A_kernel_of_its_profile_runs(string abi, uint noIrqStart)
    {
        using ScriptedGuest guest = Fresh(abi);
        // What follows may look like another era's field.
        Fill(guest, (noIrqStart, Code), (noIrqStart + 4, Code + 8), (noIrqStart + 8, Code + 16), (1128, 0xC0000000), (1132, 0x80));
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Null(guest.Ending);
    }

    [Theory]
    [InlineData(October)]
    [InlineData(First)]
    public void A_small_kernel_that_leaves_the_fields_at_zero_runs(string abi)
    {
        using ScriptedGuest guest = Fresh(abi);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Null(guest.Ending);
    }

    [Theory]
    [InlineData(1132u, false, "virtio-2.6.24 (v2.6.24) or virtio-2.6.25 (v2.6.25 to v2.6.28) or virtio-2.6.29 (v2.6.29), not of")]
    [InlineData(1132u, true, "virtio-2.6.30 (v2.6.30)")]
    [InlineData(1392u, true, "virtio-2.6.31 (v2.6.31 to v2.6.33) or virtio-2.6.34 (v2.6.34 to v3.0), not of")]
    [InlineData(1388u, true, "virtio-3.1 (v3.1 to v3.19) or pci-4.0 (v4.0), not of")]
    [InlineData(1384u, true, "pci-4.1 (v4.1 to v4.13), not of")]
    public void A_later_era_is_recognised_by_its_system_call_vector_and_address_register(uint syscallVec, bool inEbx, string profiles)
    {
        using ScriptedGuest guest = Fresh(October);
        Fill(guest, (syscallVec, 0x80), (syscallVec - 4, 0xB0000000));
        byte[] before = Data(guest);
        if (inEbx) guest.Hypercall(Call.LguestInit, Elsewhere, ScriptedGuest.DataAddress);
        else guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress);
        guest.Play();
        Assert.Contains("the kernel is of another era", guest.Ending);
        Assert.Contains(profiles, guest.Ending);
        Assert.Equal(before, Data(guest));
    }

    [Theory]
    [InlineData(1120u, Code, Code - 1)]
    [InlineData(1120u, Code, Code + 0x100000)]
    [InlineData(1120u, 0x3000u, 0x3008u)]
    [InlineData(1120u, 0xE0000000u, 0xE0000008u)]
    [InlineData(1128u, 0xC0000001u, 0x80u)]
    [InlineData(1128u, 0x00400000u, 0x80u)]
    [InlineData(1128u, 0xC0000000u, 0x81u)]
    public void Words_that_could_be_anything_recognise_nothing(uint at, uint first, uint second)
    {
        using ScriptedGuest guest = Fresh(October);
        Fill(guest, (at, first), (at + 4, second));
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        Assert.Null(guest.Ending);
    }

    [Fact]
    public void An_address_outside_memory_is_said_when_no_era_fits()
    {
        using ScriptedGuest guest = Fresh(October);
        guest.Hypercall(Call.LguestInit, Elsewhere, Elsewhere, Elsewhere).Play();
        Assert.Equal("bad guest page 0xffff0000", guest.Ending);
    }

    private static ScriptedGuest Fresh(string abi) => ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = abi });

    private static void Fill(ScriptedGuest guest, params (uint At, uint Value)[] words)
    {
        foreach ((uint at, uint value) in words) guest.Memory.Write32(ScriptedGuest.DataAddress + at, value);
    }

    private static byte[] Data(ScriptedGuest guest) => guest.Memory.Read(ScriptedGuest.DataAddress, 1400).ToArray();
}
