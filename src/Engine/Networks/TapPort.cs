using LguestPS.Native;

namespace LguestPS.Networks;

/// <summary>A wire to a TAP interface of the host: what the guest sends, the host's own network receives, and the other way round.</summary>
internal sealed class TapPort : NetworkPort
{
    private readonly TapDescriptor tap;
    private volatile bool closed;

    private TapPort(TapDescriptor tap)
    {
        this.tap = tap;
        HostMac = MacAddress.Read(tap.HardwareAddress);
        new Thread(ReadFrames) { IsBackground = true, Name = "lguest tap" }.Start();
    }

    public override MacAddress HostMac { get; }

    public override bool IsLive => true;

    /// <summary>Who knows: the host may be about to answer at any time.</summary>
    public override bool AwaitsAnswer => true;

    /// <exception cref="LguestException">NotSupported: there is no TAP here, or no right to it.</exception>
    public static TapPort Open(string name)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            throw new LguestException(LguestError.NotSupported, $"TAP interface '{name}': TAP interfaces need 64-bit Linux; use 'net: user', which works everywhere");
        try
        {
            return new TapPort(TapDescriptor.Open(name));
        }
        catch (IOException e)
        {
            string advice = e.HResult switch
            {
                Errno.EPERM or Errno.EACCES => $"Ask an administrator to make it yours (sudo ip tuntap add {name} mode tap user $USER), or use 'net: user', which needs no rights.",
                Errno.ENOENT or Errno.ENODEV or Errno.ENXIO => "This Linux has no /dev/net/tun; use 'net: user', which needs none.",
                Errno.EBUSY => "It is in use; a TAP interface has one user at a time.",
                Errno.EINVAL => "It exists already and is not a TAP interface; choose another name.",
                _ => "Or use 'net: user'.",
            };
            throw new LguestException(LguestError.NotSupported, $"TAP interface '{name}': {e.Message}. {advice}", e);
        }
    }

    public override bool TrySend(ReadOnlySpan<byte> frame)
    {
        try
        {
            return !closed && tap.TryWrite(frame);
        }
        catch (ObjectDisposedException)     // the interface has just gone
        {
            return false;
        }
    }

    /// <summary>It keeps nothing of what went over it.</summary>
    public override NetworkPort StartAnew(long now) => this;

    public override void Dispose()
    {
        if (closed) return;
        closed = true;
        try
        {
            tap.EndReading();       // the reader closes it: it must not be waited for here
        }
        catch (ObjectDisposedException)
        {
            // It had ended by itself.
        }
    }

    private void ReadFrames()
    {
        byte[] buffer = new byte[LongestFrame + 1];     // one more shows what is too long
        while (!closed && tap.Read(buffer) is >= 0 and int length)
            if (length is >= ShortestFrame and <= LongestFrame) Deliver(buffer.AsSpan(0, length).ToArray());
        closed = true;
        tap.Dispose();
    }
}
