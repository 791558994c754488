using System.CommandLine;
using System.Net;

namespace LguestPS.Tests.Soak;

/// <summary>The soak's command line, and that of the processes which it troubles.</summary>
internal static class SoakProgram
{
    public static int Main(string[] args)
    {
        Option<double> hours = new("--hours") { Description = "How long; HOURS says it, too.", DefaultValueFactory = _ => double.TryParse(Environment.GetEnvironmentVariable("HOURS"), out double some) ? some : 0.1 };
        Option<int> seed = new("--seed") { Description = "Which faults, and when.", DefaultValueFactory = _ => Environment.TickCount & int.MaxValue };
        Option<FileInfo?> kernel = new("--kernel") { Description = "A Linux kernel; without, guests of this repository's only." };
        Option<FileInfo?> initrd = new("--initrd") { Description = "An initramfs with a busybox, which the load is added to." };
        Option<DirectoryInfo> work = new("--work") { Description = "A folder for disks and checkpoints.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(Path.GetTempPath(), $"lguest-soak-{Environment.ProcessId}")) };
        Option<int> guests = new("--guests") { Description = "How many guests are made and ended in one process.", DefaultValueFactory = _ => 10_000 };
        Option<int> threads = new("--threads") { Description = "On how many threads.", DefaultValueFactory = _ => 2 };

        RootCommand root = new("Soaks LguestPS: loaded guests for hours while everything around them fails.") { hours, seed, kernel, initrd, work, guests, threads };
        root.SetAction(parsed => Soak.Run(new SoakOptions
        {
            Time = TimeSpan.FromHours(parsed.GetValue(hours)), Seed = parsed.GetValue(seed), Kernel = parsed.GetValue(kernel)?.FullName, Initrd = parsed.GetValue(initrd)?.FullName,
            Work = parsed.GetValue(work)!.FullName, Guests = parsed.GetValue(guests), Threads = parsed.GetValue(threads),
        }));

        // The processes that a soak troubles.
        Command churn = new("worker-churn", "Makes and ends guests in this process.") { guests, threads, work, hours };
        churn.SetAction(parsed =>
        {
            Journal journal = new(Console.Out);
            TimeSpan time = TimeSpan.FromHours(parsed.GetValue(hours));
            using CancellationTokenSource over = new(time);
            ChurnRun.Do(parsed.GetValue(guests), parsed.GetValue(threads), parsed.GetValue(work)!.FullName, journal, Soak.Churn, over.Token);
            journal.Summarize("guests made and ended");
            return journal.Broken == 0 ? 0 : 1;
        });
        root.Add(churn);

        Command faults = new("short", "Inflicts every fault once on guests of this repository.") { work };
        faults.SetAction(parsed => Soak.RunShort(parsed.GetValue(work)!.FullName));
        root.Add(faults);

        Option<FileInfo> image = new("--image") { Required = true }, file = new("--file") { Required = true };
        Command saves = new("worker-saves", "Saves a checkpoint of a guest again and again.") { file, work };
        saves.SetAction(parsed =>
        {
            using Guest guest = Guest.Create(Churn.Minikernel(parsed.GetValue(work)!.FullName, "minikernel/minikernel-3.1", "virtio-3.1"));
            guest.SendConsole("Paul\n");
            int saved = 0;
            for (int number = 1; ; number++)
            {
                // Not always the same, and never its end.
                foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = "soak", Count = number < 50 ? 4 : 1 }))
                    if (guest.HasEnded) return 1;
                try
                {
                    guest.TakeCheckpoint().Save(parsed.GetRequiredValue(file).FullName);
                    Console.WriteLine(++saved);
                }
                catch (LguestException e)
                {
                    Console.WriteLine($"refused: {e.Message}");
                }
            }
        });
        root.Add(saves);

        Option<int> port = new("--port") { Required = true };
        Command checkpoints = new("worker-checkpoints", "Runs a loaded Linux and takes checkpoints of it.") { kernel, initrd, image, file, port, seed };
        checkpoints.SetAction(parsed => new CheckpointWorker(new GuestDefinition
        {
            Name = "soak", Kernel = parsed.GetRequiredValue(kernel)!.FullName, Initrd = parsed.GetRequiredValue(initrd)!.FullName, CommandLine = "console=hvc0 quiet", Memory = 64 << 20,
            Devices =
            [
                new BlockDefinition(parsed.GetRequiredValue(image).FullName),
                new UserNetDefinition { Reach = [.. new[] { Transport.Tcp, Transport.Udp }.Select(transport => new PortReach(transport, null, 7777, new IPEndPoint(IPAddress.Loopback, parsed.GetRequiredValue(port))))] },
                new ConsoleDefinition(),
            ],
        }, parsed.GetRequiredValue(file).FullName, parsed.GetValue(seed)).Run());
        root.Add(checkpoints);
        return root.Parse(args).Invoke();
    }
}
