using System.Text;

namespace LguestPS.Launcher;

/// <summary>What lguest reads and writes.</summary>
/// <param name="Input">Typed into the guest's console.</param>
/// <param name="Output">The guest's console, or its events; never both.</param>
/// <param name="Error">Everything lguest itself has to say.</param>
/// <param name="MayBeTerminal">Whether <paramref name="Input"/> is descriptor 0, which may be a terminal.</param>
internal sealed record LauncherStreams(Stream Input, Stream Output, TextWriter Error, bool MayBeTerminal = false)
{
    public static LauncherStreams Standard() => new(
        StandardStreams.OpenInput(),
        StandardStreams.OpenOutput(),
        new ErrorWriter(StandardStreams.OpenError()),
        MayBeTerminal: true);

    /// <summary>Once this is cancelled, writing no longer waits for slow readers.</summary>
    public void GiveUpAfter(CancellationToken stop)
    {
        foreach (Stream? stream in (Stream?[])[Output, (Error as ErrorWriter)?.Stream])
            if (stream is DescriptorStream descriptor) descriptor.GiveUp = stop;
    }
}

/// <summary>Writes to standard error what can be written there: a guest and its exit status do not depend on who listens.</summary>
internal sealed class ErrorWriter(Stream stream) : TextWriter
{
    public Stream Stream => stream;

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void WriteLine(string? value) => Write($"{value}\n");

    public override void Write(ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[Encoding.GetByteCount(text)];
        Encoding.GetBytes(text, bytes);
        try
        {
            stream.Write(bytes);
        }
        catch (IOException)
        {
            // There is no other place to say it.
        }
    }
}
