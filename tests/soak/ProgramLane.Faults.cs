namespace LguestPS.Tests.Soak;

/// <summary>The faults it inflicts on the program.</summary>
internal sealed partial class ProgramLane
{
    private IEnumerable<Action> Faults()
    {
        yield return Stopped;
        yield return PeerResets;
        yield return PeerHangs;
        yield return PeerLeaves;
        yield return ReaderStops;
        yield return ImageRemoved;
        yield return ImageReplaced;
        yield return FileSizeLimited;
        yield return DescriptorsLimited;
        if (mounted) yield return FileSystemFull;
        if (clock is not null) yield return ClockJumps;
        if (pressure is not null) yield return MemoryShort;
    }

    private void Stopped()
    {
        double seconds = random.NextDouble() < 0.2 ? random.Next(5, 25) : random.NextDouble() * 3;
        Inflict("SIGSTOP and SIGCONT", $"stopped for {seconds:F2} s");
        guest!.Signal(HostSystem.SigStop);
        Rest(seconds);
        guest.Signal(HostSystem.SigCont);
    }

    private void PeerResets()
    {
        Inflict("network peer resets", $"{echo.Connections} connections");
        if (random.Next(2) == 0) echo.Reset();
        else echo.Drop();
    }

    private void PeerHangs()
    {
        double seconds = random.NextDouble() * 20;
        Inflict("network peer hangs", $"for {seconds:F1} s");
        echo.Hang();
        LoadFor(TimeSpan.FromSeconds(seconds));
        echo.Recover();
    }

    private void PeerLeaves()
    {
        double seconds = random.NextDouble() * 5;
        Inflict("network peer gone", $"for {seconds:F1} s");
        echo.Leave();
        LoadFor(TimeSpan.FromSeconds(seconds));
        echo.Recover();
    }

    private void ReaderStops()
    {
        double seconds = random.NextDouble() * 6;
        Inflict("standard output not read", $"for {seconds:F1} s");
        guest!.StopReading();
        Rest(seconds);
        guest.ReadOn();
    }

    private void ImageRemoved()
    {
        Inflict("image removed", "and put back");
        string kept = Path.Combine(disks, "kept");
        HostSystem.Link(Image, kept);
        File.Delete(Image);
        ExpectDiskErrors("was removed or replaced while in use");
        HostSystem.Link(kept, Image);
        File.Delete(kept);
    }

    private void ImageReplaced()
    {
        Inflict("image replaced", "and put back");
        string kept = Path.Combine(disks, "kept"), other = Path.Combine(disks, "other");
        File.WriteAllBytes(other, new byte[4096]);
        HostSystem.Link(Image, kept);
        File.Move(other, Image, overwrite: true);
        ExpectDiskErrors("was removed or replaced while in use");
        File.Move(kept, Image, overwrite: true);
    }

    private void FileSizeLimited()
    {
        ulong bytes = (ulong)random.Next(1, DiskMegabytes) << 20;
        Inflict("file size limited", $"to {bytes >> 20} MiB");
        long before = ledger.DiskErrors;
        HostSystem.LimitFileSize(guest!.Id, bytes);
        LoadFor(TimeSpan.FromSeconds(3));
        HostSystem.LimitFileSize(guest.Id, null);
        if (ledger.DiskErrors > before) ExpectComplaint("File too large");
    }

    private void DescriptorsLimited()
    {
        if (HostSystem.Sample(guest!.Id) is not { } sample) return;
        Inflict("few descriptors left", "new connections are refused");
        HostSystem.LimitDescriptors(guest.Id, (ulong)sample.Descriptors + SpareDescriptors);
        echo.Reset();
        LoadFor(TimeSpan.FromSeconds(3));
        HostSystem.LimitDescriptors(guest.Id, null);
    }

    private void FileSystemFull()
    {
        string ballast = Path.Combine(disks, "ballast");
        long before = ledger.DiskErrors;
        try
        {
            using FileStream file = File.Create(ballast, 1);
            byte[] block = new byte[4096];
            for (;;) file.Write(block);
        }
        catch (IOException)
        {
            // Now it is full.
        }
        Inflict("file system full", $"{new FileInfo(ballast).Length >> 10} KiB of ballast");
        LoadFor(TimeSpan.FromSeconds(3));
        File.Delete(ballast);
        if (ledger.DiskErrors > before) ExpectComplaint("No space left on device");
    }

    private void ClockJumps()
    {
        int seconds = random.Next(-200_000, 200_000);
        Inflict("host's clock jumps", $"by {seconds} s, and back");
        clock!.Set(seconds);
        LoadFor(TimeSpan.FromSeconds(4));
        if (random.Next(2) == 0) clock.Set(0);
    }

    private void MemoryShort()
    {
        if (HostSystem.Sample(guest!.Id) is not { } sample) return;
        Inflict("memory short", $"limited to what it has, {sample.MemoryKib >> 10} MiB");
        pressure!.Squeeze(guest.Id, sample.MemoryKib);
        LoadFor(TimeSpan.FromSeconds(4));
        pressure.Release();
        if (guest.HasExited) journal.Count("memory short: ended by the kernel");
    }
}
