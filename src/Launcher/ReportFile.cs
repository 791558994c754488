using LguestPS.Files;
using LguestPS.Reports;

namespace LguestPS.Launcher;

/// <summary>The file of --report: takes its place when the run is over.</summary>
internal sealed class ReportFile : IDisposable
{
    private readonly string path;
    private readonly UnfinishedFile file;
    private RunWatch? watch;

    /// <param name="path">An absolute path.</param>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public ReportFile(string path)
    {
        this.path = path;
        try
        {
            file = new UnfinishedFile(path, isPrivate: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e, e.Message);
        }
    }

    /// <summary>Watches a guest that has run nothing yet.</summary>
    public void Watch(Guest guest) => watch = new RunWatch(guest);

    public void Add(LguestEvent happened) => watch!.Add(happened);

    /// <summary>Writes the report and puts it in its place.</summary>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public void Finish()
    {
        try
        {
            watch!.Report("Made by lguest while the guest ran.").Write(file.Stream);
            file.Finish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e, file.Describe(e));
        }
    }

    public void Dispose() => file.Dispose();

    private LguestException Unwritable(Exception e, string problem) => new(LguestError.FileUnavailable, $"--report '{path}': {problem}", e) { Path = path };
}
