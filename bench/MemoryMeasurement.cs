namespace LguestPS.Bench;

/// <summary>What this process grows by for each guest that has run, beyond the guest's RAM that was touched.</summary>
internal static class MemoryMeasurement
{
    private const int Guests = 50;
    private const int Megabytes = 16;

    public static int Run()
    {
        Workloads.Build();
        RunOne().Dispose();
        long before = ResidentMemory.Measure();
        List<Guest> guests = [.. Enumerable.Range(0, Guests).Select(_ => RunOne())];
        long after = ResidentMemory.Measure();
        Console.WriteLine($"{Guests} guests of {Megabytes} MiB that ran: {(after - before) / Guests / 1024} KiB resident each, page tables and kernel included");
        guests.ForEach(guest => guest.Dispose());
        Console.WriteLine($"after Dispose: {(ResidentMemory.Measure() - before) / 1024} KiB above the start");
        return 0;
    }

    private static Guest RunOne()
    {
        Guest guest = Guest.Create(Workloads.Guest("calls.elf", "1000", Megabytes));
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench" }))
        {
        }
        return guest;
    }
}
