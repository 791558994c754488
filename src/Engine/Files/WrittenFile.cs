using LguestPS.Native;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Files;

/// <summary>Writes files so that whatever the system refuses is an <see cref="IOException"/>, past a size limit (EFBIG) too, where .NET says <see cref="ArgumentOutOfRangeException"/>.</summary>
internal sealed class WrittenFile : FileStream
{
    private const string LimitedArgument = "value";

    // Before the first write that could bring the signal.
    static WrittenFile() => FileSizeSignal.TurnIntoError();

    public WrittenFile(string path, FileStreamOptions options) : base(path, options)
    {
    }

    /// <param name="file">An open file, which this owns from now on.</param>
    public WrittenFile(SafeFileHandle file) : base(file, FileAccess.Write)
    {
    }

    /// <exception cref="IOException">Not all of it is in the file.</exception>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(file, bytes, offset);
        }
        catch (ArgumentOutOfRangeException e) when (e.ParamName == LimitedArgument)
        {
            throw TooLarge(e);
        }
    }

    /// <exception cref="IOException">It has its old length.</exception>
    public static void SetLength(SafeFileHandle file, long length)
    {
        try
        {
            RandomAccess.SetLength(file, length);
        }
        catch (ArgumentOutOfRangeException e) when (e.ParamName == LimitedArgument)
        {
            throw TooLarge(e);
        }
    }

    /// <remarks>A span comes here too: that is what a stream derived from FileStream does with it.</remarks>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        try
        {
            base.Write(buffer, offset, count);
        }
        catch (ArgumentOutOfRangeException e) when (e.ParamName == LimitedArgument)
        {
            throw TooLarge(e);
        }
    }

    public override void WriteByte(byte value) => Write([value], 0, 1);

    public override void Flush(bool flushToDisk)
    {
        try
        {
            base.Flush(flushToDisk);
        }
        catch (ArgumentOutOfRangeException e) when (e.ParamName == LimitedArgument)
        {
            throw TooLarge(e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        try
        {
            base.Dispose(disposing);
        }
        catch (ArgumentOutOfRangeException e) when (e.ParamName == LimitedArgument)
        {
            throw TooLarge(e);
        }
    }

    private static IOException TooLarge(Exception why) => new("File too large: this process may write no larger ones (ulimit -f), or the file system holds none", why);
}
