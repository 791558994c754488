namespace LguestPS.Native;

/// <summary>Values of errno that the engine tells apart (Linux).</summary>
internal static class Errno
{
    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int ETIMEDOUT = 110;
}
