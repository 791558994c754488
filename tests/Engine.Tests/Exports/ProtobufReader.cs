using System.Text;

namespace LguestPS.Tests.Exports;

/// <summary>Protobuf messages as their fields, without knowing what they mean.</summary>
internal sealed class ProtobufMessage
{
    private readonly List<(int Field, ulong Number, byte[] Bytes)> fields = [];

    private ProtobufMessage()
    {
    }

    /// <exception cref="InvalidDataException">It is not one.</exception>
    public static ProtobufMessage Read(byte[] bytes)
    {
        ProtobufMessage message = new();
        for (int at = 0; at < bytes.Length;)
        {
            ulong tag = Varint(bytes, ref at);
            switch (tag & 7)
            {
                case 0:
                    message.fields.Add(((int)(tag >> 3), Varint(bytes, ref at), []));
                    break;
                case 2:
                    int length = checked((int)Varint(bytes, ref at));
                    if (length > bytes.Length - at) throw new InvalidDataException($"a field of {length} bytes ends after its message");
                    message.fields.Add(((int)(tag >> 3), 0, bytes[at..(at + length)]));
                    at += length;
                    break;
                default:
                    throw new InvalidDataException($"a field has wire type {tag & 7}");
            }
        }
        return message;
    }

    public IEnumerable<ProtobufMessage> All(int field) => fields.Where(each => each.Field == field).Select(each => Read(each.Bytes));

    public ProtobufMessage? One(int field) => All(field).SingleOrDefault();

    public long? Number(int field) => fields.Where(each => each.Field == field).Select(each => (long?)each.Number).SingleOrDefault();

    public string? Text(int field) => fields.Where(each => each.Field == field).Select(each => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(each.Bytes)).SingleOrDefault();

    private static ulong Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }
}
