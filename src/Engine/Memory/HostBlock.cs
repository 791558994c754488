using System.IO.MemoryMappedFiles;
using LguestPS.Native;

namespace LguestPS.Memory;

/// <summary>Memory of the host in one piece, page aligned, with pages that cost nothing until they are touched.</summary>
/// <remarks>A mapping of its own, not the C library's heap: that would fill it with zeros, and keep it when it is freed.</remarks>
internal sealed unsafe class HostBlock : IDisposable
{
    private readonly Mapping? mapping;
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? view;
    private bool disposed;

    /// <summary>Zeros.</summary>
    /// <exception cref="IOException">The machine cannot give that much.</exception>
    /// <exception cref="OutOfMemoryException">Likewise.</exception>
    public HostBlock(long bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            // By hand, because the class library makes a file with a name of random digits first.
            try
            {
                mapping = Mapping.ZeroedPageByPage(LibC.Instance, checked((nuint)bytes));
            }
            catch (ErrnoException e)
            {
                throw new IOException(e.Message, e);
            }
            Address = mapping.Address;
            return;
        }

        file = MemoryMappedFile.CreateNew(mapName: null, bytes);
        view = file.CreateViewAccessor();
        Address = Acquire(view);
    }

    /// <summary>What a view shows; it is this block's from now on.</summary>
    public HostBlock(MemoryMappedViewAccessor view)
    {
        this.view = view;
        Address = Acquire(view);
    }

    // An abandoned guest: what the pointer holds would never be unmapped.
    ~HostBlock()
    {
        if (Address is not null) view?.SafeMemoryMappedViewHandle.ReleasePointer();
    }

    public byte* Address { get; }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        mapping?.Dispose();
        view?.SafeMemoryMappedViewHandle.ReleasePointer();
        view?.Dispose();
        file?.Dispose();
        GC.SuppressFinalize(this);
    }

    private static byte* Acquire(MemoryMappedViewAccessor view)
    {
        byte* first = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref first);
        return first;
    }
}
