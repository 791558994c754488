namespace LguestPS.Terminals;

/// <summary>What a terminal needs of a Unix.</summary>
internal abstract class UnixCalls
{
    public static UnixCalls Instance { get; } = OperatingSystem.IsLinux() ? new LinuxCalls() : new OtherUnixCalls();

    /// <summary>How the terminal is set, as the system writes it down; null if the descriptor is no terminal.</summary>
    public abstract byte[]? Mode(int descriptor);

    /// <summary>Raw input, but output as it was: not every guest sends a carriage return with each new line.</summary>
    /// <param name="mode">As <see cref="Mode"/> gave it.</param>
    public abstract byte[] Raw(byte[] mode);

    public abstract void SetMode(int descriptor, byte[] mode);

    /// <summary>False for a process in the background, for which setting the terminal would mean to be stopped.</summary>
    public abstract bool IsInForeground(int descriptor);

    /// <summary>Sends this process SIGTSTP.</summary>
    public abstract void StopProcess();

    /// <exception cref="IOException">There are too many descriptors.</exception>
    public abstract (int Read, int Write) Pipe();

    /// <summary>Waits until the descriptor has something to read.</summary>
    /// <returns>False if first there was something to read at the other one, or waiting is not possible.</returns>
    public abstract bool WaitFor(int descriptor, int other);

    /// <returns>How many bytes; 0 at the end or after an error.</returns>
    public abstract int Read(int descriptor, Span<byte> buffer);

    public abstract void WriteByte(int descriptor);

    public abstract void Close(int descriptor);
}
