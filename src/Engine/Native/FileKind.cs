using System.Runtime.Versioning;
using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>What a path leads to.</summary>
internal enum FileKind
{
    File,
    Folder,
    Pipe,
    Socket,
    Device,
}

/// <summary>Looks at what a path leads to without opening it (statx).</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class FileStatus
{
    /// <summary>What is there; null if nothing is, or it cannot be told.</summary>
    public static FileKind? KindOf(string path)
    {
        statx status;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            if (statx(AT_FDCWD, name, 0, STATX_TYPE, &status) != 0) return null;
        mode_t kind = status.stx_mode & S_IFMT;
        return kind == S_IFREG ? FileKind.File
            : kind == S_IFDIR ? FileKind.Folder
            : kind == S_IFIFO ? FileKind.Pipe
            : kind == S_IFSOCK ? FileKind.Socket
            : FileKind.Device;
    }
}
