using System.Buffers.Binary;
using System.Text;

namespace LguestPS.Tests.Programs;

/// <summary>What a program wrote, to standard output or error, and how it ended.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Output">All it wrote.</param>
/// <param name="Status">As waitpid() says it, but for <see cref="Silent"/> and <see cref="CutOff"/>.</param>
internal sealed record ProgramRun(string Name, byte[] Output, int Status)
{
    /// <summary>In place of a status: it was silent for too long, and was killed.</summary>
    public const int Silent = 1 << 16;

    /// <summary>In place of a status: it wrote more than is looked at, and was killed.</summary>
    public const int CutOff = 1 << 17;

    public string[] Lines => Encoding.Latin1.GetString(Output).Split('\n');

    public string Ending => Status switch
    {
        Silent => "was killed for silence",
        CutOff => "was killed after its first 32 MiB",
        _ when (Status & 0x7F) != 0 => $"was ended by signal {Status & 0x7F}",
        _ => $"ended with status {Status >> 8}",
    };

    /// <summary>The runs in the records that tests/programs/runner.c writes.</summary>
    /// <exception cref="InvalidDataException">They do not end as they should; the message has the last program.</exception>
    public static IReadOnlyList<ProgramRun> Read(ReadOnlySpan<byte> records)
    {
        List<ProgramRun> runs = [];
        MemoryStream output = new();
        string name = "";
        for (int at = 0; records.Length - at >= 5;)
        {
            char kind = (char)records[at];
            int length = BinaryPrimitives.ReadInt32LittleEndian(records[(at + 1)..]);
            if (length < 0 || length > records.Length - at - 5) break;
            ReadOnlySpan<byte> content = records.Slice(at + 5, length);
            at += 5 + length;
            switch (kind)
            {
                case 'N':
                    name = Encoding.Latin1.GetString(content);
                    output.SetLength(0);
                    break;
                case 'O':
                    output.Write(content);
                    break;
                case 'S':
                    runs.Add(new ProgramRun(name, output.ToArray(), BinaryPrimitives.ReadInt32LittleEndian(content)));
                    break;
                case 'E':
                    return runs;
                default:
                    throw new InvalidDataException($"the records break off after {runs.Count} programs, the last of which was '{name}'");
            }
        }
        throw new InvalidDataException($"the records break off after {runs.Count} programs, the last of which was '{name}'");
    }
}
