using System.Text;

namespace LguestPS.Tests.Soak;

/// <summary>A process of its own that runs a loaded Linux by the engine and takes and restores checkpoints all the while.</summary>
/// <remarks>Standard input and output are the guest's console; lines that begin with @ are the worker's own.</remarks>
internal sealed class CheckpointWorker
{
    private const int Kept = 3;

    private readonly GuestDefinition definition;
    private readonly string path;
    private readonly Random random;
    private readonly Stream output = Console.OpenStandardOutput();
    private readonly Lock writing = new();
    private readonly List<byte> unfinished = [];
    private readonly List<Checkpoint> kept = [];
    private Guest guest = null!;
    private uint acknowledged;

    public CheckpointWorker(GuestDefinition definition, string path, int seed) => (this.definition, this.path, random) = (definition, path, new Random(seed));

    /// <returns>The exit status.</returns>
    public int Run()
    {
        if (File.Exists(path))
        {
            Checkpoint checkpoint = Checkpoint.Load(path);
            guest = Guest.CreateFrom(checkpoint);
            Back(checkpoint);
        }
        else
        {
            guest = Guest.Create(definition);
        }
        new Thread(Forward) { IsBackground = true, Name = "input" }.Start();
        while (!guest.HasEnded)
        {
            using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(random.Next(200, 3000)));
            RunOptions options = new()
            {
                Driver = "soak", Filter = EventFilter.Nothing, WaitForInput = true, ConsoleOutput = text => Show(text.Span), Warning = text => Say($"@warning {text}"),
            };
            foreach (LguestEvent _ in guest.Run(options, stop.Token))
            {
            }
            if (!guest.HasEnded && acknowledged > 0) Checkpoints();
        }
        Say($"@ended {guest.Ending!.Reason}");
        guest.Dispose();
        return 0;
    }

    private void Checkpoints()
    {
        Checkpoint checkpoint = guest.TakeCheckpoint(acknowledged.ToString());
        Say($"@taken {acknowledged}");
        kept.Add(checkpoint);
        if (kept.Count > Kept) kept.RemoveAt(0);
        if (random.Next(2) == 0) Save(checkpoint);
        if (random.Next(6) != 0) return;
        Checkpoint old = kept[random.Next(kept.Count)];
        guest.Restore(old);
        Back(old);
    }

    private void Save(Checkpoint checkpoint)
    {
        Say($"@saving {checkpoint.Label}");
        try
        {
            checkpoint.Save(path);
            Say($"@saved {checkpoint.Label}");
        }
        catch (LguestException e)
        {
            Say($"@refused {e.Message}");
        }
    }

    /// <summary>What was half said or half typed belongs to another time.</summary>
    private void Back(Checkpoint checkpoint)
    {
        unfinished.Clear();
        acknowledged = uint.Parse(checkpoint.Label);
        Say($"@restored {checkpoint.Label}");
        guest.SendConsole("\n");
    }

    private void Forward()
    {
        using Stream input = Console.OpenStandardInput();
        byte[] bytes = new byte[4096];
        for (int count; (count = input.Read(bytes)) > 0;)
        {
            try
            {
                guest.SendConsole(bytes.AsSpan(0, count), CancellationToken.None);
            }
            catch (LguestException e) when (e.Error == LguestError.GuestEnded)
            {
                return;
            }
        }
    }

    private void Show(ReadOnlySpan<byte> text)
    {
        foreach (byte one in text)
        {
            if (one != '\n')
            {
                unfinished.Add(one);
                continue;
            }
            string line = Encoding.Latin1.GetString([.. unfinished]).TrimEnd('\r');
            unfinished.Clear();
            if (LoadLine.Parse(line) is { Kind: 'A' } said) acknowledged = said.Numbers[0];
            Say(line);
        }
    }

    private void Say(string line)
    {
        lock (writing)
        {
            output.Write(Encoding.Latin1.GetBytes(line + "\n"));
            output.Flush();
        }
    }
}
