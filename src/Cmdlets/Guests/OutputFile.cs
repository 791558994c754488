using System.Management.Automation;
using System.Text;
using LguestPS.Files;

namespace LguestPS.Cmdlets;

/// <summary>The one rule for every file that is written: it replaces what is there, unless -NoClobber; what is read-only only with -Force.</summary>
internal static class OutputFile
{
    /// <summary>Finds out, before anything runs, whether a file could be written.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="what">What it will be, for the message.</param>
    /// <param name="force">Whether a file that is read-only may be replaced.</param>
    /// <param name="noClobber">Whether none may be replaced.</param>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public static void Check(string path, string what, bool force, bool noClobber)
    {
        string? problem = Problem(path, force, noClobber);
        if (problem is not null) throw new LguestException(LguestError.FileUnavailable, $"the {what} '{path}' cannot be written: {problem}") { Path = path };
    }

    /// <summary>Writes a whole text, in place of what is there. It holds nothing of a guest's insides, so whoever may read the folder may read it.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <param name="text">Written as UTF-8.</param>
    /// <exception cref="LguestException">FileUnavailable; what was there before is still there.</exception>
    public static void Write(string path, string what, string text)
    {
        UnfinishedFile? file = null;
        try
        {
            file = new UnfinishedFile(path, isPrivate: false);
            file.Stream.Write(Encoding.UTF8.GetBytes(text));
            file.Finish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"the {what} '{path}' cannot be written: {file?.Describe(e) ?? e.Message}", e) { Path = path };
        }
        finally
        {
            file?.Dispose();
        }
    }

    private static string? Problem(string path, bool force, bool noClobber)
    {
        if (Directory.Exists(path)) return "it is a folder";
        if (HostFile.Problem(path) is { } other) return other;
        if (Path.GetDirectoryName(path) is not { } folder || !Directory.Exists(folder)) return $"there is no folder '{Path.GetDirectoryName(path)}'";
        if (File.Exists(path))
        {
            if (noClobber) return "it is already there, and -NoClobber was given";
            if (!force && new FileInfo(path).IsReadOnly) return "it is read-only; -Force replaces it";
        }
        try
        {
            // Files are written beside the one they replace.
            using FileStream probe = new($"{path}.{Environment.ProcessId}.tmp", new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose });
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e is UnauthorizedAccessException ? $"there is no permission to write in '{folder}'" : e.Message.Replace($"{path}.{Environment.ProcessId}.tmp", path);
        }
    }
}
