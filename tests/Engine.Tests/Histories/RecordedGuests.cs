namespace LguestPS.Tests.Histories;

/// <summary>Guests of tests/guests and examples, recorded to their end, and the places on the way as a guest shows them that is run there step by step.</summary>
internal static class RecordedGuests
{
    public static Guest Run(string name, ClockKind clock = ClockKind.Virtual, CompileChoice compile = CompileChoice.Auto, bool keepEvents = true)
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == name);
        Guest guest = Guest.Create(run.Definition(clock) with { Compile = compile });
        guest.Record(keepEvents);
        if (run.Input is { } input) guest.SendConsole(input);
        RunToEnd(guest);
        return guest;
    }

    public static void RunToEnd(Guest guest)
    {
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) }))
        {
        }
    }

    /// <summary>Calls spread over a run: where the kernel is at work.</summary>
    public static GuestCall[] Calls(GuestHistory history)
    {
        const int Count = 200;
        GuestCall[] calls = [.. history.FindCalls(new CallQuery { Symbols = ["*"] }).OrderBy(call => call.Position.Instructions)];
        return [.. Enumerable.Range(0, Count).Select(i => calls[i * (calls.Length - 1) / Count])];
    }

    /// <summary>All that decides how a guest goes on, as text.</summary>
    public static string Shown(Guest guest) =>
        $"{guest.Events.Happened} {guest.InstructionCount} {guest.GuestTime} {guest.Registers} {State.ContentHash.Of(guest.Memory.Read(0, guest.Memory.Size)):x}";
}
