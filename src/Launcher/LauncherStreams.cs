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
        new DescriptorStream(0),
        new DescriptorStream(1),
        new StreamWriter(new DescriptorStream(2), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true },
        MayBeTerminal: true);
}
