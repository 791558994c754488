namespace LguestPS.Networks.User;

/// <summary>What a TCP connection needs of the world towards the guest.</summary>
internal interface ITcpWire
{
    /// <summary>Guest time in nanoseconds.</summary>
    long Now { get; }

    /// <summary>False while as many frames wait for the guest as may; the connection's <see cref="TcpConnection.Advance"/> is called when that is over.</summary>
    bool HasRoom { get; }

    /// <summary>Sends a segment with some of the bytes of a ring.</summary>
    void Send(in TcpFlow flow, uint sequence, uint acknowledgement, TcpFlags flags, ushort window, ByteRing data, int offset, int length);
}
