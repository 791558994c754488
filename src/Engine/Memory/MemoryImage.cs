using LguestPS.State;

namespace LguestPS.Memory;

/// <summary>The contents of guest memory at one moment. What did not change since an earlier image is shared with it.</summary>
/// <remarks>A page is null if it is all zero, a chunk of pages likewise: what a guest never touched costs nothing.</remarks>
internal sealed class MemoryImage : SharedState
{
    private const int PagesPerChunk = 256;
    private const uint MostDevicePages = 128;

    // Where a page of an image that is written beside another comes from.
    private const byte ZeroPage = 0;
    private const byte SamePage = 1;
    private const byte OwnPage = 2;

    private readonly byte[]?[]?[] chunks;

    private MemoryImage(uint frames, byte[]?[]?[] chunks)
    {
        Frames = frames;
        this.chunks = chunks;
    }

    /// <summary>Pages, zero or not.</summary>
    public uint Frames { get; }

    /// <summary>Bytes of the pages that are not all zero, whoever else has them too.</summary>
    public long UsedBytes => Pages().LongCount() * GuestMemory.PageSize;

    /// <summary>Keeps the contents of memory. From here on the vCPU must report its writes anew: forget its translations.</summary>
    /// <param name="memory">The memory of a guest that stands still.</param>
    /// <param name="allChanged">The vCPU does not say which pages it wrote: look at all.</param>
    public static MemoryImage Of(GuestMemory memory, bool allChanged)
    {
        MemoryImage? last = memory.LastImage;
        byte[]?[]?[] chunks = last is null ? new byte[]?[]?[ChunkCount(memory.FrameLimit)] : [.. last.chunks];
        for (uint frame = 0; frame < memory.FrameLimit; frame++)
        {
            if (!allChanged && !memory.HasChanged(frame)) continue;
            ReadOnlySpan<byte> now = memory.Read(frame << GuestMemory.PageShift, GuestMemory.PageSize);
            byte[]? before = Page(chunks, frame);
            if (Equal(before, now)) continue;

            uint chunk = frame / PagesPerChunk;
            byte[]?[]? pages = chunks[chunk];
            // A chunk that is still the last image's is copied before its first change.
            if (pages is null || pages == last?.chunks[chunk]) chunks[chunk] = pages = pages is null ? new byte[]?[PagesPerChunk] : [.. pages];
            pages[frame % PagesPerChunk] = IsZero(now) ? null : now.ToArray();
        }
        MemoryImage image = new(memory.FrameLimit, chunks);
        memory.NothingChangedSince(image);
        return image;
    }

    /// <summary>Puts the contents back. From here on the vCPU must report its writes anew: forget its translations.</summary>
    /// <exception cref="InvalidStateException">The image is of a memory of another size.</exception>
    public void CopyTo(GuestMemory memory, bool allChanged)
    {
        if (Frames != memory.FrameLimit) throw new InvalidStateException($"it has {Frames} pages of memory, the guest {memory.FrameLimit}");
        if (memory.LastImage == this && !allChanged)
        {
            // They are marked already, so writing them marks no more.
            foreach (uint frame in memory.ChangedPages) CopyTo(memory, frame);
            memory.NothingChangedSince(this);
            return;
        }

        byte[]?[]?[]? last = memory.LastImage?.chunks;
        for (uint frame = 0; frame < Frames; frame++)
            if (allChanged || memory.HasChanged(frame) || Page(chunks, frame) != (last is null ? null : Page(last, frame))) CopyTo(memory, frame);
        memory.NothingChangedSince(this);
    }

    /// <summary>The pages that may have changed since this image was taken or put back, as they are now.</summary>
    /// <param name="memory">A memory of which this is the last image, and whose vCPU says which pages it writes.</param>
    public List<(uint Frame, byte[]? Page)> PagesChangedIn(GuestMemory memory)
    {
        List<(uint, byte[]?)> pages = [];
        foreach (uint frame in memory.ChangedPages)
        {
            ReadOnlySpan<byte> now = memory.Read(frame << GuestMemory.PageShift, GuestMemory.PageSize);
            if (!Equal(Page(chunks, frame), now)) pages.Add((frame, IsZero(now) ? null : now.ToArray()));
        }
        return pages;
    }

    private void CopyTo(GuestMemory memory, uint frame)
    {
        byte[]? page = Page(chunks, frame);
        uint address = frame << GuestMemory.PageShift;
        // Writing what is there already would cost the vCPU its translations of the page.
        if (Equal(page, memory.Read(address, GuestMemory.PageSize))) return;
        Span<byte> now = memory.Write(address, GuestMemory.PageSize);
        if (page is null) now.Clear();
        else page.CopyTo(now);
    }

    /// <summary>Bytes of the pages that another image does not have.</summary>
    public long BytesNotIn(MemoryImage? other)
    {
        long count = 0;
        for (uint frame = 0; frame < Frames; frame++)
        {
            if (other is not null && chunks[frame / PagesPerChunk] == other.chunks[frame / PagesPerChunk]) continue;
            byte[]? page = Page(chunks, frame);
            if (page is not null && (other is null || page != Page(other.chunks, frame))) count++;
        }
        return count * GuestMemory.PageSize;
    }

    /// <summary>The pages that are not the same in another image of the same memory.</summary>
    public IEnumerable<(uint Frame, byte[]? Page)> PagesNotIn(MemoryImage other)
    {
        for (uint frame = 0; frame < Frames; frame++)
            if (Page(chunks, frame) != Page(other.chunks, frame)) yield return (frame, Page(chunks, frame));
    }

    /// <summary>For each page a bit that says whether it is not all zero, then those pages.</summary>
    public override void WriteTo(BinaryWriter file)
    {
        byte[] used = new byte[(Frames + 7) / 8];
        foreach ((uint frame, _) in Pages()) used[frame / 8] |= (byte)(1 << (int)(frame % 8));
        file.Write(Frames);
        file.Write(used);
        foreach ((_, byte[] page) in Pages()) file.Write(page);
    }

    /// <param name="file">Where it was written.</param>
    /// <param name="ram">Bytes of RAM of its guest.</param>
    /// <exception cref="InvalidStateException">It is of a guest of another size.</exception>
    /// <exception cref="EndOfStreamException">It is cut off.</exception>
    public static MemoryImage ReadFrom(BoundedReader file, long ram)
    {
        uint frames = file.ReadUInt32();
        long least = ram >> GuestMemory.PageShift;
        if (frames < least || frames > least + MostDevicePages) throw new InvalidStateException($"it has {frames} pages of memory, the guest {least}");
        byte[] used = new byte[(frames + 7) / 8];
        file.BaseStream.ReadExactly(used);
        byte[]?[]?[] chunks = new byte[]?[]?[ChunkCount(frames)];
        for (uint frame = 0; frame < frames; frame++)
        {
            if ((used[frame / 8] >> (int)(frame % 8) & 1) == 0) continue;
            byte[] page = file.Read(GuestMemory.PageSize, GuestMemory.PageSize, "a page");
            (chunks[frame / PagesPerChunk] ??= new byte[]?[PagesPerChunk])[frame % PagesPerChunk] = page;
        }
        return new MemoryImage(frames, chunks);
    }

    /// <summary>For each page whether it is all zero, that of another image, or neither; then those that are neither.</summary>
    /// <param name="file">Where to.</param>
    /// <param name="other">An image of the same memory.</param>
    public void WriteTo(BinaryWriter file, MemoryImage other)
    {
        byte[] sources = new byte[Frames];
        foreach ((uint frame, byte[] page) in Pages()) sources[frame] = Page(other.chunks, frame) is { } its && (its == page || its.AsSpan().SequenceEqual(page)) ? SamePage : OwnPage;
        file.Write(sources);
        foreach ((uint frame, byte[] page) in Pages())
            if (sources[frame] == OwnPage) file.Write(page);
    }

    /// <param name="file">Where it was written.</param>
    /// <param name="other">The image that it was written beside.</param>
    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="EndOfStreamException">It is cut off.</exception>
    public static MemoryImage ReadFrom(BoundedReader file, MemoryImage other)
    {
        byte[] sources = file.Read((int)other.Frames, (int)other.Frames, "the pages");
        byte[]?[]?[] chunks = new byte[]?[]?[ChunkCount(other.Frames)];
        for (uint frame = 0; frame < other.Frames; frame++)
        {
            byte[]? page = sources[frame] switch
            {
                ZeroPage => null,
                SamePage => Page(other.chunks, frame),
                OwnPage => file.Read(GuestMemory.PageSize, GuestMemory.PageSize, "a page"),
                _ => throw new InvalidStateException("a page comes from nowhere"),
            };
            if (page is not null) (chunks[frame / PagesPerChunk] ??= new byte[]?[PagesPerChunk])[frame % PagesPerChunk] = page;
        }
        return new MemoryImage(other.Frames, chunks);
    }

    public IEnumerable<(uint Frame, byte[] Page)> Pages()
    {
        for (uint frame = 0; frame < Frames; frame++)
            if (Page(chunks, frame) is { } page) yield return (frame, page);
    }

    private static byte[]? Page(byte[]?[]?[] chunks, uint frame) => chunks[frame / PagesPerChunk]?[frame % PagesPerChunk];

    private static uint ChunkCount(uint frames) => (frames + PagesPerChunk - 1) / PagesPerChunk;

    private static bool Equal(byte[]? page, ReadOnlySpan<byte> now) => page is null ? IsZero(now) : now.SequenceEqual(page);

    private static bool IsZero(ReadOnlySpan<byte> page) => page.IndexOfAnyExcept((byte)0) < 0;
}
