namespace LguestPS.Exports;

/// <summary>What the vCPU does: it runs, it is halted, or it waits while the host works.</summary>
internal sealed class VcpuTrack(TimelineExporter exporter, Track track)
{
    private long hostStart = -1, hostEnd;
    private bool isOpen, isHalted;

    /// <summary>Something happened, at which the host worked for so long.</summary>
    public void Came(long time, long took)
    {
        if (!isOpen) Begin(time - took, "running");
        if (isHalted)
        {
            isHalted = false;
            exporter.EndSlice(track, time - took > hostEnd ? time - took : time);
            Begin(time, "running");
            hostStart = -1;
            hostEnd = time;
            return;
        }
        if (took <= 0) return;
        // Several things at one exit are one stretch of work.
        if (hostStart >= 0 && time - took <= hostEnd)
        {
            hostEnd = time;
            return;
        }
        ShowHost();
        (hostStart, hostEnd) = (time - took, time);
    }

    public void Halt(long time)
    {
        ShowHost();
        exporter.EndSlice(track, Math.Max(time, hostEnd));
        Begin(time, "halted");
        isHalted = true;
    }

    public void Close(long time)
    {
        if (!isOpen) return;
        ShowHost();
        exporter.EndSlice(track, time);
        isOpen = isHalted = false;
    }

    private void Begin(long time, string state)
    {
        isOpen = true;
        exporter.BeginSlice(track, time, state);
    }

    private void ShowHost()
    {
        if (hostStart < 0) return;
        exporter.EndSlice(track, hostStart);
        exporter.BeginSlice(track, hostStart, "host");
        exporter.EndSlice(track, hostEnd);
        Begin(hostEnd, "running");
        hostStart = -1;
    }
}
