using System.Net;

namespace LguestPS.Tests.Soak;

/// <summary>Makes and ends guests of this repository, one after the other, in every way that they end: by themselves, killed, at a limit, removed in the middle, after a checkpoint, after a step back.</summary>
/// <remarks>A virtual clock, so that nothing depends on this machine's speed. Several threads may each have one.</remarks>
internal sealed class Churn : IDisposable
{
    private const long SomeInstructions = 30_000;

    private readonly string work;
    private readonly EchoServer echo;
    private readonly (string Name, Action Make)[] kinds;

    /// <param name="work">A folder of its own.</param>
    /// <param name="echo">What guests with a network talk to.</param>
    public Churn(string work, EchoServer echo)
    {
        (this.work, this.echo) = (Directory.CreateDirectory(work).FullName, echo);
        kinds =
        [
            ("to its end", () => ToItsEnd(Simple("tasks"))),
            ("with a disk", () => ToItsEnd(Minikernel("minikernel/minikernel", "dma-2007-10"), "Paul\n")),
            ("with virtqueues", () => ToItsEnd(Minikernel("minikernel/minikernel-3.1", "virtio-3.1"), "Paul\n")),
            ("with a PCI bus", () => ToItsEnd(Minikernel("minikernel/minikernel-4.1", "pci-4.1"), "Paul\n")),
            ("that writes its image", WritesItsImage),
            ("with a network with the host", ToItsNetwork),
            ("removed in the middle", () => RemovedInTheMiddle(Simple("busy") with { CommandLine = "spin" })),
            ("in a shared network", InSharedNetwork),
            ("killed", () => Killed(Simple("kill") with { CommandLine = "directory-outside" }, "bad page directory")),
            ("that crashes", () => Killed(Simple("kill") with { CommandLine = "crash" }, "CRASH: as it was asked to")),
            ("from a checkpoint file", FromCheckpointFile),
            ("back to a checkpoint", BackToCheckpoint),
            ("recorded and stepped back", SteppedBack),
            ("that is refused", Refused),
        ];
    }

    public int Kinds => kinds.Length;

    /// <summary>Makes and ends one guest.</summary>
    /// <param name="number">Which kind: they take turns.</param>
    /// <returns>The kind, and what went wrong, or null.</returns>
    public (string Kind, string? Problem) One(long number)
    {
        (string name, Action make) = kinds[number % kinds.Length];
        try
        {
            make();
            return (name, null);
        }
        catch (Exception e)
        {
            return (name, $"a guest {name}: {e.GetType().Name}: {e.Message}{(e is LguestException or SoakException ? "" : $"\n{e.StackTrace}")}");
        }
    }

    /// <summary>What guests left behind in the folder, which is to be nothing.</summary>
    public IReadOnlyList<string> Leftovers() => Directory.GetFileSystemEntries(work);

    public void Dispose() => Directory.Delete(work, recursive: true);

    private static string GuestFile(string name) => Path.Combine(AppContext.BaseDirectory, "guests", name + ".elf");

    private static GuestDefinition Simple(string name) => new()
    {
        Name = name, Kernel = GuestFile(name), Memory = 4 << 20, Clock = ClockKind.Virtual, Cpu = CpuChoice.Emulated, Devices = [new ConsoleDefinition()],
    };

    private GuestDefinition Minikernel(string image, string abi) => Minikernel(work, image, abi);

    /// <summary>A kernel with processes, drivers and a scheduler, which asks for a name.</summary>
    /// <param name="work">The folder of its disk's image.</param>
    /// <param name="image">Which of its builds.</param>
    /// <param name="abi">The era of that.</param>
    public static GuestDefinition Minikernel(string work, string image, string abi)
    {
        string disk = Path.Combine(work, "disk.img");
        File.WriteAllBytes(disk, new byte[64 * 512]);
        DeviceDefinition[] devices = abi.StartsWith("dma", StringComparison.Ordinal)
            ? [new BlockDefinition(disk), new ConsoleDefinition()]
            : [new BlockDefinition(disk), new EntropyDefinition(), new ConsoleDefinition()];
        return Simple(image) with { Name = "minikernel", Abi = abi, CommandLine = "input", Devices = devices };
    }

    private void ToItsEnd(GuestDefinition definition, string? input = null)
    {
        using Guest guest = Guest.Create(definition);
        if (input is not null) guest.SendConsole(input);
        Run(guest);
        Expect(guest, EndingKind.PowerDown);
        Clear();
    }

    private void WritesItsImage()
    {
        string disk = Path.Combine(work, "disk.img");
        File.WriteAllBytes(disk, new byte[32 * 512]);
        using (Guest guest = Guest.Create(Simple("writer") with { CommandLine = "once", Devices = [new BlockDefinition(disk, BlockMode.ReadWrite), new ConsoleDefinition()] }))
        {
            Run(guest);
            Expect(guest, EndingKind.PowerDown);
        }
        byte[] written = File.ReadAllBytes(disk);
        for (int sector = 0; sector < 32; sector++)
            if (BitConverter.ToInt32(written, sector * 512) != sector + 1) throw new SoakException($"sector {sector} does not hold what was acknowledged");
        Clear();
    }

    private void ToItsNetwork()
    {
        UserNetDefinition network = new() { Reach = [new PortReach(Transport.Tcp, null, 7, new IPEndPoint(IPAddress.Loopback, echo.Port))] };
        ToItsEnd(Simple("gateway") with { Clock = ClockKind.Host, Devices = [network, new ConsoleDefinition()] });
    }

    private void InSharedNetwork()
    {
        string path = Path.Combine(work, "lan");
        using Guest guest = Guest.Create(Simple("gateway") with { Devices = [new SharedNetDefinition(path), new ConsoleDefinition()], Limits = new GuestLimits(Instructions: SomeInstructions) });
        foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = "churn", Count = 20 }))
        {
        }
        guest.Dispose();
        Clear();
    }

    private static void RemovedInTheMiddle(GuestDefinition definition)
    {
        using Guest guest = Guest.Create(definition with { Limits = new GuestLimits(Instructions: SomeInstructions) });
        Run(guest);
        if (guest.Standstill != Standstill.InstructionLimit) throw new SoakException($"it stands still for another reason: {guest.StateReason}");
    }

    private static void Killed(GuestDefinition definition, string reason)
    {
        using Guest guest = Guest.Create(definition);
        Run(guest);
        if (guest.Ending is not { } ending || !ending.Reason.Contains(reason, StringComparison.Ordinal)) throw new SoakException($"it ended for another reason: {guest.StateReason}");
    }

    private void FromCheckpointFile()
    {
        string path = Path.Combine(work, "guest.lguest");
        GuestDefinition definition = Minikernel("minikernel/minikernel-3.1", "virtio-3.1");
        string expected;
        using (Guest guest = Guest.Create(definition))
        {
            guest.SendConsole("Paul\n");
            StepSome(guest);
            guest.TakeCheckpoint("half").Save(path);
            Run(guest);
            Expect(guest, EndingKind.PowerDown);
            expected = guest.ConsoleText;
        }
        using (Guest again = Guest.CreateFrom(Checkpoint.Load(path)))
        {
            Run(again);
            Expect(again, EndingKind.PowerDown);
            if (!expected.EndsWith(again.ConsoleText, StringComparison.Ordinal)) throw new SoakException("it said something else than the guest that its checkpoint was taken of");
        }
        Clear();
    }

    private void BackToCheckpoint()
    {
        using Guest guest = Guest.Create(Minikernel("minikernel/minikernel-4.1", "pci-4.1"));
        guest.SendConsole("Paul\n");
        StepSome(guest);
        Checkpoint half = guest.TakeCheckpoint();
        for (int times = 0; times < 2; times++)
        {
            Run(guest);
            Expect(guest, EndingKind.PowerDown);
            guest.Restore(half);
        }
        Clear();
    }

    private static void SteppedBack()
    {
        using Guest guest = Guest.Create(Simple("tasks") with { Record = true });
        Run(guest);
        Expect(guest, EndingKind.PowerDown);
        if (!guest.StepBack(new StepBackOptions { Driver = "churn", Count = 5 })) throw new SoakException("there was no way back");
        Run(guest);
        Expect(guest, EndingKind.PowerDown);
    }

    /// <summary>Nothing may stay open of a guest that was never made.</summary>
    private void Refused()
    {
        try
        {
            Guest.Create(Simple("tasks") with { Devices = [new BlockDefinition(Path.Combine(work, "missing.img")), new ConsoleDefinition()] }).Dispose();
        }
        catch (LguestException e) when (e.Error == LguestError.FileUnavailable)
        {
            return;
        }
        throw new SoakException("a guest without its disk image was made");
    }

    private void Clear()
    {
        foreach (string file in Directory.GetFiles(work)) File.Delete(file);
    }

    private static void StepSome(Guest guest)
    {
        foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = "churn", Count = 200 }))
        {
        }
        if (guest.HasEnded) throw new SoakException("it ended before half of its run");
    }

    private static void Run(Guest guest)
    {
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "churn", Filter = EventFilter.Nothing, WaitForInput = guest.Definition.Clock == ClockKind.Host }))
        {
        }
    }

    private static void Expect(Guest guest, EndingKind kind)
    {
        if (guest.Ending?.Kind != kind) throw new SoakException($"it should have ended by itself: {guest.StateReason}; {guest.ConsoleText.TakeLast(200).Aggregate("", (text, letter) => text + letter)}");
        if (guest.ConsoleText.Contains("FAIL", StringComparison.Ordinal)) throw new SoakException($"it says: {guest.ConsoleText}");
    }
}
