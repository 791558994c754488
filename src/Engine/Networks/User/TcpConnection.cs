using System.Security.Cryptography;

namespace LguestPS.Networks.User;

/// <summary>A TCP connection's end towards the guest (RFC 9293), joined to a stream of the host.</summary>
/// <remarks>
/// The wire to the guest keeps the order and loses nothing by itself; but the guest may lose a frame for lack of memory, and may
/// send anything at all. So segments out of order are not kept, only asked for again, and what waits is bounded by two rings.
/// All times are guest time in nanoseconds: a guest that stands still loses no connection.
/// </remarks>
internal sealed class TcpConnection : IHostStreamOwner
{
    /// <summary>The most bytes that wait in each direction; what a window without scaling can say.</summary>
    public const int BufferSize = ushort.MaxValue;

    /// <summary>How often a segment is sent again before the guest is given up: after about four minutes.</summary>
    public const int MostRetries = 8;

    /// <summary>How often a SYN is sent again: for about a minute.</summary>
    public const int MostSynRetries = 5;

    /// <summary>How long the acknowledgement of a single segment waits for a second, in nanoseconds of guest time.</summary>
    public const long LongestAcknowledgementDelay = 2_000_000;

    private const long Second = 1_000_000_000;
    private const long FirstTimeout = Second;
    private const long LongestTimeout = 64 * Second;
    private const long TimeWaitLength = 15 * Second;
    private const int SmallestSegment = 64;
    private const int FirstCongestionSegments = 10;

    private readonly ITcpWire wire;
    private readonly HostStream host;
    private readonly ByteRing toGuest = new(BufferSize);
    private readonly TcpDelivery toHost;

    // Names of RFC 9293 §3.3.1: what was acknowledged, what is sent next, and (as it may be sent again) what was ever sent.
    private uint sendUnacknowledged;
    private uint sendNext;
    private uint sendMost;
    private TcpWindow sendWindow;
    private uint receiveNext;
    private uint receiveEdge;           // the first number beyond the window the guest knows of

    private int segmentSize;
    private int congestionWindow;
    private long? retransmitAt;
    private long? acknowledgeAt;
    private long? overAt;
    private int retries;
    private int unacknowledgedSegments;

    private bool hostFinished;
    private bool finAcknowledged;
    private bool reading;

    private TcpConnection(ITcpWire wire, TcpFlow flow, HostStream host, TcpState state)
    {
        this.wire = wire;
        this.host = host;
        toHost = new TcpDelivery(host);
        Flow = flow;
        State = state;
        host.Owner = this;
        sendUnacknowledged = sendNext = sendMost = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
    }

    public TcpFlow Flow { get; }

    public TcpState State { get; private set; }

    /// <summary>Whether the guest has heard of it and has not finished with it.</summary>
    public bool IsKnownToGuest => State is TcpState.SynReceived or TcpState.SynSent or TcpState.Open;

    /// <summary>The first number that was never sent.</summary>
    public uint SendMost => sendMost;

    /// <summary>The number the guest sends next.</summary>
    public uint ReceiveNext => receiveNext;

    /// <summary>When <see cref="Advance"/> has something to do, or null.</summary>
    public long? NextDue => Earliest(Earliest(retransmitAt, acknowledgeAt), overAt);

    private bool FinIsSent => finAcknowledged || sendNext - sendUnacknowledged > (uint)toGuest.Count;

    /// <summary>The guest has sent a SYN: asks the host's program, and answers when it has.</summary>
    public static TcpConnection FromGuest(ITcpWire wire, TcpFlow flow, HostStream host, TcpSegment syn)
    {
        TcpConnection connection = new(wire, flow, host, TcpState.AskingHost);
        connection.TakeSyn(syn);
        host.Connect();
        return connection;
    }

    /// <summary>A program of the host has connected: asks the guest.</summary>
    public static TcpConnection ToGuest(ITcpWire wire, TcpFlow flow, HostStream host)
    {
        TcpConnection connection = new(wire, flow, host, TcpState.SynSent);
        connection.SendSyn();
        return connection;
    }

    /// <summary>Takes a segment of the guest.</summary>
    public void Receive(TcpSegment segment)
    {
        switch (State)
        {
            case TcpState.AskingHost:
                if (segment.Has(TcpFlags.Rst) && segment.Sequence == receiveNext) Break(tellGuest: false);
                return;
            case TcpState.SynSent:
                ReceiveAnswer(segment);
                return;
            case TcpState.Closed:
                return;
        }
        if (State == TcpState.SynReceived && segment.Has(TcpFlags.Syn) && segment.Sequence + 1 == receiveNext)
        {
            SendSyn();
            return;
        }
        if (!IsAcceptable(segment))
        {
            if (!segment.Has(TcpFlags.Rst)) Acknowledge();
            return;
        }
        if (segment.Has(TcpFlags.Rst))
        {
            // Only the exact number ends a connection; any other in the window is asked to prove itself (RFC 9293 §3.10.7.4).
            if (segment.Sequence == receiveNext) Break(tellGuest: false);
            else Acknowledge();
            return;
        }
        if (segment.Has(TcpFlags.Syn))
        {
            Acknowledge();
            return;
        }
        if (!segment.Has(TcpFlags.Ack) || !TakeAcknowledgement(segment)) return;
        TakeData(segment);
        Send();
        CloseIfFinished();
    }

    /// <summary>The guest's Ethernet address has become known: what was sent before was lost.</summary>
    public void GuestFound()
    {
        if (State == TcpState.SynSent) SendSyn();
    }

    /// <summary>Does what is due.</summary>
    public void Advance()
    {
        if (overAt <= wire.Now)
        {
            End();
            return;
        }
        if (retransmitAt <= wire.Now) Retransmit();
        if (State is TcpState.Open) Send();
        if (acknowledgeAt <= wire.Now) Acknowledge();
    }

    /// <summary>Ends it at once, telling the guest if it knows of the connection.</summary>
    public void Break(bool tellGuest)
    {
        if (State == TcpState.Closed) return;
        if (tellGuest && State != TcpState.TimeWait) Emit(sendNext, TcpFlags.Rst | TcpFlags.Ack, 0, 0);
        host.Close(inPeace: false);
        End();
    }

    void IHostStreamOwner.HostConnected()
    {
        if (State != TcpState.AskingHost) return;
        State = TcpState.SynReceived;
        SendSyn();
    }

    void IHostStreamOwner.HostSent(ReadOnlySpan<byte> bytes)
    {
        reading = false;
        if (State == TcpState.Closed) return;
        if (bytes.IsEmpty) hostFinished = true;
        else toGuest.Write(bytes);
        Send();
        ReadMore();
    }

    void IHostStreamOwner.HostTook()
    {
        if (State == TcpState.Closed) return;
        toHost.Taken();
        // A guest that saw its window shut must hear when it opens, by at least half (RFC 9293 §3.8.6.2.2).
        if (!toHost.HasEnd && toHost.Room - (int)(receiveEdge - receiveNext) >= BufferSize / 2) Acknowledge();
        CloseIfFinished();
    }

    void IHostStreamOwner.HostFailed() => Break(tellGuest: true);

    private static long? Earliest(long? one, long? other) => one is null ? other : other is null ? one : Math.Min(one.Value, other.Value);

    private void TakeSyn(TcpSegment syn)
    {
        receiveNext = syn.Sequence + 1;
        segmentSize = Math.Clamp(syn.ReadMaximumSegmentSize(), SmallestSegment, TcpSegment.LongestPayload);
        congestionWindow = FirstCongestionSegments * segmentSize;
        sendWindow.Take(syn);
    }

    /// <summary>The guest's answer to our SYN.</summary>
    private void ReceiveAnswer(TcpSegment segment)
    {
        if (!segment.Has(TcpFlags.Ack) || segment.Acknowledgement != sendMost) return;
        if (segment.Has(TcpFlags.Rst)) Break(tellGuest: false);
        else if (segment.Has(TcpFlags.Syn))
        {
            TakeSyn(segment);
            Open();
            Acknowledge();
        }
    }

    private void Open()
    {
        State = TcpState.Open;
        sendUnacknowledged = sendNext = sendMost;
        retransmitAt = null;
        retries = 0;
        ReadMore();
    }

    /// <summary>Whether any of a segment lies in our window (RFC 9293 §3.4), or it asks about a window that is shut.</summary>
    private bool IsAcceptable(TcpSegment segment)
    {
        uint window = receiveEdge - receiveNext;
        uint ahead = segment.Sequence - receiveNext;
        return ahead == 0 || ahead < window || (segment.Length != 0 && segment.Sequence + segment.Length - 1 - receiveNext < window);
    }

    /// <returns>False if the segment is of no further use.</returns>
    private bool TakeAcknowledgement(TcpSegment segment)
    {
        uint acknowledged = segment.Acknowledgement - sendUnacknowledged;
        bool old = TcpWindow.IsBefore(segment.Acknowledgement, sendUnacknowledged);
        if (!old && acknowledged > sendMost - sendUnacknowledged)
        {
            Acknowledge();
            return false;
        }
        if (State == TcpState.SynReceived)
        {
            if (segment.Acknowledgement != sendMost)
            {
                Break(tellGuest: true);
                return false;
            }
            sendWindow.Take(segment);
            Open();
            return true;
        }
        if (old) return true;

        retries = 0;
        if (acknowledged != 0)
        {
            finAcknowledged |= acknowledged > (uint)toGuest.Count;
            toGuest.Skip((int)Math.Min(acknowledged, (uint)toGuest.Count));
            sendUnacknowledged = segment.Acknowledgement;
            if (TcpWindow.IsBefore(sendNext, sendUnacknowledged)) sendNext = sendUnacknowledged;
            congestionWindow = Math.Min(BufferSize, congestionWindow + (int)acknowledged);
            retransmitAt = sendUnacknowledged == sendMost ? null : wire.Now + FirstTimeout;
            ReadMore();
        }
        if (sendWindow.IsNewerIn(segment))
        {
            if (sendWindow.Size == 0 && sendNext == sendUnacknowledged) retransmitAt = null;     // it was for asking about the window
            sendWindow.Take(segment);
        }
        return true;
    }

    private void TakeData(TcpSegment segment)
    {
        if (segment.Length == 0) return;
        if (toHost.HasEnd || TcpWindow.IsBefore(receiveNext, segment.Sequence))
        {
            Acknowledge();      // again, or out of order: the guest hears what is expected
            return;
        }
        ReadOnlySpan<byte> data = segment.Payload;
        data = data[(int)Math.Min(receiveNext - segment.Sequence, (uint)data.Length)..];
        bool all = data.Length <= toHost.Room;
        if (!all) data = data[..toHost.Room];
        bool end = all && segment.Has(TcpFlags.Fin);
        receiveNext += (uint)data.Length + (end ? 1u : 0);
        toHost.Add(data, end);
        if (end || !all || data.IsEmpty || (unacknowledgedSegments += 1 + data.Length / (segmentSize + 1)) >= 2) Acknowledge();
        else acknowledgeAt ??= wire.Now + LongestAcknowledgementDelay;
    }

    private void ReadMore()
    {
        if (reading || hostFinished || toGuest.Room < HostStream.LongestRead || State != TcpState.Open) return;
        reading = true;
        host.Read();
    }

    /// <summary>Sends what the guest's window and the wire have room for, and the FIN after the last of it.</summary>
    private void Send()
    {
        while (State == TcpState.Open && wire.HasRoom && !FinIsSent)
        {
            int inFlight = (int)(sendNext - sendUnacknowledged);
            int unsent = toGuest.Count - inFlight;
            int allowed = Math.Max(0, Math.Min(sendWindow.Size, congestionWindow) - inFlight);
            int length = Math.Min(unsent, Math.Min(segmentSize, allowed));
            bool last = hostFinished && length == unsent;
            if (length == 0 && !last) break;
            SendData(inFlight, length, last);
        }
        bool waitsForWindow = State == TcpState.Open && sendWindow.Size == 0 && toGuest.Count != 0;
        if (waitsForWindow || sendUnacknowledged != sendMost) retransmitAt ??= wire.Now + FirstTimeout;
    }

    private void SendData(int offset, int length, bool last)
    {
        TcpFlags flags = TcpFlags.Ack | (last ? TcpFlags.Fin : 0) | (offset + length == toGuest.Count && length != 0 ? TcpFlags.Psh : 0);
        Emit(sendNext, flags, offset, length);
        sendNext += (uint)length + (last ? 1u : 0);
        if (TcpWindow.IsBefore(sendMost, sendNext)) sendMost = sendNext;
    }

    /// <summary>Nothing was heard for too long: goes back to what was not acknowledged, one segment at a time; or asks about a shut window with one byte.</summary>
    private void Retransmit()
    {
        retransmitAt = null;
        if (++retries > (State == TcpState.Open ? MostRetries : MostSynRetries))
        {
            Break(tellGuest: true);
            return;
        }
        if (State is TcpState.SynSent or TcpState.SynReceived)
        {
            SendSyn();
        }
        else
        {
            sendNext = sendUnacknowledged;
            congestionWindow = segmentSize;
            if (sendWindow.Size == 0 && toGuest.Count != 0) AskForWindow();
            else Send();
        }
        retransmitAt = wire.Now + Math.Min(LongestTimeout, FirstTimeout << retries);
    }

    /// <summary>Sends one byte more than the guest wants, which it answers; the byte counts as sent only if the guest took it.</summary>
    private void AskForWindow()
    {
        SendData(0, 1, last: false);
        sendNext = sendUnacknowledged;
    }

    private void SendSyn()
    {
        sendNext = sendUnacknowledged;
        Emit(sendNext, State == TcpState.SynReceived ? TcpFlags.Syn | TcpFlags.Ack : TcpFlags.Syn, 0, 0);
        sendMost = ++sendNext;
        retransmitAt ??= wire.Now + FirstTimeout;
    }

    private void Acknowledge() => Emit(sendNext, TcpFlags.Ack, 0, 0);

    private void Emit(uint sequence, TcpFlags flags, int offset, int length)
    {
        if ((flags & TcpFlags.Ack) != 0)
        {
            // A window once shown is never taken back: the ring has room for all of it.
            receiveEdge = receiveNext + (uint)toHost.Room;
            acknowledgeAt = null;
            unacknowledgedSegments = 0;
        }
        wire.Send(Flow, sequence, (flags & TcpFlags.Ack) != 0 ? receiveNext : 0, flags, (ushort)toHost.Room, toGuest, offset, length);
    }

    private void CloseIfFinished()
    {
        if (State != TcpState.Open || !finAcknowledged || !toHost.IsFinished) return;
        host.Close(inPeace: true);
        State = TcpState.TimeWait;
        retransmitAt = null;
        overAt = wire.Now + TimeWaitLength;
    }

    private void End()
    {
        State = TcpState.Closed;
        retransmitAt = acknowledgeAt = overAt = null;
    }
}
