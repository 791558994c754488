using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace LguestPS.Tests.Definitions;

/// <summary>The part of JSON Schema 2020-12 that our schema uses; a keyword it does not know fails the test.</summary>
internal sealed class SchemaValidator(JsonObject root)
{
    private static readonly string[] Annotations = ["$schema", "$defs", "title", "description", "default"];

    public bool IsValid(JsonNode? value) => IsValid(root, value);

    private bool IsValid(JsonNode schema, JsonNode? value)
    {
        foreach ((string keyword, JsonNode? operand) in schema.AsObject())
            if (!Annotations.Contains(keyword) && !Holds(keyword, operand!, schema, value)) return false;
        return true;
    }

    private bool Holds(string keyword, JsonNode operand, JsonNode schema, JsonNode? value) => keyword switch
    {
        "$ref" => IsValid(Find(operand.GetValue<string>()), value),
        "type" => (operand is JsonArray types ? types.Select(type => type!.GetValue<string>()) : [operand.GetValue<string>()]).Any(type => HasType(value, type)),
        "enum" => operand.AsArray().Any(one => JsonNode.DeepEquals(one, value)),
        "const" => JsonNode.DeepEquals(operand, value),
        "anyOf" => operand.AsArray().Any(one => IsValid(one!, value)),
        "pattern" => value is null || !HasType(value, "string") || Regex.IsMatch(value.GetValue<string>(), operand.GetValue<string>()),
        "minLength" => value is null || !HasType(value, "string") || value.GetValue<string>().Length >= operand.GetValue<int>(),
        "maxLength" => value is null || !HasType(value, "string") || value.GetValue<string>().Length <= operand.GetValue<int>(),
        "minimum" => value is null || !HasType(value, "integer") || value.GetValue<long>() >= operand.GetValue<long>(),
        "maximum" => value is null || !HasType(value, "integer") || value.GetValue<long>() <= operand.GetValue<long>(),
        "maxItems" => value is not JsonArray items || items.Count <= operand.GetValue<int>(),
        "items" => value is not JsonArray items || items.All(item => IsValid(operand, item)),
        "required" => value is not JsonObject given || operand.AsArray().All(name => given.ContainsKey(name!.GetValue<string>())),
        "minProperties" => value is not JsonObject given || given.Count >= operand.GetValue<int>(),
        "maxProperties" => value is not JsonObject given || given.Count <= operand.GetValue<int>(),
        "properties" => value is not JsonObject given || given.All(entry => operand[entry.Key] is not { } known || IsValid(known, entry.Value)),
        "patternProperties" => value is not JsonObject given || operand.AsObject().All(pattern => given.All(entry => !Regex.IsMatch(entry.Key, pattern.Key) || IsValid(pattern.Value!, entry.Value))),
        "additionalProperties" => value is not JsonObject given || given.All(entry => IsNamed(schema, entry.Key) || (operand is JsonObject ? IsValid(operand, entry.Value) : operand.GetValue<bool>())),
        _ => throw Unknown(keyword),
    };

    private static bool IsNamed(JsonNode schema, string key) =>
        schema["properties"]?[key] is not null || schema["patternProperties"]?.AsObject().Any(pattern => Regex.IsMatch(key, pattern.Key)) is true;

    private JsonNode Find(string reference)
    {
        Assert.StartsWith("#/$defs/", reference);
        return root["$defs"]![reference["#/$defs/".Length..]] ?? throw Unknown(reference);
    }

    private static bool HasType(JsonNode? value, string type) => (type, value?.GetValueKind()) switch
    {
        ("null", null) => true,
        ("boolean", System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False) => true,
        ("string", System.Text.Json.JsonValueKind.String) => true,
        ("object", System.Text.Json.JsonValueKind.Object) => true,
        ("array", System.Text.Json.JsonValueKind.Array) => true,
        ("number", System.Text.Json.JsonValueKind.Number) => true,
        ("integer", System.Text.Json.JsonValueKind.Number) => value!.AsValue().TryGetValue(out long _),
        _ => false,
    };

    private static Exception Unknown(string what) => new InvalidOperationException($"the schema has '{what}', which this test does not know");
}
