namespace LguestPS.Tests.Soak;

/// <summary>How the lives of its processes end, and what must be true then.</summary>
internal sealed partial class ProgramLane
{
    /// <summary>The last fault of a life ends it, in one way or another.</summary>
    private bool Finish()
    {
        switch (Random.Next(7))
        {
            case 0:
                Inflict("guest switched off", "");
                Process.Type("Q\n");
                return AfterDeath("after the guest switched itself off", 0);
            case 1:
                Inflict("SIGTERM", "");
                Process.Signal(HostSystem.SigTerm);
                return AfterDeath("after SIGTERM", 3);
            case 2 when !HostSystem.IsIgnored(HostSystem.SigHup):
                Inflict("SIGHUP", "");
                Process.Signal(HostSystem.SigHup);
                return AfterDeath("after SIGHUP", 3);
            case 3:
                Inflict("standard output closed", "");
                Process.CloseOutput();
                return AfterDeath("after its output was closed", 3);
            case 4:
                Inflict("image cut off", "");
                long half = DiskMegabytes << 19;
                HostSystem.CutOff(Image, half);
                ExpectDiskErrors("has become shorter while in use");
                if (new FileInfo(Image).Length != half) Journal.Break(Name, "an image that was cut off grew again");
                Process.Type("Q\n");
                AfterDeath("after its image was cut off", 0, verify: false);
                return false;
            default:
                Inflict("kill -9", $"at record {Ledger.Acknowledged}");
                Process.Signal(HostSystem.SigKill);
                return AfterDeath("after kill -9", 137);
        }
    }

    /// <summary>Looks at what a process left: its status, and all that it had promised.</summary>
    private bool AfterDeath(string when, int? expected, bool verify = true)
    {
        if (!Process.WaitForExit(TimeSpan.FromSeconds(Hang)))
        {
            Journal.Break(Name, $"lguest has not ended {Hang} s {when}");
            return false;
        }
        int status = Process.Status;
        Journal.Note(Name, $"ended with status {status} {when}; {Ledger.Acknowledged} records acknowledged");
        bool killed = status == 137 && when.Contains("fault", StringComparison.Ordinal) && pressure?.HasKilled() == true;
        if (!killed && status != expected) Journal.Break(Name, $"lguest ended with status {status} {when}, not {expected?.ToString() ?? "at all"}: {string.Join(" | ", Process.Errors.TakeLast(8))}");
        if (!verify) return false;
        IReadOnlyList<string> lost = DiskRecords.FindLost(Image, Math.Max(promised, Ledger.Acknowledged), out int looked);
        Journal.Count("records verified in the image", looked);
        foreach (string one in lost.Take(5)) Journal.Break(Name, $"{when}: {one}");
        if (lost.Count > 5) Journal.Break(Name, $"{when}: {lost.Count} records in all");
        string[] left = [.. Directory.GetFiles(disks).Where(file => file != Image)];
        if (left.Length > 0) Journal.Break(Name, $"left over: {string.Join(", ", left)}");
        return lost.Count == 0;
    }
}
