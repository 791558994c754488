namespace LguestPS.Tests.Soak;

/// <summary>What the load of one guest has said: what it promised, how far it has come, and what it complains of.</summary>
/// <remarks>One thread reads the guest's console; any other may ask.</remarks>
internal sealed class LoadLedger(Journal journal, string lane)
{
    private readonly Lock gate = new();
    private readonly Dictionary<uint, string> asked = [];
    private bool quiet;
    private uint flooded, question, forgotten, restored;
    private bool hasFlooded, countsAnew, countsDatagramsAnew;
    private long milliseconds;

    /// <summary>The newest record that is promised to be on the disk.</summary>
    public uint Acknowledged { get; private set; }

    /// <summary>The newest record, complete ones and places that the load found on the disk when it began; null if it has not begun.</summary>
    public (uint Newest, uint Whole, uint Slots, uint Errors)? Begun { get; private set; }

    public long DiskErrors { get; private set; }
    public long NetworkErrors { get; private set; }
    public uint Kibibytes { get; private set; }
    public uint Rounds { get; private set; }
    public uint Datagrams { get; private set; }
    public long Answers { get; private set; }
    public long Lines { get; private set; }
    public bool SaidGoodbye { get; private set; }

    /// <summary>Questions that wait for their answer.</summary>
    public int Waiting
    {
        get { lock (gate) return asked.Count; }
    }

    /// <summary>The guest is again what it was when a record had just been acknowledged: a checkpoint was restored.</summary>
    public void Restored(uint record)
    {
        lock (gate)
        {
            hasFlooded = false;
            milliseconds = 0;
            asked.Clear();
            forgotten = question;
            restored = record;
            quiet = true;
            countsAnew = countsDatagramsAnew = true;      // what it counts itself is of its whole life
        }
    }

    /// <summary>A line to type, whose answer is then looked for.</summary>
    public string Ask(Random random)
    {
        lock (gate)
        {
            uint number = ++question;
            string text = new([.. Enumerable.Range(0, random.Next(1, 200)).Select(_ => (char)('a' + random.Next(26)))]);
            asked[number] = text;
            return $"E {number} {text}\n";
        }
    }

    public void Take(string raw)
    {
        if (LoadLine.Parse(raw) is not { } line)
        {
            Garbled(raw);
            return;
        }
        Lines++;
        uint[] numbers = line.Kind is 'R' or 'F' ? [] : line.Numbers;
        switch (line.Kind)
        {
            case 'B':
                Begun = (numbers[0], numbers[1], numbers[2], numbers[3]);
                break;
            case 'A':
                if (Acknowledged != 0 && !quiet && numbers[0] != Acknowledged + 1) journal.Break(lane, $"after record {Acknowledged} record {numbers[0]} was acknowledged");
                // The first may have begun before the checkpoint.
                if (quiet && numbers[0] - restored is 0 or > 2) journal.Break(lane, $"after a checkpoint at record {restored} record {numbers[0]} was acknowledged");
                quiet = false;
                Acknowledged = numbers[0];
                journal.Count("records acknowledged");
                break;
            case 'V':
                journal.Count("records read again by the guest");
                break;
            case 'X' when numbers[0] == 'D':
                DiskErrors++;
                journal.Count($"errors in the guest: disk, errno {numbers[2]}");
                break;
            case 'X':
                NetworkErrors++;
                journal.Count($"errors in the guest: TCP, errno {numbers[2]}");
                break;
            case 'N':
                if (!countsAnew && numbers[0] > Kibibytes) journal.Count("KiB there and back over TCP", numbers[0] - Kibibytes);
                countsAnew = false;
                (Kibibytes, Rounds) = (numbers[0], numbers[2]);
                break;
            case 'U':
                if (!countsDatagramsAnew && numbers[0] > Datagrams) journal.Count("UDP datagrams there and back", numbers[0] - Datagrams);
                countsDatagramsAnew = false;
                Datagrams = numbers[0];
                break;
            case 'F':
                Flooded(line.Text);
                break;
            case 'T':
                Ticked(numbers[0] * 1000L + numbers[1]);
                break;
            case 'R':
                Answered(line.Text);
                break;
            case 'Q':
                SaidGoodbye = true;
                break;
            case '!':
                journal.Break(lane, $"the guest says: {line.Text}");
                break;
        }
    }

    private void Flooded(string text)
    {
        uint number = uint.Parse(text.Split(' ')[1]);
        if (hasFlooded && number != flooded + 1) journal.Break(lane, $"console: line {number} came after line {flooded}");
        (hasFlooded, flooded) = (true, number);
        journal.Count("console lines out");
    }

    private void Ticked(long now)
    {
        if (now < milliseconds) journal.Break(lane, $"the guest's monotonic clock went back from {milliseconds} to {now} ms");
        milliseconds = now;
    }

    private void Answered(string text)
    {
        string[] words = text.Split(' ', 3);
        lock (gate)
        {
            if (!asked.Remove(uint.Parse(words[1]), out string? sent))
            {
                if (uint.Parse(words[1]) > forgotten) journal.Break(lane, $"console: an answer to question {words[1]}, which was not asked");
                return;
            }
            if (sent != (words.Length > 2 ? words[2] : "")) journal.Break(lane, $"console: question {words[1]} came back changed");
        }
        Answers++;
        journal.Count("console lines in and back");
    }

    private void Garbled(string raw)
    {
        // The kernel has its say at the end, and an interrupted line begins or ends where a process or a checkpoint did.
        if (raw.Trim().Length == 0 || quiet || SaidGoodbye || (Lines == 0 && Begun is null)) return;
        journal.Break(lane, $"console: a line was garbled: {raw[..Math.Min(raw.Length, 120)]}");
    }
}
