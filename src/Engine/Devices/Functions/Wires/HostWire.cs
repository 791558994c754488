using LguestPS.Networks;
using LguestPS.Networks.User;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A network card whose wire ends at the host.</summary>
/// <remarks>
/// While a recorded guest is in its past nothing goes over the wire: the guest gets the recorded frames, what it sends was sent
/// already, and what comes in meanwhile waits until the guest is at the recording's end again.
/// </remarks>
internal sealed class HostWire : NetFunction
{
    /// <summary>The guest's slot on this wire; the host has slot 0.</summary>
    public const int GuestSlot = 1;

    private readonly Func<NetworkPort>? reopen;
    private NetworkPort port;
    private FrameRecorder? recorder;
    private long now;
    private readonly Queue<byte[]> injected = new();
    private byte[] saved = [];
    private bool isPortAhead;       // the guest was taken back, and the port was not
    private long droppedBefore;     // by ports that are gone

    /// <param name="index">Which of the guest's cards it is, from 0.</param>
    /// <param name="port">The host's end of the wire.</param>
    /// <param name="recorder">Gets every frame, or null.</param>
    /// <param name="reopen">Opens the port again for a guest that has ended and is taken back; null if nothing may.</param>
    public HostWire(int index, NetworkPort port, FrameRecorder? recorder, Func<NetworkPort>? reopen = null)
        : base(index)
    {
        this.reopen = reopen;
        this.port = port;
        this.recorder = recorder;
        port.Arrived = Arrived;
    }

    /// <exception cref="LguestException">See <see cref="NetworkPorts.Open"/>; or FileUnavailable: the recording cannot be written.</exception>
    public static HostWire Open(int index, HostNetDefinition definition, HostSockets sockets, string guest = "")
    {
        NetworkPort port = NetworkPorts.Open(definition, sockets);
        try
        {
            return new HostWire(index, port, definition.Record is { } path ? new FrameRecorder(path) : null, () => NetworkPorts.Open(definition, sockets))
            {
                GuestMac = MacAddress.Of($"{guest} net{index}"),
                Kind = KindOf(definition),
            };
        }
        catch
        {
            port.Dispose();
            throw;
        }
    }

    /// <summary>For a guest that brings the address of the wire's other end along, and will hear nothing from there but what was recorded.</summary>
    public static HostWire Silent(int index, HostNetDefinition? definition = null) => new(index, new SilentPort(default), recorder: null) { Kind = KindOf(definition) };

    private static NetworkKind KindOf(HostNetDefinition? definition) => definition switch
    {
        TapNetDefinition => NetworkKind.Tap,
        UserNetDefinition { Replay: not null } => NetworkKind.Replay,
        _ => NetworkKind.User,
    };

    protected override GuestNetwork Connection => new(Name, GuestSlot, port.IsLive, droppedBefore + port.Dropped) { Kind = Kind, Forwards = port.Forwards };

    /// <summary>What is, or was, at its other end.</summary>
    private NetworkKind Kind { get; init; }

    public override bool HasInput => injected.Count > 0 || port.HasFrame;

    public override bool ExpectsInput => port.IsLive;

    public override bool AwaitsAnswer => port.AwaitsAnswer;

    public override long? NextDue => port.NextDue;

    public override string? CheckpointObstacle => port.CheckpointObstacle;

    public override string? RecordingObstacle => null;

    /// <summary>The address of the host's end.</summary>
    public MacAddress HostMac => port.HostMac;

    /// <summary>Bytes of the longest frame that may be sent. One that is recorded is as it would be on a real wire.</summary>
    public int LongestSent => recorder is null ? port.LongestSent : NetworkPort.LongestFrame;

    public override void DeliverInput(IDeviceHost host, IBufferQueue buffers)
    {
        bool isAgain = host.IsInPast;
        isPortAhead &= isAgain;
        if (!isAgain) Advance(host);
        // Frames that came in since enter at the next place, as they would if the guest had not been taken back.
        while (TryFill(host, buffers) && host.IsInPast == isAgain)
        {
        }
    }

    /// <summary>Sends a frame. On a wire the sender never learns whether anyone listened.</summary>
    public void Send(IDeviceHost host, ReadOnlySpan<byte> frame)
    {
        if (host.IsInPast) return;
        Advance(host);
        if (frame.Length < NetworkPort.ShortestFrame || frame.Length > LongestSent) return;
        CountSent(frame);
        recorder?.Write(host.Stop, now, FrameDirection.FromGuest, frame);
        port.TrySend(frame);
    }

    /// <summary>Has a frame come in as if it had come over the wire, before any that does. It is not saved with the guest.</summary>
    public void Inject(byte[] frame) => injected.Enqueue(frame);

    public override uint Fill(IDeviceHost host, IGuestBuffer buffer)
    {
        while (injected.TryDequeue(out byte[]? frame))
            if (frame.Length <= buffer.WritableLength) return (uint)buffer.WriteAll(frame);
        while (port.TryTake(out byte[]? frame))
        {
            if (frame.Length > buffer.WritableLength) continue;     // lost, as on a wire
            CountReceived(frame.Length);
            recorder?.Write(host.Stop, now, FrameDirection.ToGuest, frame);
            return (uint)buffer.WriteAll(frame);
        }
        return 0;
    }

    public override void BeginNewFuture(IDeviceHost host) => GoElsewhere(host, wire => wire.StartAnew(host.Now));

    public override void Resume(IDeviceHost host) =>
        GoElsewhere(host, wire => saved.Length > 0 ? wire.Resume(new StateReader(saved, []), host.Now) : wire.StartAnew(host.Now));

    public override void Save(StateWriter state)
    {
        StateWriter wire = new();
        if (!isPortAhead) port.Save(wire);
        state.Write(wire.ToArray().AsSpan());
    }

    public override void Load(StateReader state)
    {
        injected.Clear();
        saved = state.ReadBytes();
        isPortAhead = true;
    }

    public override void Unplug() => Dispose();

    public override void Replug(IDeviceHost host) => GoElsewhere(host, wire => wire.StartAnew(host.Now));

    public override void Dispose()
    {
        port.Dispose();
        recorder?.Dispose();
        Replace(new SilentPort(port.HostMac));
        recorder = null;
    }

    private void GoElsewhere(IDeviceHost host, Func<NetworkPort, NetworkPort> go)
    {
        if (host.Now < now)
        {
            // Its times would go back, which those of a recording of frames may not.
            recorder?.Dispose();
            recorder = null;
        }
        isPortAhead = false;
        try
        {
            if (port is SilentPort && reopen is not null) Replace(reopen());
            Replace(go(port));
        }
        catch (LguestException e) when (e.Error != LguestError.CheckpointRefused)
        {
            Replace(new SilentPort(port.HostMac));
            host.Warn($"{Name} is dead from here on: {e.Message}");
        }
    }

    private void Replace(NetworkPort with)
    {
        if (with == port) return;
        droppedBefore += port.Dropped;
        port = with;
        port.Arrived = Arrived;
    }

    private void Arrived() => WakeGuest?.Invoke();

    private void Advance(IDeviceHost host)
    {
        now = host.Now;
        port.Advance(now);
    }
}
