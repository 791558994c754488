using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Launcher;

/// <summary>Descriptors 0, 1 and 2 as whoever started the program meant them.</summary>
/// <remarks>
/// One that was left closed is no stream: the runtime has put a pipe or a file of its own there, or the next file that is
/// opened would get its number. To read from it would take what is the runtime's, and to write would damage a file.
/// </remarks>
internal static unsafe class StandardStreams
{
    // Elsewhere they are the runtime's: what is said above is of Linux, and so are the calls.
    public static Stream OpenInput() => OperatingSystem.IsLinux() ? Open(0, isWritten: false) : Console.OpenStandardInput();

    public static Stream OpenOutput() => OperatingSystem.IsLinux() ? Open(1, isWritten: true) : Console.OpenStandardOutput();

    /// <summary>For what is said about the work: the work goes on when that cannot be written.</summary>
    public static Stream OpenError() => OperatingSystem.IsLinux() ? Open(2, isWritten: true) : Console.OpenStandardError();

    [SupportedOSPlatform("linux")]
    private static Stream Open(int descriptor, bool isWritten)
    {
        int access = isWritten ? O_WRONLY : O_RDONLY;
        int flags = fcntl(descriptor, F_GETFD);
        if (flags < 0)
        {
            Occupy();
            return new ClosedStream();
        }
        // What a program is started with never closes on exec, and everything that the runtime opens does.
        bool isInherited = (flags & FD_CLOEXEC) == 0;
        return isInherited && (fcntl(descriptor, F_GETFL) & O_ACCMODE) is var mode && (mode == access || mode == O_RDWR)
            ? new DescriptorStream(descriptor)
            : new ClosedStream();
    }

    /// <summary>Gives the lowest free number to a file that nothing can harm.</summary>
    [SupportedOSPlatform("linux")]
    private static void Occupy()
    {
        fixed (byte* path = "/dev/null\0"u8) _ = open(path, O_RDWR | O_CLOEXEC);
    }

    /// <summary>Nothing comes from it, and it takes nothing.</summary>
    private sealed class ClosedStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException(Marshal.GetPInvokeErrorMessage(EBADF));

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}
