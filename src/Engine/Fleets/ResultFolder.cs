using System.Text;
using LguestPS.Files;
using LguestPS.Fleets;

namespace LguestPS;

/// <summary>A folder in which each cell of a matrix leaves its result as a file, so that a run that was cut short goes on where it was.</summary>
/// <param name="folder">Its absolute path; it is made when the first result is written.</param>
public sealed class ResultFolder(string folder)
{
    private const string Ending = ".result.json";

    /// <summary>The pattern of the files' names.</summary>
    public const string Pattern = "*" + Ending;

    private const int MostBytes = 64 << 20;

    /// <summary>What the folder has of a cell; null if nothing, or what cannot be read, or is of another matrix.</summary>
    public MatrixResult? Of(MatrixCell cell)
    {
        string path = PathOf(cell);
        if (!File.Exists(path)) return null;
        try
        {
            MatrixResult result = MatrixResult.FromJson(Encoding.UTF8.GetString(HostFile.ReadAll(path, MostBytes)));
            return result.MatrixId == cell.Matrix.Id && result.Index == cell.Index ? result : null;
        }
        catch (Exception e) when (e is LguestException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a cell's result, in place of an earlier one.</summary>
    /// <exception cref="LguestException">FileUnavailable: it cannot be written.</exception>
    public void Keep(MatrixCell cell, MatrixResult result)
    {
        string path = PathOf(cell);
        try
        {
            Directory.CreateDirectory(folder);
            HostFile.Replace(path, file => file.Write(Encoding.UTF8.GetBytes(result.ToJson() + "\n")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"the result '{path}' cannot be written: {e.Message}", e) { Path = path };
        }
    }

    private string PathOf(MatrixCell cell) => Path.Combine(folder, cell.FileStem + Ending);
}
