using System.Security.Cryptography;
using System.Text.Json;
using LguestPS.Files;

namespace LguestPS.Fuzzing;

/// <summary>The folder of a fuzzer: inputs as files of their bytes, finds with their recordings, and what is known already.</summary>
/// <remarks>An input of several targets is a file for each, with the same name and the target's as its extension; a file with no such extension is the first target's.</remarks>
internal sealed class FuzzCorpus
{
    private const string StateFile = "fuzz.json";
    private const string FindsFolder = "finds";
    private const int MostFiles = 100_000;

    private readonly string folder;
    private readonly IReadOnlyList<FuzzTarget> targets;
    private readonly HashSet<string> names = [];

    /// <exception cref="LguestException">FileUnavailable.</exception>
    public FuzzCorpus(string folder, IReadOnlyList<FuzzTarget> targets)
    {
        this.folder = Path.GetFullPath(folder);
        this.targets = targets;
        Guard(() => Directory.CreateDirectory(Path.Combine(this.folder, FindsFolder)));
        if (!File.Exists(Path.Combine(this.folder, StateFile))) return;
        Guard(() => Known = JsonSerializer.Deserialize<Session>(HostFile.ReadAll(Path.Combine(this.folder, StateFile), 64 << 20)) ?? new Session());
    }

    /// <summary>What earlier sessions have left.</summary>
    public Session Known { get; private set; } = new();

    /// <summary>Every input in the folder, in the order of their names.</summary>
    /// <param name="original">What a target has for which there is no file.</param>
    public IReadOnlyList<FuzzInput> Read(FuzzInput original)
    {
        SortedDictionary<string, FuzzInput> inputs = new(StringComparer.Ordinal);
        Guard(() =>
        {
            foreach (string file in Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) != StateFile && !Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal).Take(MostFiles))
            {
                int part = PartOf(Path.GetExtension(file).TrimStart('.'));
                string name = part < 0 ? Path.GetFileName(file) : Path.GetFileNameWithoutExtension(file);
                byte[] bytes = HostFile.ReadAll(file, 1 << 20);
                if (targets.Count == 0) continue;
                inputs[name] = (inputs.TryGetValue(name, out FuzzInput? known) ? known : original).With(Math.Max(part, 0), targets[Math.Max(part, 0)].Fit(bytes));
                names.Add(name);
            }
        });
        return [.. inputs.Values];
    }

    /// <summary>Keeps an input to go on from.</summary>
    public void Keep(FuzzInput input)
    {
        if (targets.Count > 0 && names.Add(NameOf(input))) Write(folder, NameOf(input), input);
    }

    /// <summary>Keeps a find with its recording, and all that is known by now.</summary>
    public void Keep(FuzzFind find, Session session)
    {
        string finds = Path.Combine(folder, FindsFolder);
        string name = $"{find.Kind.ToString().ToLowerInvariant()}-{(find.Kind == FuzzFindKind.Slow ? find.Input.HasChange ? $"{find.Run}" : NameOf(find.Input) : Hash(System.Text.Encoding.UTF8.GetBytes(find.What)))}";
        Write(finds, name, find.Input);
        find.SaveRecording(Path.Combine(finds, name + ".recording"));
        Save(session);
    }

    public void Save(Session session) => Guard(() => HostFile.Replace(Path.Combine(folder, StateFile), file => JsonSerializer.Serialize(file, session)));

    private int PartOf(string extension)
    {
        for (int i = 0; i < targets.Count; i++)
            if (targets[i].Name == extension) return i;
        return -1;
    }

    private void Write(string where, string name, FuzzInput input) => Guard(() =>
    {
        foreach (FuzzPart part in input.Parts) HostFile.Replace(Path.Combine(where, $"{name}.{part.Target}"), file => file.Write(part.Bytes));
    });

    private static string NameOf(FuzzInput input) => Hash([.. input.Parts.SelectMany(part => part.Bytes.Prepend((byte)part.Bytes.Length))]);

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..12];

    private void Guard(Action act)
    {
        try
        {
            act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"the corpus in '{folder}' cannot be used: {e.Message}", e) { Path = folder };
        }
    }

    /// <summary>What a later session goes on from.</summary>
    public sealed record Session
    {
        /// <summary>Runs so far, of all sessions.</summary>
        public long Runs { get; init; }

        /// <summary>The most instructions of a run so far.</summary>
        public long Longest { get; init; }

        /// <summary>Endings and faults that were found.</summary>
        public IReadOnlyList<string> Found { get; init; } = [];
    }
}
