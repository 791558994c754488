using System.Globalization;
using System.Text;
using LguestPS.Cpu.Emulated;

namespace LguestPS.Bench;

/// <summary>What compiling costs a guest: the same guest once more, in this process, where its CPU can be asked.</summary>
internal static class CompilationMeasurement
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Boots a Linux until a text is on its console, and says what was compiled and how long that took.</summary>
    public static void Show(string kernel, string initrd, string words, string text, int megabytes = 64)
    {
        using Guest guest = Guest.Create(new GuestDefinition
        {
            Name = "bench",
            Kernel = kernel,
            Initrd = initrd,
            CommandLine = words,
            Memory = (long)megabytes << 20,
            Cpu = CpuChoice.Emulated,
        });
        using var stop = new CancellationTokenSource(Patience);
        var seen = new StringBuilder();
        RunOptions options = new()
        {
            Driver = "bench", Filter = EventFilter.Nothing,
            ConsoleOutput = bytes =>
            {
                seen.Append(Encoding.ASCII.GetString(bytes.Span));
                if (seen.ToString().Contains(text, StringComparison.Ordinal)) stop.Cancel();
                else if (seen.Length > text.Length) seen.Remove(0, seen.Length - text.Length);
            },
        };
        foreach (LguestEvent _ in guest.Run(options, stop.Token))
        {
        }

        if (((EmulatedCpu)guest.Cpu).Translations.Compiled is not { } compiled)
        {
            Console.WriteLine("Nothing is compiled on this machine.");
            return;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Until '{text}': {guest.InstructionCount / 1e6:F0} million instructions, {100.0 * compiled.Instructions / guest.InstructionCount:F1} % of them compiled; "
            + $"{compiled.Blocks} blocks, {compiled.Bytes >> 10} KiB of machine code, compiled in {compiled.Time.TotalMilliseconds:F1} ms, all dropped {compiled.Resets} times."));
    }
}
