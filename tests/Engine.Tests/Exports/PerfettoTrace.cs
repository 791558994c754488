namespace LguestPS.Tests.Exports;

/// <summary>What a Perfetto trace says, read as perfetto_trace.proto has it.</summary>
internal sealed class PerfettoTrace
{
    public sealed record Event(long Id, string Track, string Type, long Time, string? Name, IReadOnlyDictionary<string, string> Details, long? Value);

    private static readonly string[] Types = ["", "begin", "end", "instant", "counter"];

    public PerfettoTrace(byte[] trace)
    {
        Dictionary<long, string> eventNames = [], detailNames = [];
        foreach (ProtobufMessage packet in ProtobufMessage.Read(trace).All(1))
        {
            if (Packets++ == 0 != ((packet.Number(13) & 1) != 0)) throw new InvalidDataException("only the first packet begins a sequence");
            if (packet.One(12) is { } interned)
            {
                foreach (ProtobufMessage name in interned.All(2)) eventNames.Add(name.Number(1)!.Value, name.Text(2)!);
                foreach (ProtobufMessage name in interned.All(3)) detailNames.Add(name.Number(1)!.Value, name.Text(2)!);
            }
            if (packet.One(60) is { } descriptor)
            {
                string name = descriptor.Text(2) ?? descriptor.One(3)!.Text(6)!;
                Tracks.Add(descriptor.Number(1)!.Value, (descriptor.Number(5) is { } parent ? Tracks[parent].Path + "/" : "") + name is var path ? (path, descriptor.One(8) is not null) : default);
            }
            if (packet.One(11) is not { } happened) continue;
            Events.Add(new Event(
                happened.Number(11)!.Value, Tracks[happened.Number(11)!.Value].Path, Types[happened.Number(9)!.Value], packet.Number(8)!.Value,
                happened.Text(23) ?? (happened.Number(10) is { } id ? eventNames[id] : null),
                happened.All(4).ToDictionary(detail => detailNames[detail.Number(1)!.Value], detail => detail.Text(6) ?? $"{detail.Number(2) ?? detail.Number(3) ?? detail.Number(4) ?? detail.Number(7)}"),
                happened.Number(30)));
        }
    }

    public Dictionary<long, (string Path, bool IsCounter)> Tracks { get; } = [];

    public List<Event> Events { get; } = [];

    public int Packets { get; }

    public IEnumerable<string> On(string track) => Events.Where(each => each.Track == track).Select(each => $"{each.Type} {each.Time}{(each.Name is null ? "" : $" {each.Name}")}{(each.Value is { } value ? $" {value}" : "")}");
}
