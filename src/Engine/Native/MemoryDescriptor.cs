using Linux = Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>A file in memory (memfd), to be mapped more than once.</summary>
internal sealed class MemoryDescriptor : Descriptor
{
    private MemoryDescriptor(LibC libc, long number) : base(libc, number)
    {
    }

    /// <exception cref="ErrnoException">Linux refused it.</exception>
    public static MemoryDescriptor Create(LibC libc, string name, long length)
    {
        MemoryDescriptor made = new(libc, ErrnoException.ThrowIfFailed(libc.memfd_create(name, Linux.MFD_CLOEXEC), "memfd_create"));
        try
        {
            ErrnoException.ThrowIfFailed(libc.ftruncate(made, length), "ftruncate");
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }
}
