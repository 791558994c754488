using System.Text;
using LguestPS;
using LguestPS.Definitions;
using LguestPS.Launcher;

return Program.Run(args, LauncherStreams.Standard());

internal static partial class Program
{
    /// <summary>The whole program: from its arguments to its exit status.</summary>
    internal static int Run(string[] args, LauncherStreams streams)
    {
        try
        {
            CommandLine commandLine = CommandLine.Parse(args);
            if (commandLine.WantsInformation) return Write(commandLine.Information(), streams, ExitStatus.PowerDown);
            if (commandLine.Described is { Length: > 0 } kernels) return Describe(kernels, streams);
            if (commandLine.Matrix is { } matrix) return matrix.Run(streams, commandLine.Verbose);
            GuestDefinition definition = commandLine.MakeDefinition();
            if (commandLine.Exports) return Write(GuestDefinitionWriter.Write([definition]), streams, ExitStatus.PowerDown);
            using RunFiles files = new(commandLine);
            using Guest guest = Create(definition);
            using GuestSession session = new(guest, commandLine, files, streams);
            return session.Run();
        }
        catch (LguestException e)
        {
            // A place in a file starts the line, so that editors find it.
            streams.Error.WriteLine(e.Line is null ? $"lguest: {e.Message}" : e.Message);
            return ExitStatus.BadRequest;
        }
        catch (Exception e)
        {
            // Caught so that the terminal is given back: the runtime aborts without unwinding.
            streams.Error.WriteLine($"lguest: this is a fault of lguest itself: {e}");
            return ExitStatus.InternalError;
        }
    }

    /// <exception cref="LguestException">As <see cref="Guest.Create"/>, with the place in the definition that names a file which is at fault.</exception>
    private static Guest Create(GuestDefinition definition)
    {
        try
        {
            return Guest.Create(definition);
        }
        catch (LguestException e)
        {
            throw new GuestDefinitionReader().Locate(e, definition);
        }
    }

    /// <returns>PowerDown if all of them may run, else BadRequest.</returns>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    private static int Describe(string[] kernels, LauncherStreams streams)
    {
        KernelReport[] reports = [.. kernels.Select(KernelReport.Read)];
        string text = string.Join('\n', reports.Select(report => string.Concat(KernelLines.Of(report).Select(line => line + "\n"))));
        return Write(text, streams, reports.All(report => report.CanRun is not false) ? ExitStatus.PowerDown : ExitStatus.BadRequest);
    }

    private static int Write(string text, LauncherStreams streams, int status)
    {
        try
        {
            streams.Output.Write(Encoding.UTF8.GetBytes(text));
            return status;
        }
        catch (IOException e)
        {
            if (e is not ReaderGoneException) streams.Error.WriteLine($"lguest: the output cannot be written: {e.Message}");
            return ExitStatus.Stopped;
        }
    }
}
