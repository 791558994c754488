using System.Text;

namespace LguestPS.Bench;

/// <summary>Adds files to an initial RAM disk: Linux unpacks archives that follow each other, whether they are compressed or not.</summary>
internal sealed class Initramfs
{
    private const int RegularFile = 0x8000, Folder = 0x4000;

    private readonly MemoryStream archive = new();
    private int number = 0x7000;

    /// <param name="path">Without a leading slash; its folder must be there.</param>
    public void AddFolder(string path) => Add(path, Folder | 0x1ED, []);

    /// <param name="path">Without a leading slash; its folder must be there.</param>
    /// <param name="content">What is in it.</param>
    public void AddProgram(string path, byte[] content) => Add(path, RegularFile | 0x1ED, content);

    /// <summary>Writes a RAM disk followed by what was added here.</summary>
    public void WriteBehind(string initrd, string to)
    {
        Add("TRAILER!!!", 0, []);
        using FileStream file = File.Create(to);
        using (FileStream first = File.OpenRead(initrd)) first.CopyTo(file);
        Pad(file);
        archive.WriteTo(file);
    }

    /// <summary>One entry in the "new ASCII" format of cpio.</summary>
    private void Add(string path, int mode, byte[] content)
    {
        int[] fields = [number++, mode, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, path.Length + 1, 0];
        archive.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("x8"))) + path + "\0"));
        Pad(archive);
        archive.Write(content);
        Pad(archive);
    }

    private static void Pad(Stream stream)
    {
        while (stream.Position % 4 != 0) stream.WriteByte(0);
    }
}
