using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LguestPS.State;

namespace LguestPS.Checkpoints;

/// <summary>A guest's definition as text inside a file.</summary>
internal static class DefinitionJson
{
    private const string UnixPrefix = "unix:";

    private static readonly JsonSerializerOptions Options = new()
    {
        Converters =
        {
            new AsText<IPNetwork>(IPNetwork.Parse, network => network.ToString()),
            new AsText<IPAddress>(IPAddress.Parse, address => address.ToString()),
            new AsText<IPEndPoint>(IPEndPoint.Parse, place => place.ToString()),
            new AsText<EndPoint>(
                text => text.StartsWith(UnixPrefix, StringComparison.Ordinal) ? new UnixDomainSocketEndPoint(text[UnixPrefix.Length..]) : IPEndPoint.Parse(text),
                place => place is UnixDomainSocketEndPoint ? $"{UnixPrefix}{place}" : $"{place}"),
        },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { NameDevices } },
    };

    public static string Write(GuestDefinition definition) => JsonSerializer.Serialize(definition, Options);

    /// <exception cref="InvalidStateException">It is no definition.</exception>
    public static GuestDefinition Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<GuestDefinition>(text, Options) ?? throw new InvalidStateException("its definition is empty");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidStateException($"its definition cannot be read: {e.Message}");
        }
    }

    /// <summary>Each kind of device is known by the name of its record.</summary>
    private static void NameDevices(JsonTypeInfo type)
    {
        if (type.Type != typeof(DeviceDefinition)) return;
        type.PolymorphismOptions = new JsonPolymorphismOptions { TypeDiscriminatorPropertyName = "kind" };
        foreach (Type device in typeof(DeviceDefinition).Assembly.GetTypes().Where(device => device.IsSubclassOf(typeof(DeviceDefinition)) && !device.IsAbstract))
            type.PolymorphismOptions.DerivedTypes.Add(new JsonDerivedType(device, device.Name));
    }

    private sealed class AsText<T>(Func<string, T> read, Func<T, string> write) : JsonConverter<T>
    {
        public override T? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => read(reader.GetString() ?? throw new JsonException());

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(write(value));
    }
}
