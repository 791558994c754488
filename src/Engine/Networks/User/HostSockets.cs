using System.Net.Sockets;
using LguestPS.Native;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>How many sockets of the host the networks of a guest may hold at a time; and no more than half of the descriptors of this process are for guests, nor any that the process itself may soon need.</summary>
/// <param name="most">The guest's own limit.</param>
/// <param name="share">What all guests of the process may hold together; for tests.</param>
internal sealed class HostSockets(int most, SocketShare? share = null)
{
    private readonly SocketShare share = share ?? SocketShare.OfProcess;
    private int held;
    private bool saidFull, saidRefused;

    /// <summary>Told, in a sentence and once for each reason, what the guest did not get; on the thread that drives the guest.</summary>
    public Action<string>? Warning { get; set; }

    /// <summary>Sockets that are open.</summary>
    public int Held => Volatile.Read(ref held);

    /// <summary>Takes the place of one more socket, which <see cref="Return"/> gives back.</summary>
    /// <exception cref="SocketException">TooManyOpenSockets: the guest, or this process, has as many as it may.</exception>
    public void Take()
    {
        string? limit = Held >= most ? $"they have {most} sockets open, the most that limits.sockets lets them have"
            : share.TryTake();
        if (limit is null)
        {
            Interlocked.Increment(ref held);
            return;
        }
        if (!saidFull) Warning?.Invoke($"the guest's networks refuse connections: {limit}");
        saidFull = true;
        throw new SocketException((int)SocketError.TooManyOpenSockets);
    }

    public void Return()
    {
        Interlocked.Decrement(ref held);
        share.Return();
    }

    /// <summary>The guest asked for something that its definition does not open.</summary>
    public void NoteRefused(Transport transport, Ipv4Address address, ushort port, bool isGateway)
    {
        if (saidRefused) return;
        saidRefused = true;
        string open = isGateway ? $"'reach: [ {(transport == Transport.Udp ? "udp:" : "")}{port}=127.0.0.1:{port} ]' opens that port of this machine, 'loopback: on' all of them" : "'reach' in its definition opens addresses";
        Warning?.Invoke($"the guest asked for {address}:{port} ({DefinitionText.NameOf(transport)}), which its user network does not lead to; {open}");
    }
}

/// <summary>Sockets that several guests share.</summary>
/// <param name="most">How many there may be at a time.</param>
/// <param name="hasReserve">Whether the process would still have what it may need for itself.</param>
internal sealed class SocketShare(int most, Func<bool> hasReserve)
{
    // The runtime ends the process when it cannot open an assembly, which takes two descriptors each.
    private const int Reserve = 40;

    private int held;

    public static SocketShare OfProcess { get; } = new(ResourceLimits.OpenFiles / 2, () => ResourceLimits.HasFreeDescriptors(Reserve));

    /// <returns>Null, or why there is none to be had.</returns>
    public string? TryTake()
    {
        bool isFull = Interlocked.Increment(ref held) > most;
        if (!isFull && hasReserve()) return null;
        Interlocked.Decrement(ref held);
        return isFull ? $"the guests of this process have {most} sockets open, half of the files that it may have open (ulimit -n)"
            : "this process has nearly as many files open as it may (ulimit -n)";
    }

    public void Return() => Interlocked.Decrement(ref held);
}
