using System.Text;

namespace LguestPS.Terminals;

/// <summary>Shows lines on a terminal's second screen, of which only those are written that have changed, and gives the first one back.</summary>
internal sealed class LiveScreen : IDisposable
{
    private const string Enter = "\u001b[?1049h\u001b[?25l\u001b[2J", Leave = "\u001b[?25h\u001b[?1049l";

    private readonly Action<string> write;
    private string[] shown = [];
    private (int Width, int Height) size;
    private bool isLeft;

    /// <param name="write">Writes to the terminal.</param>
    public LiveScreen(Action<string> write)
    {
        this.write = write;
        write(Enter);
    }

    /// <summary>Shows these lines in place of those before.</summary>
    /// <param name="lines">No longer than the screen is wide, and no more than it has.</param>
    /// <param name="width">Its columns.</param>
    /// <param name="height">Its lines.</param>
    public void Show(IReadOnlyList<string> lines, int width, int height)
    {
        StringBuilder change = new();
        if (size != (width, height))
        {
            change.Append("\u001b[2J");
            shown = [];
            size = (width, height);
        }
        for (int i = 0; i < Math.Max(lines.Count, shown.Length); i++)
        {
            string line = i < lines.Count ? lines[i] : "";
            if (i < shown.Length && shown[i] == line) continue;
            // What is left of the longer line before is erased; the last column is never passed, so nothing scrolls.
            change.Append($"\u001b[{i + 1};1H{line}\u001b[K");
        }
        shown = [.. lines];
        if (change.Length > 0) write(change.ToString());
    }

    public void Dispose()
    {
        if (isLeft) return;
        isLeft = true;
        write(Leave);
    }
}
