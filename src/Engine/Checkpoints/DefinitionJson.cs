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
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
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
            GuestDefinition definition = JsonSerializer.Deserialize<GuestDefinition>(text, Options) ?? throw new InvalidStateException("its definition is empty");
            CheckValues(definition);
            foreach ((_, string problem) in definition.Validate()) throw new InvalidStateException(problem);
            return definition;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidStateException($"its definition cannot be read: {e.Message}");
        }
    }

    /// <summary>What the types of a definition cannot say: that lists have no holes, and choices are among those there are.</summary>
    /// <exception cref="InvalidStateException">It is not so.</exception>
    private static void CheckValues(GuestDefinition definition)
    {
        bool isWhole = Enum.IsDefined(definition.Cpu) && Enum.IsDefined(definition.Clock) && Enum.IsDefined(definition.Tsc) && Enum.IsDefined(definition.DirectTraps) && Enum.IsDefined(definition.Compile);
        foreach (DeviceDefinition? device in definition.Devices)
        {
            isWhole &= device switch
            {
                null => false,
                BlockDefinition disk => Enum.IsDefined(disk.Mode),
                UserNetDefinition net => net.Forward.All(port => port is not null && Enum.IsDefined(port.Transport)) && net.Reach.All(port => port is not null && Enum.IsDefined(port.Transport)),
                _ => true,
            };
        }
        if (!isWhole) throw new InvalidStateException("its definition has a value that does not exist");
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
