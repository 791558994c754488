using CsCheck;
using Xunit;

namespace LguestPS.Tests.Inspection;

/// <summary>Addresses as people write them.</summary>
public sealed class AddressExpressionTests : IDisposable
{
    private readonly InspectedGuest guest = new();

    public void Dispose() => guest.Dispose();

    [Theory]
    [InlineData("0xc0100000", 0xC0100000)]
    [InlineData("0XC0100000", 0xC0100000)]
    [InlineData("4096", 4096u)]
    [InlineData("start", InspectedGuest.Start)]
    [InlineData(" start + 0x1a ", InspectedGuest.Start + 0x1A)]
    [InlineData("<start+0x1a>", InspectedGuest.Start + 0x1A)]
    [InlineData("middle-start", 0x100u)]
    [InlineData("start-middle+0x100", 0u)]
    [InlineData("esp", InspectedGuest.PageOffset + ScriptedGuest.StackTop)]
    [InlineData("ESP-8", InspectedGuest.PageOffset + ScriptedGuest.StackTop - 8)]
    [InlineData("lguest_data", InspectedGuest.PageOffset + ScriptedGuest.DataAddress)]
    [InlineData("0xffffffff", 0xFFFFFFFF)]
    public void Numbers_symbols_and_registers_add_up(string text, uint expected) => Assert.Equal(expected, guest.Inspector.Address(text));

    [Fact]
    public void A_symbols_physical_address_is_in_the_kernels_mapping_and_numbers_stay_as_they_are()
    {
        Assert.Equal(InspectedGuest.Start - InspectedGuest.PageOffset + 4, guest.Inspector.Address("start+4", physical: true));
        Assert.Equal(0x1000u, guest.Inspector.Address("0x1000", physical: true));
        Assert.Equal(guest.Guest.Machine.PageDirectory, guest.Inspector.Address("cr3", physical: true));
    }

    [Theory]
    [InlineData("", "is not an address")]
    [InlineData("<>", "is not an address")]
    [InlineData("start+", "something is missing")]
    [InlineData("-4", "something is missing")]
    [InlineData("start++4", "something is missing")]
    [InlineData("0x", "not a number of 32 bits")]
    [InlineData("0x100000000", "not a number of 32 bits")]
    [InlineData("12z", "not a number of 32 bits")]
    [InlineData("strat", "did you mean 'start'?")]
    [InlineData("0xffffffff+1", "is 0x100000000; addresses have 32 bits")]
    [InlineData("0-1", "is negative")]
    public void What_is_no_address_is_refused_with_the_reason(string text, string reason)
    {
        LguestException refused = Assert.Throws<LguestException>(() => guest.Inspector.Address(text));
        Assert.Equal(LguestError.InvalidAddress, refused.Error);
        Assert.Contains(reason, refused.Message);
    }

    [Fact]
    public void A_guest_without_symbols_says_so()
    {
        using ScriptedGuest bare = ScriptedGuest.Initialised();
        Assert.Contains("has no symbols", Assert.Throws<LguestException>(() => bare.Guest.Inspector.Address("schedule")).Message);
    }

    [Fact]
    public void Any_sum_of_numbers_is_their_sum_or_out_of_range() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.Bool, Gen.Bool).Sample((a, b, minus, hex) =>
        {
            long sum = minus ? (long)a - b : (long)a + b;
            string text = $"{(hex ? $"0x{a:x}" : $"{a}")} {(minus ? '-' : '+')} 0x{b:x}";
            try
            {
                return guest.Inspector.Address(text) == sum;
            }
            catch (LguestException e) when (e.Error == LguestError.InvalidAddress)
            {
                return sum is < 0 or > uint.MaxValue;
            }
        }, iter: 2000, threads: 1);

    [Fact]
    public void Any_text_is_an_address_or_refused_as_one() =>
        Gen.String[Gen.Char["0123456789xabcdefstrp+-<> \t\0_é"], 0, 100].Sample(text =>
        {
            try
            {
                guest.Inspector.Address(text);
                return true;
            }
            catch (LguestException e)
            {
                return e.Error == LguestError.InvalidAddress && !e.Message.Contains('\0', StringComparison.Ordinal);
            }
        }, iter: 5000, threads: 1);
}
