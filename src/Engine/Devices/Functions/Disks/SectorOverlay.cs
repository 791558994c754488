namespace LguestPS.Devices;

/// <summary>The sectors of a snapshot that were written since; the image below them stays as it is.</summary>
internal abstract class SectorOverlay : IDisposable
{
    /// <summary>How many sectors are in it.</summary>
    public abstract long SectorCount { get; }

    public abstract bool Has(long sector);

    /// <summary>Reads (part of) a sector that is in it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public abstract void Read(long sector, Span<byte> bytes);

    /// <summary>Takes whole sectors.</summary>
    /// <exception cref="IOException">They are not all in it.</exception>
    public abstract void Write(long first, ReadOnlySpan<byte> bytes);

    /// <summary>Puts what was written where it survives the machine, if it is meant to.</summary>
    /// <exception cref="IOException">That is not certain.</exception>
    public virtual void Flush()
    {
    }

    public virtual void Dispose()
    {
    }
}
