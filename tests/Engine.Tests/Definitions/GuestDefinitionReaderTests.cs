using System.Text;
using CsCheck;
using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Definitions;

public class GuestDefinitionReaderTests
{
    [Fact]
    public void Every_key_is_read()
    {
        using DefinitionFile file = new("""
            # All of it.
            name: everything
            kernel: hello.elf
            initrd: sub/initramfs.cpio.gz
            memory: 64MiB
            commandLine: console=hvc0 root=/dev/lgba
            abi: dma-2.6.23
            cpu: emulated
            clock: virtual
            tsc: off
            directTraps: off
            compile: off
            devices:
              - console
              - block: { path: disk.ext2, mode: readOnly }
              - block:
                  path: /images/other.img
                  overlay: sub/changes.ovl
              - net: { shared: ./lan0 }
            limits: { time: 30s, instructions: 2000000000 }
            sampleEvery: 500
            """);
        GuestDefinition definition = new GuestDefinitionReader().Read(file.Path);

        Assert.Equal("everything", definition.Name);
        Assert.Equal(Path.Combine(file.Folder, "hello.elf"), definition.Kernel);
        Assert.Equal(Path.Combine(file.Folder, "sub", "initramfs.cpio.gz"), definition.Initrd);
        Assert.Equal(64L << 20, definition.Memory);
        Assert.Equal("console=hvc0 root=/dev/lgba", definition.CommandLine);
        Assert.Equal("dma-2.6.23", definition.Abi);
        Assert.Equal(CpuChoice.Emulated, definition.Cpu);
        Assert.Equal(ClockKind.Virtual, definition.Clock);
        Assert.Equal(TscChoice.Off, definition.Tsc);
        Assert.Equal(DirectTrapChoice.Off, definition.DirectTraps);
        Assert.Equal(CompileChoice.Off, definition.Compile);
        Assert.Equal(500, definition.SampleEvery);
        Assert.Equal(
            [
                new ConsoleDefinition(),
                new BlockDefinition(Path.Combine(file.Folder, "disk.ext2"), BlockMode.ReadOnly),
                new BlockDefinition("/images/other.img", BlockMode.Snapshot, Path.Combine(file.Folder, "sub", "changes.ovl")),
                new SharedNetDefinition(Path.Combine(file.Folder, "lan0")),
            ],
            definition.Devices);
        Assert.Equal(new GuestLimits(TimeSpan.FromSeconds(30), 2_000_000_000), definition.Limits);
        Assert.Equal(file.Path, definition.Source);
    }

    [Fact]
    public void What_is_not_given_has_its_default()
    {
        GuestDefinition definition = DefinitionFile.Read("kernel: k");
        Assert.Equal("hello", definition.Name);
        Assert.Null(definition.Initrd);
        Assert.Equal(64L << 20, definition.Memory);
        Assert.Equal("", definition.CommandLine);
        Assert.Equal(AbiProfile.Automatic, definition.Abi);
        Assert.Equal((CpuChoice.Auto, ClockKind.Host, TscChoice.Auto, DirectTrapChoice.Auto, CompileChoice.Auto), (definition.Cpu, definition.Clock, definition.Tsc, definition.DirectTraps, definition.Compile));
        Assert.Equal([new ConsoleDefinition()], definition.Devices);
        Assert.Equal(new GuestLimits(), definition.Limits);
    }

    [Fact]
    public void A_file_with_an_unusual_name_still_gives_a_valid_one()
    {
        using DefinitionFile file = new("kernel: k", "my guest (2).yaml");
        Assert.Equal("my-guest--2-", new GuestDefinitionReader().Read(file.Path).Name);
    }

    [Theory]
    [InlineData("64MiB", 64L << 20)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("3GiB", 3L << 30)]
    [InlineData("65536KiB", 64L << 20)]
    [InlineData("4194304", 4L << 20)]
    [InlineData("\"8MiB\"", 8L << 20)]
    public void Memory_is_a_number_with_a_unit(string written, long bytes) =>
        Assert.Equal(bytes, DefinitionFile.Read($"kernel: k\nmemory: {written}").Memory);

    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("500ms", 500)]
    [InlineData("2m", 120_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("1h", 3_600_000)]
    [InlineData("00:01:30", 90_000)]
    [InlineData("1:00:00", 3_600_000)]
    public void A_time_limit_is_a_number_with_a_unit(string written, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), DefinitionFile.Read($"kernel: k\nlimits: {{ time: {written} }}").Limits.Time);

    [Theory]
    // Keys
    [InlineData("kernel: k\ncomandLine: x", 2, 1, "unknown key 'comandLine'; did you mean 'commandLine'?")]
    [InlineData("kernel: k\nKernel: k", 2, 1, "unknown key 'Kernel'; did you mean 'kernel'?")]
    [InlineData("kernel: k\nfoo: x", 2, 1, "unknown key 'foo'; known are name, kernel, initrd, symbols, memory, commandLine, cpus, abi, cpu, clock, tsc, directTraps, compile, sampleEvery, devices, record, reboot, limits")]
    [InlineData("kernel: k\nlimits:\n    tiem: 3s", 3, 5, "unknown key 'tiem'; did you mean 'time'?")]
    [InlineData("kernel: k\ndevices:\n  - block: { path: d, mod: snapshot }", 3, 23, "unknown key 'mod'; did you mean 'mode'?")]
    [InlineData("kernel: k\ndevices: [ net: { share: a } ]", 2, 19, "unknown net 'share'; did you mean 'shared'?")]
    [InlineData("kernel: k\nmemory: 1MiB\nmemory: 2MiB", 3, 1, "'memory' is given twice; first in line 2")]
    [InlineData("kernel: k\n[a]: b", 2, 1, "a key must be a word")]
    [InlineData("name: k", 1, 1, "'kernel' is missing")]
    [InlineData("kernel: k\ndevices:\n  - block: { mode: snapshot }", 3, 5, "'path' is missing in 'block'")]
    [InlineData("kernel: k\ndevices:\n  - net: {}", 3, 10, "a net is one key with its settings indented below it")]
    [InlineData("kernel: k\ndevices:\n  - net", 3, 5, "'net' needs its kind, such as '{ shared: ./lan0 }'")]
    [InlineData("kernel: k\ndevices:\n  - net: shared", 3, 10, "'shared' must be text, not nothing")]
    // Types
    [InlineData("kernel: [k]", 1, 9, "'kernel' must be text, not a list")]
    [InlineData("kernel:\nname: x", 1, 8, "'kernel' must be text, not nothing")]
    [InlineData("kernel: ~", 1, 9, "'kernel' must be text, not nothing")]
    [InlineData("kernel: ''", 1, 9, "'kernel' must be the path of a file")]
    [InlineData("kernel: k\nmemory: { a: b }", 2, 9, "'memory' must be text, not a mapping")]
    [InlineData("kernel: k\nlimits: 30s", 2, 9, "'limits' must be a mapping with 'time', 'instructions', 'sockets', 'reboots', not text")]
    [InlineData("kernel: k\ndevices: console", 2, 10, "'devices' must be a list with one device a line ('- …'), not text")]
    [InlineData("kernel: k\ndevices: { console: }", 2, 10, "'devices' must be a list with one device a line ('- …'), not a mapping")]
    [InlineData("- kernel: k", 1, 1, "a guest definition must be a mapping with 'name', 'kernel', 'initrd', 'symbols', 'memory', 'commandLine', 'cpus', 'abi', 'cpu', 'clock', 'tsc', 'directTraps', 'compile', 'sampleEvery', 'devices', 'record', 'reboot', 'limits', not a list")]
    [InlineData("hello", 1, 1, "a guest definition must be a mapping with 'name', 'kernel', 'initrd', 'symbols', 'memory', 'commandLine', 'cpus', 'abi', 'cpu', 'clock', 'tsc', 'directTraps', 'compile', 'sampleEvery', 'devices', 'record', 'reboot', 'limits', not text")]
    // Devices
    [InlineData("kernel: k\ndevices: [ consol ]", 2, 12, "unknown device 'consol'; did you mean 'console'?")]
    [InlineData("kernel: k\ndevices:\n - blok: { path: d }", 3, 4, "unknown device 'blok'; did you mean 'block'?")]
    [InlineData("kernel: k\ndevices: [ [console] ]", 2, 12, "this must be text, not a list")]
    [InlineData("kernel: k\ndevices:\n  - block", 3, 5, "'block' must be a mapping with 'path', 'mode', 'overlay', 'limit', not nothing")]
    [InlineData("kernel: k\ndevices:\n  - block: disk.img", 3, 12, "'block' must be a mapping with 'path', 'mode', 'overlay', 'limit', not text")]
    [InlineData("kernel: k\ndevices:\n  - console: { a: b }", 3, 14, "a console has no settings; write just 'console'")]
    [InlineData("kernel: k\ndevices:\n  - rng: { a: b }", 3, 10, "a source of random numbers has no settings; write just 'rng'")]
    [InlineData("kernel: k\ndevices:\n  - rng\n  - rng", 2, 1, "more than one rng; a guest has at most one source of random numbers")]
    [InlineData("kernel: k\ndevices:\n  - block:\n    path: d", 4, 5, "'path' is given along with 'block'; a device is one key with its settings indented below it")]
    [InlineData("kernel: k\ndevices:\n  - {}", 3, 5, "a device is one key with its settings indented below it")]
    [InlineData("kernel: k\ndevices: [ console, console ]", 2, 1, "more than one console; a guest has at most one")]
    // Values
    [InlineData("kernel: k\nmemory: 64MB", 2, 9, "'64MB' is not a size; did you mean '64MiB'?")]
    [InlineData("kernel: k\nmemory: 64m", 2, 9, "'64m' is not a size; did you mean '64MiB'?")]
    [InlineData("kernel: k\nmemory: lots", 2, 9, "'lots' is not a size; write bytes, or a number with KiB, MiB or GiB, such as 64MiB")]
    [InlineData("kernel: k\nmemory: -1", 2, 9, "'-1' is not a size; write bytes, or a number with KiB, MiB or GiB, such as 64MiB")]
    [InlineData("kernel: k\nmemory: 99999999999GiB", 2, 9, "'99999999999GiB' is larger than any memory")]
    [InlineData("kernel: k\nmemory: 4GiB", 2, 1, "memory of 4294967296 bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB")]
    [InlineData("kernel: k\nmemory: 0", 2, 1, "memory of 0 bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB")]
    [InlineData("kernel: k\nmemory: 1048577", 2, 1, "memory of 1048577 bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB")]
    [InlineData("kernel: k\ncpus: 2", 2, 7, "a guest has one processor, as lguest always had it; a kernel built for several (CONFIG_SMP) runs on it")]
    [InlineData("kernel: k\ncpu: kwm", 2, 6, "unknown cpu 'kwm'; did you mean 'kvm'?")]
    [InlineData("kernel: k\ncpu: KVM", 2, 6, "unknown cpu 'KVM'; did you mean 'kvm'?")]
    [InlineData("kernel: k\ncpu: 1", 2, 6, "unknown cpu '1'; known are auto, emulated, kvm")]
    [InlineData("kernel: k\nclock: virtaul", 2, 8, "unknown clock 'virtaul'; did you mean 'virtual'?")]
    [InlineData("kernel: k\ntsc: on", 2, 6, "unknown tsc 'on'; known are auto, off")]
    [InlineData("kernel: k\ndevices: [ block: { path: d, mode: readWrite, overlay: o } ]", 2, 1, "a disk with an overlay needs mode 'snapshot', not 'readWrite'")]
    [InlineData("kernel: k\ndevices: [ block: { path: d, mode: readonly } ]", 2, 36, "unknown mode 'readonly'; did you mean 'readOnly'?")]
    [InlineData("kernel: k\nabi: dma-2007-01", 2, 1, "unknown ABI profile 'dma-2007-01'; did you mean 'dma-2007-10'?")]
    [InlineData("kernel: k\nname: a b", 2, 1, "the name 'a b' must be 1 to 64 letters, digits, dots, dashes and underscores")]
    [InlineData("kernel: k\nlimits: { time: 30 }", 2, 17, "'30' is not a length of time; write it like 30s, 500ms, 2m or 00:00:30")]
    [InlineData("kernel: k\nlimits: { time: 0s }", 2, 11, "the time limit must be longer than nothing and at most 24 days")]
    [InlineData("kernel: k\nlimits: { time: 999h }", 2, 11, "the time limit must be longer than nothing and at most 24 days")]
    [InlineData("kernel: k\nlimits:\n  time: 1s\n  instructions: many", 4, 17, "'many' is not a whole number")]
    [InlineData("kernel: k\nlimits:\n  time: 1s\n  instructions: 0", 4, 3, "the instruction limit must be at least 1")]
    [InlineData("kernel: k\ncpu: kvm\nclock: virtual", 3, 1, "clock 'virtual' counts instructions, which 'cpu: kvm' cannot; use 'cpu: emulated' or clock 'events'")]
    [InlineData("kernel: k\ncpu: kvm\nlimits: { instructions: 5 }", 3, 11, "'limits.instructions' needs 'cpu: emulated' or 'cpu: auto'")]
    [InlineData("kernel: \"a\\0b\"", 1, 9, "'kernel' must be the path of a file")]
    [InlineData("kernel: k\ncommandLine: \"a\\0b\"", 2, 1, "the command line contains a zero byte, which would end it")]
    // YAML
    [InlineData("", 1, 1, "the definition is empty; it needs at least 'kernel'")]
    [InlineData("# nothing\n", 1, 1, "the definition is empty; it needs at least 'kernel'")]
    [InlineData("kernel: k\n---\nkernel: l", 2, 1, "a second document starts here; several guests of one file stand below 'guests:'")]
    [InlineData("kernel: *k", 1, 9, "there is no anchor '&k' before this '*k'")]
    [InlineData("kernel: !!str k", 1, 9, "tags ('!name') are not used in guest definitions")]
    [InlineData("kernel: k\nlimits: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", 2, 19, "this is nested too deeply for a guest definition")]
    [InlineData("kernel: k\n\tname: x", 2, 1, "this line is indented with a tab; YAML wants spaces")]
    [InlineData("kernel: k\nlimits:\n\ttime: 30s\n", 3, 1, "this line is indented with a tab; YAML wants spaces")]
    [InlineData("kernel: k\ndevices: [ console", 2, 10, "this '[' is never closed by a ']', or a ',' is missing in between")]
    [InlineData("kernel: k\nlimits: { time: 3s\nmemory: 16MiB\n", 2, 9, "this '{' is never closed by a '}', or a ',' is missing in between")]
    public void A_mistake_is_reported_where_it_is(string text, int line, int column, string message)
    {
        LguestException refused = DefinitionFile.Refuse(text);
        Assert.Equal($"hello.yaml({line},{column}): {message}", refused.Message);
        Assert.Equal((LguestError.InvalidDefinition, line, column), (refused.Error, refused.Line, refused.Column));
        Assert.EndsWith("hello.yaml", refused.Path);
    }

    [Theory]
    [InlineData("kernel: \"k", 1)]
    [InlineData("kernel: k\n  name: x", 2)]
    [InlineData("kernel: k\nname", 2)]
    [InlineData("kernel: k\nname: @x", 2)]
    public void Malformed_YAML_is_reported_with_its_line(string text, int line)
    {
        LguestException refused = DefinitionFile.Refuse(text);
        Assert.StartsWith($"hello.yaml({line},", refused.Message);
        Assert.Equal(LguestError.InvalidDefinition, refused.Error);
    }

    [Fact]
    public void Thirty_two_devices_are_too_many()
    {
        string text = "kernel: k\ndevices:\n" + string.Concat(Enumerable.Repeat("  - block: { path: d }\n", 32));
        Assert.Equal("hello.yaml(2,1): 32 devices are too many; a guest has 31 virtual interrupts for them", DefinitionFile.Refuse(text).Message);
    }

    [Fact]
    public void A_file_that_is_not_UTF8_is_refused_at_the_first_wrong_byte()
    {
        using DefinitionFile file = new([.. "kernel: k\nname: "u8, 0xE4, .. "\n"u8]);
        LguestException refused = Assert.Throws<LguestException>(() => new GuestDefinitionReader().Read(file.Path));
        Assert.Equal("hello.yaml(2,7): this is not UTF-8 text; save the file as UTF-8", refused.Message);
    }

    [Fact]
    public void A_byte_order_mark_does_not_matter()
    {
        using DefinitionFile file = new([.. Encoding.UTF8.GetPreamble(), .. "kernel: k\nfoo: x"u8]);
        LguestException refused = Assert.Throws<LguestException>(() => new GuestDefinitionReader().Read(file.Path));
        Assert.Equal((2, 1), (refused.Line, refused.Column));
    }

    [Fact]
    public void A_huge_file_is_refused_without_reading_all_of_it()
    {
        LguestException refused = Assert.Throws<LguestException>(() => new GuestDefinitionReader().Read("/dev/zero"));
        Assert.Equal("zero(1,1): the definition has more than 1 MiB; this cannot be a guest definition", refused.Message);
    }

    [Fact]
    public void Deep_nesting_does_not_hurt_the_host()
    {
        foreach (string open in new[] { "[", "{a: ", "- ", "? " })
            Assert.Equal(LguestError.InvalidDefinition, DefinitionFile.Refuse(string.Concat(Enumerable.Repeat(open, 200_000 / open.Length))).Error);
    }

    [Fact]
    public void A_missing_definition_says_so()
    {
        LguestException missing = Assert.Throws<LguestException>(() => new GuestDefinitionReader().Read("/nowhere/hello.yaml"));
        Assert.Equal(LguestError.FileUnavailable, missing.Error);
        Assert.Equal("guest definition '/nowhere/hello.yaml' does not exist", missing.Message);
        LguestException folder = Assert.Throws<LguestException>(() => new GuestDefinitionReader().Read("/tmp"));
        Assert.Equal("guest definition '/tmp' is a folder", folder.Message);
    }

    [Fact] // nothing but the YAML is opened
    public void Files_a_definition_names_need_not_exist() =>
        Assert.NotNull(DefinitionFile.Read("kernel: no/such/kernel\ninitrd: /neither\ndevices: [ block: { path: nor/this } ]"));

    [Fact]
    public void Random_text_gives_a_definition_or_our_own_exception()
    {
        string[] words =
        [
            "kernel", "k", "name", "memory", "64MiB", "devices", "console", "block", "path", "limits", "time", "30s", ":", ": ", "- ", "\n", "\n  ",
            "{", "}", "[", "]", ",", "\"", "'", "#", "&a", "*a", "!", "!!str ", "|", ">", "%YAML 1.1", "---", "...", "?", "? ", "\t", "\\", "@", "`", "~", "é", "\u2028", "\u0001", "\uFEFF", "%TAG ! x", "<<",
        ];
        Gen<string> pieces = Gen.Int[0, words.Length - 1].Select(index => words[index]);
        Gen<string> text = Gen.OneOf(pieces.Array[0, 30].Select(string.Concat), Gen.String[0, 60]);
        text.Sample(Survives, iter: 4_000);
    }

    [Fact]
    public void Random_bytes_give_a_definition_or_our_own_exception() =>
        Gen.Byte.Array[0, 100].Sample(bytes =>
        {
            using DefinitionFile file = new(bytes);
            return Survives(file.Path, _ => { });
        }, iter: 1_000);

    [Fact]
    public void A_valid_definition_with_one_character_changed_gives_a_definition_or_our_own_exception()
    {
        const string Valid = "name: a\nkernel: k\nmemory: 64MiB\ndevices:\n  - console\n  - block: { path: d, mode: snapshot }\nlimits: { time: 30s }\n";
        Gen.Select(Gen.Int[0, Valid.Length - 1], Gen.Char["\0\n\t :-[]{}&*!|>'\"%@`#?,~x0"]).Sample(
            (at, c) => Survives(Valid[..at] + c + Valid[(at + 1)..]), iter: 2_000);
    }

    private static bool Survives(string text)
    {
        using DefinitionFile file = new(text);
        return Survives(file.Path, refused => Assert.InRange(refused.Line!.Value, 1, text.Split('\n', '\r', '\u2028', '\u2029', '\u0085').Length + 1));
    }

    private static bool Survives(string path, Action<LguestException> check)
    {
        try
        {
            new GuestDefinitionReader().Read(path);
        }
        catch (LguestException refused)
        {
            Assert.Equal(LguestError.InvalidDefinition, refused.Error);
            check(refused);
        }
        return true;
    }
}
