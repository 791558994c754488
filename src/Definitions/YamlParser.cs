using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LguestPS.Definitions;

/// <summary>Turns YAML into values that know their place in the file.</summary>
/// <remarks>
/// It works on the parser's events, not on a deserialiser or YamlDotNet's tree: only so is every position exact,
/// and depth is bounded before anything recurses. Definitions need no tags, so there are none to abuse.
/// </remarks>
internal sealed class YamlParser
{
    private const int DeepestNesting = 10;

    private readonly YamlSource source;
    private readonly Parser parser;
    private OpenBracket? innermost;      // of lists and mappings in brackets that have not ended yet
    private readonly YamlAnchors anchors = new();

    private string TooDeep => $"this is nested too deeply for a {source.What}";

    private string Files => source.What == YamlSource.Definition ? "guest definitions" : "matrix files";

    private YamlParser(YamlSource source)
    {
        this.source = source;
        parser = new Parser(new StringReader(source.Text));
    }

    /// <summary>The one document of a file.</summary>
    /// <exception cref="LguestException">InvalidDefinition.</exception>
    public static YamlValue Parse(YamlSource source) => new YamlParser(source).ParseFile();

    private YamlValue ParseFile()
    {
        Next();                                                         // the stream starts
        if (Next() is not DocumentStart) throw source.Problem(1, 1, source.What == YamlSource.Definition ? "the definition is empty; it needs at least 'kernel'" : $"the {source.What} is empty");
        YamlValue root = ParseValue(Next(), key: null, depth: 0);
        Next();                                                         // the document ends
        ParsingEvent end = Next();
        return end is StreamEnd ? root : throw Problem(end.Start, source.What == YamlSource.Definition ? "a second document starts here; several guests of one file stand below 'guests:'" : $"a second document starts here; a file has one {source.What}");
    }

    private YamlValue ParseValue(ParsingEvent first, YamlKey? key, int depth)
    {
        if (first is AnchorAlias alias) return Repeat(alias, key, depth);
        if (first is not NodeEvent node) throw Problem(first.Start, "a value was expected here");
        if (!node.Tag.IsEmpty) throw Problem(first.Start, $"tags ('!name') are not used in {Files}");
        if (depth > DeepestNesting) throw Problem(first.Start, TooDeep);
        if (node.Anchor.IsEmpty) return ParseContents(node, key, depth);
        anchors.Begin(node.Anchor.Value);
        YamlValue value = ParseContents(node, key, depth);
        anchors.End(node.Anchor.Value, value);
        return value;
    }

    private YamlValue ParseContents(NodeEvent first, YamlKey? key, int depth) => first switch
    {
        Scalar scalar => new YamlText(source, first.Start, key, scalar.Value, IsEmptyScalar(scalar)),
        SequenceStart { Style: SequenceStyle.Flow } => new YamlList(source, first.Start, key, InBrackets(first.Start, () => ParseItems(depth + 1))),
        SequenceStart => new YamlList(source, first.Start, key, ParseItems(depth + 1)),
        MappingStart { Style: MappingStyle.Flow } => new YamlMapping(source, first.Start, key, InBrackets(first.Start, () => ParseEntries(depth + 1))),
        _ => new YamlMapping(source, first.Start, key, ParseEntries(depth + 1)),
    };

    /// <summary>The value an alias stands for: as it would be if it were written here.</summary>
    private YamlValue Repeat(AnchorAlias alias, YamlKey? key, int depth)
    {
        if (anchors.Find(alias.Value.Value, out string? problem) is not { } value) throw Problem(alias.Start, problem!);
        if (depth + value.Height > DeepestNesting) throw Problem(alias.Start, TooDeep);
        return value.At(alias.Start, key);
    }

    private T InBrackets<T>(Mark start, Func<T> parse)
    {
        innermost = new OpenBracket(start, innermost);
        T contents = parse();
        innermost = innermost.Outer;
        return contents;
    }

    private List<YamlValue> ParseItems(int depth)
    {
        List<YamlValue> items = [];
        while (Next() is var item and not SequenceEnd) items.Add(ParseValue(item, key: null, depth));
        return items;
    }

    private OrderedDictionary<string, YamlValue> ParseEntries(int depth)
    {
        OrderedDictionary<string, YamlValue> entries = [];
        while (Next() is var start and not MappingEnd)
        {
            if (ParseValue(start, key: null, depth) is not YamlText name) throw Problem(start.Start, "a key must be a word");
            YamlKey key = new(name.Value, start.Start);
            if (entries.TryGetValue(name.Value, out YamlValue? first))
                throw Problem(start.Start, $"'{name.Value}' is given twice; first in line {first.KeyLine}");
            entries.Add(name.Value, ParseValue(Next(), key, depth));
        }
        if (entries.Remove(YamlAnchors.MergeKey, out YamlValue? merged)) YamlAnchors.Merge(entries, merged);
        return entries;
    }

    private ParsingEvent Next()
    {
        try
        {
            return parser.MoveNext() ? parser.Current! : throw Problem(parser.Current?.End ?? Mark.Empty, "the file ends too early");
        }
        catch (YamlException e)
        {
            throw Explain(e);
        }
        catch (Exception e) when (e is not LguestException)
        {
            // Some malformed input gets past the parser's own checks into its collections.
            throw NotClosed() ?? Problem(parser.Current?.End ?? Mark.Empty, "this is not YAML");
        }
    }

    private LguestException Explain(YamlException malformed)
    {
        long line = Math.Max(1, malformed.Start.Line);
        string[] lines = source.Text.Split('\n');
        if (malformed.Message.Contains("tab"))
        {
            // The parser reports where the text before the tab begins.
            int tabbed = Array.FindIndex(lines, (int)Math.Min(line, lines.Length) - 1, text => text.AsSpan().TrimStart(' ').StartsWith('\t'));
            if (tabbed >= 0) return source.Problem(tabbed + 1, lines[tabbed].IndexOf('\t') + 1, "this line is indented with a tab; YAML wants spaces");
        }
        if (malformed.Message.Contains("did not find expected ',' or") && NotClosed() is { } open) return open;
        string what = $"this is not YAML: {char.ToLowerInvariant(malformed.Message[0])}{malformed.Message[1..].TrimEnd('.')}";
        return malformed.Start.Index < source.Text.Length
            ? Problem(malformed.Start, what)
            : source.Problem(lines.Length, lines[^1].Length + 1, what);
    }

    /// <summary>What ends too late ends far from where the mistake is: points at where it begins.</summary>
    private LguestException? NotClosed() => innermost is { Start: var start }
        ? Problem(start, source.Text.ElementAtOrDefault((int)start.Index) == '{' ? "this '{' is never closed by a '}', or a ',' is missing in between" : "this '[' is never closed by a ']', or a ',' is missing in between")
        : null;

    private LguestException Problem(Mark at, string message) => source.Problem(Math.Max(1, at.Line), Math.Max(1, at.Column), message);

    private static bool IsEmptyScalar(Scalar scalar) => scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";

    // Not a stack of the library's structs, which the runtime compiles again at each start.
    private sealed record OpenBracket(Mark Start, OpenBracket? Outer);
}
