namespace LguestPS.Networks.User;

/// <summary>What happened on the host's side of a TCP connection; told on the guest's thread.</summary>
internal interface IHostStreamOwner
{
    /// <summary>The host's program has accepted the connection.</summary>
    void HostConnected();

    /// <summary>What <see cref="HostStream.Read"/> asked for; nothing is the end.</summary>
    void HostSent(ReadOnlySpan<byte> bytes);

    /// <summary>What was given to <see cref="HostStream.Write"/> has gone.</summary>
    void HostTook();

    /// <summary>The connection was refused or broke.</summary>
    void HostFailed();
}

/// <summary>The host's side of a TCP connection: one read and one write under way at a time, and never a wait.</summary>
internal abstract class HostStream : IDisposable
{
    /// <summary>The most bytes of one read.</summary>
    public const int LongestRead = 16 * 1024;

    /// <summary>Who is told; set before anything is begun.</summary>
    public IHostStreamOwner Owner { protected get; set; } = null!;

    /// <summary>Begins to connect; ends with <see cref="IHostStreamOwner.HostConnected"/> or <see cref="IHostStreamOwner.HostFailed"/>.</summary>
    public abstract void Connect();

    /// <summary>Begins to read at most <see cref="LongestRead"/> bytes.</summary>
    public abstract void Read();

    /// <summary>Writes what the host takes at once, while no <see cref="Write"/> is under way.</summary>
    /// <returns>How many bytes that were; 0 if none, for whatever reason: <see cref="Write"/> finds out.</returns>
    public virtual int TryWrite(ReadOnlySpan<byte> bytes) => 0;

    /// <summary>Begins to write all of these bytes, which must stay as they are until they have gone.</summary>
    public abstract void Write(ReadOnlyMemory<byte> bytes);

    /// <summary>Says that nothing more will be written.</summary>
    public abstract void FinishWriting();

    /// <summary>Lets go of the connection: in peace if both sides have finished, else by breaking it.</summary>
    /// <param name="inPeace">Both have.</param>
    public abstract void Close(bool inPeace);

    public void Dispose() => Close(inPeace: false);
}
