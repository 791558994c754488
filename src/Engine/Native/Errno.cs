namespace LguestPS.Native;

/// <summary>Values of errno that the engine tells apart (Linux).</summary>
/// <remarks>Tmds.LibC has them as properties, and a switch takes constants only.</remarks>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int ENXIO = 6;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int ENODEV = 19;
    public const int EINVAL = 22;
    public const int ETIMEDOUT = 110;
}
