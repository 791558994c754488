namespace LguestPS.Networks.User;

/// <summary>How many bytes the guest takes, as the newest of its segments says (RFC 9293 §3.10.7.4: SND.WND, SND.WL1, SND.WL2).</summary>
internal struct TcpWindow
{
    private uint sequence;
    private uint acknowledgement;

    public int Size { get; private set; }

    /// <summary>Whether one sequence number comes before another, on a circle of 2³².</summary>
    public static bool IsBefore(uint one, uint other) => (int)(one - other) < 0;

    /// <summary>Whether a segment was sent after the one that is known.</summary>
    public readonly bool IsNewerIn(TcpSegment segment) =>
        IsBefore(sequence, segment.Sequence) || (sequence == segment.Sequence && !IsBefore(segment.Acknowledgement, acknowledgement));

    public void Take(TcpSegment segment)
    {
        Size = segment.Window;
        sequence = segment.Sequence;
        acknowledgement = segment.Acknowledgement;
    }
}
