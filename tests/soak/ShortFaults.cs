using System.Buffers.Binary;
using System.Globalization;

namespace LguestPS.Tests.Soak;

/// <summary>Every fault of a soak once, against guests of this repository that take a second: what happens when is decided by what the guest has said, never by a clock.</summary>
internal sealed class ShortFaults : IDisposable
{
    private const int Sectors = 4096, Some = 200;
    private const string Refusal = "net0 -> 54 bytes";      // no frame before a TCP segment without data is as long
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string work, image;
    private readonly EchoServer echo = new();
    private readonly Lock gate = new();
    private readonly ManualResetEventSlim spoken = new();
    private readonly List<string> lines = [];
    private int last;
    private string? complaint;

    /// <param name="work">A folder of its own, which it removes in the end.</param>
    public ShortFaults(string work)
    {
        this.work = Directory.CreateDirectory(work).FullName;
        image = Path.Combine(this.work, "disk.img");
    }

    /// <summary>All faults by their names.</summary>
    public static IReadOnlyDictionary<string, Action<ShortFaults>> All { get; } = new Dictionary<string, Action<ShortFaults>>
    {
        ["kill -9"] = faults => faults.Ends(guest => guest.Signal(HostSystem.SigKill), 137),
        ["SIGTERM"] = faults => faults.Ends(guest => guest.Signal(HostSystem.SigTerm), 3, "stopped by SIGTERM"),
        ["SIGHUP"] = faults =>
        {
            if (HostSystem.IsIgnored(HostSystem.SigHup)) throw new NotHereException("SIGHUP is ignored (nohup), and so it is by every process that is started here");
            faults.Ends(guest => guest.Signal(HostSystem.SigHup), 3, "stopped by SIGHUP");
        },
        ["standard output closed"] = faults => faults.Ends(guest => guest.CloseOutput(), 3),
        ["standard output not read"] = faults => faults.GoesOn(guest => { guest.StopReading(); guest.WaitUntilPipeIsFull(Patience); guest.ReadOn(); }),
        ["SIGSTOP and SIGCONT"] = faults => faults.GoesOn(guest => { guest.Signal(HostSystem.SigStop); guest.Signal(HostSystem.SigCont); }),
        ["image removed"] = faults => faults.Ends(_ => faults.Remove(), 1, "was removed or replaced while in use"),
        ["image replaced"] = faults => faults.Ends(_ => faults.Replace(), 1, "was removed or replaced while in use"),
        ["image cut off"] = faults => faults.Ends(_ => HostSystem.CutOff(faults.image, 512), 1, "has become shorter while in use", verify: false),
        ["file size limited"] = faults => faults.Ends(guest => HostSystem.LimitFileSize(guest.Id, Some * 512), 1, "File too large"),
        ["few descriptors left"] = faults => faults.GoesOn(guest => HostSystem.LimitDescriptors(guest.Id, (ulong)HostSystem.Sample(guest.Id)!.Value.Descriptors + 16)),
        ["host's clock jumps"] = faults => faults.ClockJumps(),
        ["memory short"] = faults => faults.MemoryShort(),
        ["file system full"] = faults => faults.FileSystemFull(),
        ["network peer gone"] = faults => faults.Network(() => faults.echo.Leave(), () => faults.lines.Any(line => line.Contains(Refusal, StringComparison.Ordinal)), () => { }),
        ["network peer hangs"] = faults => faults.Network(() => faults.echo.Hang(), () => faults.echo.HasReceived, () => { }),
        ["network peer resets"] = faults => faults.Network(() => faults.echo.Hang(), () => faults.echo.HasReceived, () => faults.echo.Reset()),
        ["kill -9 while a checkpoint is saved"] = faults => faults.Saving(
            saver => faults.Until(() => Directory.GetFiles(faults.work, "*.tmp").Length > 0, saver)),
        ["file size limited while a checkpoint is saved"] = faults => faults.Saving(saver =>
        {
            HostSystem.LimitFileSize(saver.Id, 4096);
            faults.Until(() => { lock (faults.gate) return faults.lines.Count > 0; }, saver);
            string refused = faults.lines[0], path = Path.Combine(faults.work, "guest.lguest");
            if (!refused.StartsWith($"refused: the checkpoint '{path}' cannot be written: File too large", StringComparison.Ordinal)) throw new SoakException(refused);
            HostSystem.LimitFileSize(saver.Id, null);
            faults.WaitFor(faults.last + 3, saver);
        }),
    };

    /// <summary>Inflicts one.</summary>
    /// <returns>Why it cannot be inflicted on this machine; else null.</returns>
    /// <exception cref="SoakException">A promise was broken.</exception>
    public string? Try(string fault)
    {
        last = 0;
        complaint = null;
        lines.Clear();
        echo.Forget();
        foreach (string file in Directory.GetFiles(work)) File.Delete(file);
        using (FileStream disk = File.Create(image)) disk.SetLength(Sectors * 512);
        try
        {
            All[fault](this);
            return null;
        }
        catch (NotHereException e)
        {
            return e.Message;
        }
    }

    public void Dispose()
    {
        echo.Dispose();
        Directory.Delete(work, recursive: true);
    }

    private static string GuestFile(string name) => Path.Combine(AppContext.BaseDirectory, "guests", name + ".elf");

    private ProcessUnderTest Writer(IReadOnlyDictionary<string, string>? environment = null) =>
        new(Path.Combine(AppContext.BaseDirectory, "lguest"), [$"--block={image}", "4", GuestFile("writer")], environment ?? new Dictionary<string, string>(), Acknowledge);

    /// <summary>A fault that ends the guest or the process: with this status, in these words, and with all that was acknowledged on the disk.</summary>
    private void Ends(Action<ProcessUnderTest> fault, int status, string words = "", bool verify = true, ProcessUnderTest? writer = null)
    {
        using ProcessUnderTest guest = writer ?? Writer();
        WaitFor(Some, guest);
        fault(guest);
        if (!guest.WaitForExit(Patience)) throw new SoakException("the process has not ended");
        Check(guest, status, words);
        if (verify) CheckDisk();
    }

    /// <summary>A fault that nobody in the guest notices.</summary>
    private void GoesOn(Action<ProcessUnderTest> fault, ProcessUnderTest? writer = null)
    {
        using ProcessUnderTest guest = writer ?? Writer();
        WaitFor(Some, guest);
        fault(guest);
        WaitFor(last + Some, guest);
        guest.Signal(HostSystem.SigTerm);
        if (!guest.WaitForExit(Patience)) throw new SoakException("the process has not ended");
        Check(guest, 3, "stopped by SIGTERM");
        CheckDisk();
    }

    private void Remove()
    {
        HostSystem.Link(image, Path.Combine(work, "kept"));
        File.Delete(image);
    }

    private void Replace()
    {
        HostSystem.Link(image, Path.Combine(work, "kept"));
        File.WriteAllBytes(image + ".new", new byte[512]);
        File.Move(image + ".new", image, overwrite: true);
    }

    private void ClockJumps()
    {
        FaultyClock clock = FaultyClock.TryMake(Path.Combine(work, "clock")) ?? throw new NotHereException("libfaketime is not installed (Debian: faketime)");
        GoesOn(_ =>
        {
            clock.Set(-90_000);
            clock.Set(3_000_000);
        }, Writer(clock.Environment));
    }

    private void MemoryShort()
    {
        using MemoryPressure pressure = MemoryPressure.TryMake($"lguest-short-{Environment.ProcessId}") ?? throw new NotHereException("this user may make no control group for memory");
        GoesOn(guest =>
        {
            pressure.Add(guest.Id);
            pressure.Squeeze(guest.Id, HostSystem.Sample(guest.Id)!.Value.MemoryKib);
            WaitFor(last + Some, guest);
            pressure.Release();
        });
    }

    private void FileSystemFull()
    {
        if (!HostSystem.IsRoot || !HostSystem.Try("mount", "-t", "tmpfs", "-o", "size=1m", "lguest-short", work)) throw new NotHereException("this user may mount no small file system");
        try
        {
            using (FileStream disk = File.Create(image)) disk.SetLength(Sectors * 512);
            Ends(_ => { }, 1, "No space left on device");
        }
        finally
        {
            HostSystem.Try("umount", work);
        }
    }

    /// <summary>A guest whose TCP waits for ever for a peer that has failed: its host is not impressed.</summary>
    private void Network(Action before, Func<bool> reached, Action then)
    {
        before();
        using ProcessUnderTest guest = new(
            Path.Combine(AppContext.BaseDirectory, "lguest"), ["--events=table", "--usernet", $"--reach=7=127.0.0.1:{echo.Port}", "4", GuestFile("gateway")], new Dictionary<string, string>(), Collect);
        try
        {
            Until(() => { lock (gate) return reached(); }, guest);
            then();
            guest.Signal(HostSystem.SigTerm);
            if (!guest.WaitForExit(Patience)) throw new SoakException("the process has not ended");
            Check(guest, 3, "stopped by SIGTERM");
        }
        finally
        {
            echo.Recover();
        }
    }

    /// <summary>Whatever happens to a process that saves checkpoints before it is killed, the last one that was whole still is, and a guest goes on from it.</summary>
    private void Saving(Action<ProcessUnderTest> fault)
    {
        string path = Path.Combine(work, "guest.lguest");
        using (ProcessUnderTest saver = new(Path.Combine(AppContext.BaseDirectory, "LguestPS.Soak"), ["worker-saves", "--file", path, "--work", work], new Dictionary<string, string>(), line => { if (line.StartsWith("refused", StringComparison.Ordinal)) Collect(line); else Acknowledge(line); }))
        {
            WaitFor(3, saver);
            fault(saver);
            saver.Signal(HostSystem.SigKill);
            if (!saver.WaitForExit(Patience)) throw new SoakException("the process has not ended");
            Check(saver, 137, "");
        }
        using Guest guest = Guest.CreateFrom(Checkpoint.Load(path));
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "soak", Filter = EventFilter.Nothing }))
        {
        }
        if (guest.Ending?.Kind != EndingKind.PowerDown) throw new SoakException($"the guest of the checkpoint did not get to its end: {guest.StateReason}");
    }

    private void Collect(string line)
    {
        lock (gate) lines.Add(line);
        spoken.Set();
    }

    private void Acknowledge(string line)
    {
        lock (gate)
        {
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                if (number != last + 1) complaint ??= $"after {last}, {number} was acknowledged";
                last = number;
            }
            else if (!line.Contains("result", StringComparison.Ordinal) && line.Trim().Length > 0)
            {
                complaint ??= $"the guest says '{line}'";
            }
        }
        spoken.Set();
    }

    private void WaitFor(int number, ProcessUnderTest guest) => Until(() => Volatile.Read(ref last) >= number, guest);

    private void Until(Func<bool> reached, ProcessUnderTest guest)
    {
        DateTime limit = DateTime.UtcNow + Patience;
        while (!reached() && !guest.HasExited)
        {
            spoken.Wait(50);
            spoken.Reset();
            if (DateTime.UtcNow > limit) throw new SoakException($"nothing has happened for {Patience.TotalMinutes} minutes; {last} writes were acknowledged");
        }
    }

    private void Check(ProcessUnderTest guest, int status, string words)
    {
        string said = string.Join(" | ", guest.Errors);
        if (guest.Status != status) throw new SoakException($"it ended with status {guest.Status}, not {status}: {said}");
        if (!said.Contains(words, StringComparison.Ordinal)) throw new SoakException($"it did not say '{words}' but '{said}'");
        if (guest.Errors.FirstOrDefault(line => !line.StartsWith("lguest: ", StringComparison.Ordinal)) is { } strange) throw new SoakException($"it said '{strange}'");
        if (complaint is not null) throw new SoakException(complaint);
    }

    private void CheckDisk()
    {
        string kept = Path.Combine(work, "kept");
        byte[] disk = File.ReadAllBytes(File.Exists(kept) ? kept : image);
        // The write on its way may have replaced the oldest.
        for (int number = Math.Max(1, last - Sectors + 2); number <= last; number++)
            if (BinaryPrimitives.ReadInt32LittleEndian(disk.AsSpan((number - 1) % Sectors * 512)) != number) throw new SoakException($"write {number} was acknowledged, and is not in the image");
    }

    private sealed class NotHereException(string message) : Exception(message);
}
