using System.Globalization;
using System.Text.Json.Nodes;
using LguestPS.Definitions;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LguestPS.Tests.Definitions;

/// <summary>The schema for editors says what the reader does.</summary>
public class SchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(File.ReadAllText(Repository.Path("docs", "lguest-guest.schema.json")))!.AsObject();

    public static TheoryData<string> Words => [.. GuestDefinitionReader.Vocabulary.Keys];

    public static TheoryData<string> Examples => [.. Directory.EnumerateFiles(Repository.Path("examples"), "*.yaml", SearchOption.AllDirectories).Where(path => !IsMatrix(File.ReadAllText(path)))];

    [Theory]
    [MemberData(nameof(Words))]
    public void It_has_exactly_the_keys_and_words_of_the_reader(string where)
    {
        IEnumerable<string> schema = where switch
        {
            "abi" or "cpu" or "clock" or "tsc" or "directTraps" or "compile" => WordsOf(Schema["$defs"]!["guest"]!["properties"]![where]!),
            "mode" => WordsOf(Schema["$defs"]!["block"]!["properties"]!["mode"]!),
            "loopback" or "dns" => WordsOf(Schema["$defs"]!["userNet"]!["properties"]![where]!),
            _ => KeysOf(Schema["$defs"]![where]!),
        };
        Assert.Equal(GuestDefinitionReader.Vocabulary[where].Order(), schema.Order());
    }

    [Fact]
    public void Every_object_of_the_schema_is_one_of_the_readers() =>
        Assert.Equal(
            GuestDefinitionReader.Vocabulary.Keys.Intersect(Schema["$defs"]!.AsObject().Select(entry => entry.Key)).Append("path").Order(),
            Schema["$defs"]!.AsObject().Select(entry => entry.Key).Order());

    private static bool IsMatrix(string text) => text.Split('\n').Any(line => line.StartsWith("definitions:", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_is_valid_and_names_the_schema(string path)
    {
        string text = File.ReadAllText(path);
        Assert.True(IsValid(text));
        string named = text.Split('\n')[0].Replace("# yaml-language-server: $schema=", "");
        Assert.Equal(Repository.Path("docs", "lguest-guest.schema.json"), Path.GetFullPath(named, Path.GetDirectoryName(path)!));
    }

    [Theory]
    [InlineData("kernel: k")]
    [InlineData("kernel: k\nmemory: 8388608")]
    [InlineData("kernel: k\nname: a-1.b\nabi: dma-2.6.23\ncpu: emulated\nclock: virtual\ntsc: off\ndirectTraps: off\ncompile: off\nsampleEvery: 1000\ncommandLine: console=hvc0")]
    [InlineData("kernel: k\nlimits: { time: 500ms, instructions: 5 }")]
    [InlineData("kernel: k\nlimits: { time: 00:00:30 }")]
    [InlineData("kernel: k\nclock: virtual\nrecord: true")]
    [InlineData("kernel: k\nreboot: false\nlimits: { reboots: 3 }")]
    [InlineData("kernel: k\ndevices: []")]
    [InlineData("kernel: k\ndevices: [ console, block: { path: a, overlay: b }, net: { shared: c }, net: user, net: { tap: tap0 } ]")]
    [InlineData("kernel: k\ndevices:\n  - console:\n  - net:\n      user:\n  - net: { user: { loopback: off, forward: [ '8080:80' ], reach: [ '80=127.0.0.1:8080' ], names: { web: 10.0.2.2, both: [ 10.0.2.8, 10.0.2.9 ] }, dns: host } }")]
    [InlineData("kernel: k\ndevices:\n  - net: { tap: { interface: tap0 } }")]
    [InlineData("x-base: &base { kernel: k, memory: 8MiB }\nguests:\n  a: *base\n  b: { <<: *base, memory: 16MiB, x-note: 1 }")]
    public void What_the_reader_takes_is_valid(string yaml)
    {
        DefinitionFile.ReadAll(yaml);
        Assert.True(IsValid(yaml));
    }

    [Theory]
    [InlineData("name: a")]
    [InlineData("- kernel: k")]
    [InlineData("kernel: k\ncomandLine: x")]
    [InlineData("kernel: k\nname: a b")]
    [InlineData("kernel: k\nmemory: 64MB")]
    [InlineData("kernel: k\nmemory: 4096")]
    [InlineData("kernel: k\nabi: dma")]
    [InlineData("kernel: k\ncpu: Emulated")]
    [InlineData("kernel: k\nlimits: { time: 30 }")]
    [InlineData("kernel: k\nlimits: { time: 30sec }")]
    [InlineData("kernel: k\nlimits: { instructions: 0 }")]
    [InlineData("kernel: k\nsampleEvery: 0")]
    [InlineData("kernel: k\nsampleEvery: often")]
    [InlineData("kernel: k\ndevices: console")]
    [InlineData("kernel: k\ndevices: [ block ]")]
    [InlineData("kernel: k\ndevices: [ disk: { path: a } ]")]
    [InlineData("kernel: k\ndevices: [ block: { path: a, mode: readonly } ]")]
    [InlineData("kernel: k\ndevices: [ block: { mode: snapshot } ]")]
    [InlineData("kernel: k\ndevices: [ { console: , block: { path: a } } ]")]
    [InlineData("kernel: k\ndevices: [ net: { tap: { record: r } } ]")]
    [InlineData("kernel: k\ndevices: [ net: { lan: a } ]")]
    [InlineData("guests: {}")]
    [InlineData("guests: [ kernel: k ]")]
    [InlineData("guests: { a: { memory: 8MiB } }")]
    [InlineData("guests: { a: { kernel: k } }\nmemory: 8MiB")]
    public void What_the_reader_refuses_is_not_valid(string yaml)
    {
        Assert.Throws<LguestException>(() => DefinitionFile.ReadAll(yaml));
        Assert.False(IsValid(yaml));
    }

    private static bool IsValid(string yaml) => new SchemaValidator(Schema).IsValid(ToJson(yaml));

    private static IEnumerable<string> WordsOf(JsonNode schema) => schema["enum"]!.AsArray().Select(word => word!.GetValue<string>());

    /// <summary>The keys of an object, or of the alternative that is one.</summary>
    private static IEnumerable<string> KeysOf(JsonNode schema) =>
        (schema["properties"] ?? schema["anyOf"]!.AsArray().Single(one => one!["properties"] is not null)!["properties"])!.AsObject().Select(entry => entry.Key);

    private static JsonNode? ToJson(string yaml)
    {
        YamlStream stream = [];
        stream.Load(new StringReader(yaml));
        return ToJson(stream.Documents[0].RootNode);
    }

    /// <summary>As an editor reads it: by the core schema of YAML 1.2, where 'off' is a word, 'true' none and 5 a number.</summary>
    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(Merged(mapping).Select(entry => KeyValuePair.Create(((YamlScalarNode)entry.Key).Value!, ToJson(entry.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "" or "~" or "null" } => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } yesOrNo => yesOrNo.Value == "true",
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) => number,
        YamlScalarNode scalar => scalar.Value,
        _ => throw new InvalidOperationException($"{node.NodeType} is not in definitions"),
    };

    /// <summary>The entries of a mapping, and those of a merged one that it does not have itself.</summary>
    private static IEnumerable<KeyValuePair<YamlNode, YamlNode>> Merged(YamlMappingNode mapping)
    {
        YamlScalarNode merge = new("<<");
        IEnumerable<KeyValuePair<YamlNode, YamlNode>> own = mapping.Children.Where(entry => !entry.Key.Equals(merge));
        return mapping.Children.TryGetValue(merge, out YamlNode? merged) ? own.UnionBy(((YamlMappingNode)merged).Children, entry => entry.Key) : own;
    }
}
