using Xunit;

namespace LguestPS.Tests.Definitions;

public class DefinitionTextTests
{
    private static readonly string[] Names = ["time", "instructions", "devices", "readOnly", "readWrite"];

    [Theory]
    [InlineData("tmie", "time")]
    [InlineData("TIME", "time")]
    [InlineData("instructoins", "instructions")]
    [InlineData("device", "devices")]
    [InlineData("readwrite", "readWrite")]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData("completely different and long", null)]
    public void The_nearest_name_is_near(string unknown, string? expected) => Assert.Equal(expected, DefinitionText.Nearest(unknown, Names));

    [Fact]
    public void Values_are_written_in_camel_case() =>
        Assert.Equal(["readOnly", "readWrite", "snapshot"], DefinitionText.Names<BlockMode>());

    [Fact]
    public void A_name_is_not_a_number_or_a_combination()
    {
        Assert.False(DefinitionText.TryParseName("1", out CpuChoice _));
        Assert.False(DefinitionText.TryParseName("auto, kvm", out CpuChoice _));
        Assert.True(DefinitionText.TryParseName("kvm", out CpuChoice kvm) && kvm == CpuChoice.Kvm);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("1 MiB")]
    [InlineData("1.5MiB")]
    [InlineData("0x100000")]
    [InlineData("9223372036854775808")]
    [InlineData("9223372036854775807KiB")]
    public void What_is_not_a_size_is_refused(string text) => Assert.False(DefinitionText.TryParseSize(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData(".s")]
    [InlineData("1..2s")]
    [InlineData("-1s")]
    [InlineData("1d")]
    [InlineData("99999999999999999999h")]
    [InlineData("00:60:00")]
    public void What_is_not_a_time_is_refused(string text) => Assert.False(DefinitionText.TryParseTime(text, out _));
}
