using System.IO.MemoryMappedFiles;

namespace LguestPS.Memory;

/// <summary>An image of guest memory as pages of the host that several guests begin with: each has a page of its own only once it writes there.</summary>
internal sealed class SharedMemory : IDisposable
{
    private readonly MemoryMappedFile mapping;

    /// <exception cref="IOException">The machine cannot give that much.</exception>
    /// <exception cref="OutOfMemoryException">Likewise.</exception>
    public SharedMemory(MemoryImage image)
    {
        Image = image;
        mapping = MemoryMappedFile.CreateNew(mapName: null, (long)image.Frames * GuestMemory.PageSize + 2 * GuestMemory.Margin);
        using MemoryMappedViewAccessor view = mapping.CreateViewAccessor();
        foreach ((uint frame, byte[] page) in image.Pages()) view.WriteArray(GuestMemory.Margin + (long)frame * GuestMemory.PageSize, page, 0, page.Length);
    }

    public MemoryImage Image { get; }

    /// <summary>The whole of it, for a guest to write to.</summary>
    public MemoryMappedViewAccessor CreateView() => mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);

    /// <summary>Guests that share it keep it.</summary>
    public void Dispose() => mapping.Dispose();
}
