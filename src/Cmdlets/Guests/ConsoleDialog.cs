using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace LguestPS.Cmdlets;

/// <summary>What a guest has written to its console and that has not been received yet; one for each guest, shared by all who ask.</summary>
internal sealed class ConsoleDialog
{
    /// <summary>The newest characters in which an expected text is looked for.</summary>
    public const int SearchWindow = 64 * 1024;

    /// <summary>The most characters of a guest's text in an error.</summary>
    public const int LongestTail = 1000;

    private const int MostUnread = 1 << 20;

    private static readonly ConditionalWeakTable<Guest, ConsoleDialog> Dialogs = [];

    private readonly ConsoleReader reader;
    private readonly StringBuilder unread = new();
    private long missed;
    private long reported;

    private ConsoleDialog(Guest guest) => reader = guest.ReadConsole(fromStart: true);

    /// <summary>Characters read so far and not received.</summary>
    public int UnreadLength => unread.Length;

    /// <summary>The dialog with a guest.</summary>
    /// <exception cref="LguestException">NotSupported: the guest has no console.</exception>
    public static ConsoleDialog With(Guest guest) => Dialogs.GetValue(guest, made => new ConsoleDialog(made));

    /// <summary>Takes in what the guest has written up to now.</summary>
    public void Update()
    {
        unread.Append(reader.Read());
        if (unread.Length <= MostUnread) return;
        missed += unread.Length - MostUnread;
        unread.Remove(0, unread.Length - MostUnread);
    }

    /// <summary>Waits until the guest has written more.</summary>
    public bool Wait(TimeSpan longest, CancellationToken stop) => reader.Wait(longest, stop);

    /// <summary>Looks for a text.</summary>
    /// <param name="wanted">What it looks like.</param>
    /// <param name="from">Where to begin, in characters of what is unread.</param>
    /// <returns>Where it begins and ends, or null.</returns>
    public (int Start, int End)? Find(Regex wanted, int from)
    {
        int start = Math.Min(Math.Max(from, unread.Length - SearchWindow), unread.Length);
        Match match = wanted.Match(unread.ToString(start, unread.Length - start));
        return match.Success ? (start + match.Index, start + match.Index + match.Length) : null;
    }

    /// <summary>Receives everything, or just the first characters.</summary>
    public string Take(int? characters = null)
    {
        string text = unread.ToString(0, characters ?? unread.Length);
        unread.Remove(0, text.Length);
        return text;
    }

    /// <summary>The end of all that a guest has written, whether it was received or not; nothing if it has no console.</summary>
    public static string TailOf(Guest guest)
    {
        if (!guest.Definition.Devices.OfType<ConsoleDefinition>().Any()) return "";
        string text = guest.ConsoleText;
        return text[Math.Max(0, text.Length - LongestTail)..];
    }

    /// <summary>The end of what is unread; it stays unread.</summary>
    public string Tail(int most) => unread.ToString(Math.Max(0, unread.Length - most), Math.Min(most, unread.Length));

    /// <summary>How much was dropped since the last time because it was not received: about a character a byte.</summary>
    public long TakeMissed()
    {
        long count = missed + reader.MissedBytes - reported;
        reported = reader.MissedBytes;
        missed = 0;
        return count;
    }
}
