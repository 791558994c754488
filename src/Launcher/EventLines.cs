using System.Globalization;
using System.Text;

namespace LguestPS.Launcher;

/// <summary>Writes events, one a line.</summary>
internal abstract class EventLines
{
    public static EventLines Create(EventFormat format) => format == EventFormat.Jsonl ? new JsonLines() : new TableLines();

    /// <summary>What stands above the first event.</summary>
    public virtual ReadOnlySpan<byte> Head => [];

    /// <summary>The line of an event, valid until the next one is asked for.</summary>
    public abstract ReadOnlySpan<byte> Line(LguestEvent happened);
}

/// <summary>Aligned columns for people.</summary>
internal sealed class TableLines : EventLines
{
    private const int MostText = 60;

    public override ReadOnlySpan<byte> Head => "     #        TIME  KIND       WHAT\n"u8;

    public override ReadOnlySpan<byte> Line(LguestEvent happened)
    {
        string what = happened.ShownText is { } text ? $"{happened.Summary}  {QuotedText.Of(text, MostText)}" : happened.Summary;
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{happened.Sequence,6}  {happened.GuestTime.TotalSeconds,10:0.000000}  {happened.Kind,-9}  {what}\n"));
    }
}
