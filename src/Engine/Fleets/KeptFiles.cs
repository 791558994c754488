using System.Text;
using LguestPS.Files;

namespace LguestPS.Fleets;

/// <summary>Writes what is kept of a cell's guest into a folder. What was there before stays: the new files get other names.</summary>
internal static class KeptFiles
{
    public const string RecordingEnding = ".recording";
    public const string ConsoleEnding = ".console.txt";

    /// <summary>Writes the recording, if there is one, and the console's text; what cannot be written is a warning.</summary>
    public static CellFilePaths Write(MatrixCell cell, Guest guest, bool isRecorded, string console, string folder, List<string> warnings)
    {
        string? recording = null, text = null;
        try
        {
            Directory.CreateDirectory(folder);
            string stem = FreeStem(folder, cell.FileStem);
            if (console.Length > 0)
                HostFile.Replace(text = stem + ConsoleEnding, file => file.Write(Encoding.UTF8.GetBytes(console)));
            if (isRecorded)
                guest.SaveRecording(recording = stem + RecordingEnding);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LguestException)
        {
            warnings.Add($"its files could not be kept in '{folder}': {e.Message}");
        }
        return new CellFilePaths(Existing(recording), Existing(text));
    }

    /// <summary>A beginning of names that no file in a folder has yet.</summary>
    public static string FreeStem(string folder, string wanted)
    {
        for (int number = 1; ; number++)
        {
            string stem = Path.Combine(folder, number == 1 ? wanted : $"{wanted}-{number}");
            if (!File.Exists(stem + RecordingEnding) && !File.Exists(stem + ConsoleEnding)) return stem;
        }
    }

    private static string? Existing(string? path) => path is not null && File.Exists(path) ? path : null;
}
