using System.Globalization;
using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Definitions;

/// <summary>Anchors, aliases, merge keys, and several guests of one file.</summary>
public class RepeatedValuesTests
{
    [Fact]
    public void An_alias_is_what_its_anchor_stands_before()
    {
        GuestDefinition definition = DefinitionFile.Read("x-disk: &disk { block: { path: /d, mode: readOnly } }\nkernel: &k /boot/k\ninitrd: *k\ndevices: [ *disk, console, *disk ]");
        Assert.Equal(("/boot/k", "/boot/k"), (definition.Kernel, definition.Initrd));
        BlockDefinition disk = new("/d", BlockMode.ReadOnly);
        Assert.Equal([disk, new ConsoleDefinition(), disk], definition.Devices);
    }

    [Fact]
    public void Merged_keys_give_way_to_own_ones_and_to_those_merged_first()
    {
        GuestDefinition definition = DefinitionFile.Read("""
            x-small: &small { memory: 8MiB, clock: virtual, limits: { time: 1s, reboots: 2 } }
            x-other: &other { memory: 16MiB, cpu: emulated, commandLine: other }
            <<: [ *small, *other ]
            kernel: /k
            commandLine: own
            """);
        Assert.Equal((8L << 20, ClockKind.Virtual, CpuChoice.Emulated, "own"), (definition.Memory, definition.Clock, definition.Cpu, definition.CommandLine));
        Assert.Equal(new GuestLimits(TimeSpan.FromSeconds(1), Reboots: 2), definition.Limits);
        Assert.Equal(new GuestLimits(Instructions: 5), DefinitionFile.Read("x-b: &b { limits: { time: 1s } }\n<<: *b\nkernel: k\nlimits: { instructions: 5 }").Limits);
    }

    [Fact]
    public void A_merged_mapping_may_itself_have_merged_another() =>
        Assert.Equal((8L << 20, "b"), DefinitionFile.Read("x-a: &a { memory: 8MiB, commandLine: a }\nx-b: &b { <<: *a, commandLine: b }\n<<: *b\nkernel: k") is var made ? (made.Memory, made.CommandLine) : default);

    [Fact]
    public void A_file_defines_several_guests_by_their_names()
    {
        using DefinitionFile file = new("x-base: &base { kernel: k.elf, memory: 4MiB }\nguests:\n  web: { <<: *base, commandLine: serve }\n  client: *base\n", "lan.yaml");
        IReadOnlyList<GuestDefinition> guests = new GuestDefinitionReader().ReadAll(file.Path);
        Assert.Equal(["web", "client"], guests.Select(guest => guest.Name));
        Assert.Equal(["serve", ""], guests.Select(guest => guest.CommandLine));
        Assert.All(guests, guest => Assert.Equal((Path.Combine(file.Folder, "k.elf"), 4L << 20, file.Path), (guest.Kernel, guest.Memory, guest.Source)));

        LguestException refused = Assert.Throws<LguestException>(() => new GuestDefinitionReader().Read(file.Path));
        Assert.Equal("lan.yaml(2,1): this file defines 2 guests (web, client); choose one of them", refused.Message);
    }

    [Fact]
    public void A_file_of_one_guest_is_read_the_same_way_by_both() =>
        Assert.Equal(DefinitionFile.Read("kernel: /k\nmemory: 8MiB") with { Source = null, Devices = [] }, Assert.Single(DefinitionFile.ReadAll("kernel: /k\nmemory: 8MiB")) with { Source = null, Devices = [] });

    [Theory]
    [InlineData("x-base: &base { kernel: k }\nname: *bse", 2, 7, "there is no anchor '&bse' before this '*bse'; did you mean '*base'?")]
    [InlineData("kernel: *k\nx-k: &k k", 1, 9, "there is no anchor '&k' before this '*k'")]
    [InlineData("kernel: k\nx-a: &a [ b, *a ]", 2, 14, "'*a' stands inside the value that it repeats")]
    [InlineData("kernel: k\nx-a: &a { <<: *a }", 2, 15, "'*a' stands inside the value that it repeats")]
    [InlineData("kernel: k\n<<: 5", 2, 5, "'<<' takes a mapping, such as '<<: *base', or a list of mappings")]
    [InlineData("x-k: &k k\nkernel: k\n<<: [ *k ]", 3, 7, "'<<' takes a mapping, such as '<<: *base', or a list of mappings")]
    [InlineData("kernel: k\n<<: { name: a }\n<<: { name: b }", 3, 1, "'<<' is given twice; first in line 2")]
    [InlineData("x-m: &m lots\nkernel: k\nmemory: *m", 3, 9, "'lots' is not a size; write bytes, or a number with KiB, MiB or GiB, such as 64MiB")]
    [InlineData("x-b: &b\n  memry: 8MiB\n<<: *b\nkernel: k", 2, 3, "unknown key 'memry'; did you mean 'memory'?")]
    [InlineData("x-b: &b\n  memory: 5\n<<: *b\nkernel: k", 2, 3, "memory of 5 bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB")]
    [InlineData("x-b: &b [ console ]\nkernel: *b", 2, 9, "'kernel' must be text, not a list")]
    [InlineData("guests:\n  a: { kernel: k }\nmemory: 8MiB", 3, 1, "'memory' stands beside 'guests'; what is a guest's stands below its name, and what several share below a key such as 'x-base'")]
    [InlineData("guests: [ kernel: k ]", 1, 9, "'guests' is a mapping from names to guests")]
    [InlineData("guests:\n  a: { kernel: k, name: b }", 2, 19, "this guest has its name already: 'a'")]
    [InlineData("guests:\n  a b: { kernel: k }", 2, 3, "the name 'a b' must be 1 to 64 letters, digits, dots, dashes and underscores")]
    [InlineData("guests:\n  a: { memory: 8MiB }", 2, 3, "'kernel' is missing in 'a'")]
    [InlineData("guests:\n  a: { kernel: k }\n  a: { kernel: l }", 3, 3, "'a' is given twice; first in line 2")]
    public void A_mistake_is_reported_where_it_is(string text, int line, int column, string message)
    {
        using DefinitionFile file = new(text);
        LguestException refused = Assert.Throws<LguestException>(() => new GuestDefinitionReader().ReadAll(file.Path));
        Assert.Equal($"hello.yaml({line},{column}): {message}", refused.Message);
        Assert.Equal(LguestError.InvalidDefinition, refused.Error);
    }

    [Fact]
    public void A_file_that_is_named_by_a_merged_key_is_reported_there()
    {
        using DefinitionFile file = new("x-base: &base\n  kernel: none.elf\nguests:\n  a: *base");
        GuestDefinition only = Assert.Single(new GuestDefinitionReader().ReadAll(file.Path));
        LguestException missing = Assert.Throws<LguestException>(() => Guest.Create(only));
        Assert.Equal((2, 11), new GuestDefinitionReader().Locate(missing, only) is var located ? (located.Line, located.Column) : default);
    }

    [Fact]
    public void Aliases_of_aliases_are_refused_before_they_cost_anything()
    {
        string bomb = "x-0: &v0 [ a, b, c, d, e, f, g, h, i ]\n" + string.Concat(Enumerable.Range(1, 8).Select(level =>
            string.Create(CultureInfo.InvariantCulture, $"x-{level}: &v{level} [ {string.Join(", ", Enumerable.Repeat($"*v{level - 1}", 9))} ]\n"))) + "kernel: k\n";
        LguestException refused = DefinitionFile.Refuse(bomb);
        Assert.Equal("the aliases up to here repeat more than 10000 values; a definition needs far fewer", refused.Message[(refused.Message.IndexOf(' ') + 1)..]);
        Assert.Equal(5, refused.Line);

        string mergers = "x-0: &v0 { k0: a }\n" + string.Concat(Enumerable.Range(1, 5000).Select(level => $"x-{level}: &v{level} {{ <<: *v{level - 1}, k{level}: a }}\n")) + "kernel: k\n";
        Assert.EndsWith("a definition needs far fewer", DefinitionFile.Refuse(mergers).Message);
    }

    [Fact]
    public void Aliases_nest_no_deeper_than_what_is_written_out()
    {
        string chain = "x-0: &v0 [ a ]\n" + string.Concat(Enumerable.Range(1, 20).Select(level => $"x-{level}: &v{level} [ *v{level - 1} ]\n")) + "kernel: k\n";
        LguestException refused = DefinitionFile.Refuse(chain);
        Assert.EndsWith("this is nested too deeply for a guest definition", refused.Message);
        Assert.Equal(10, refused.Line);
    }
}
