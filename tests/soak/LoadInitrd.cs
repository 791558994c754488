using System.IO.Compression;
using System.Text;

namespace LguestPS.Tests.Soak;

/// <summary>An initrd with the load in it: somebody's, and an archive behind it whose files go first.</summary>
internal static class LoadInitrd
{
    public static void Make(string initrd, string path)
    {
        using FileStream file = File.Create(path);
        using (FileStream given = File.OpenRead(initrd)) given.CopyTo(file);
        using GZipStream packed = new(file, CompressionLevel.Optimal);
        string guest = Path.Combine(AppContext.BaseDirectory, "guest");
        uint node = 0x50414b;
        Append(packed, ref node, "init", 0x81ed, File.ReadAllBytes(Path.Combine(guest, "init")));
        Append(packed, ref node, "bin", 0x41ed, []);
        Append(packed, ref node, "bin/soak-load", 0x81ed, File.ReadAllBytes(Path.Combine(guest, "soak-load")));
        Append(packed, ref node, "TRAILER!!!", 0, []);
    }

    /// <summary>An entry of a cpio archive of the kind "newc".</summary>
    private static void Append(Stream archive, ref uint node, string name, uint mode, byte[] contents)
    {
        uint[] fields = [node++, mode, 0, 0, 1, 0, (uint)contents.Length, 0, 0, 0, 0, (uint)name.Length + 1, 0];
        byte[] head = Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("x8"))) + name + "\0");
        archive.Write(head);
        archive.Write(new byte[-head.Length & 3]);
        archive.Write(contents);
        archive.Write(new byte[-contents.Length & 3]);
    }
}
