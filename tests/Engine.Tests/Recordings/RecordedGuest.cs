namespace LguestPS.Tests.Recordings;

/// <summary>The test guests, recorded: how tests of the past make them, move them forwards, and see where they are.</summary>
internal static class RecordedGuest
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static bool Step(Guest guest, StepUnit unit)
    {
        if (!guest.HasEnded) _ = guest.Step(new StepOptions { Driver = "the test", Unit = unit, TimeLimit = Patience }).ToList();
        return !guest.HasEnded;
    }

    public static string[] Finish(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }).Select(EventText.Of)];

    public static Guest Recorded(string name)
    {
        Guest guest = Guest.Create(DefinitionOf(name));
        if (GuestRun.All.Single(run => run.Name == name).Input is { } input && name != "example-echo") guest.SendConsole(input);
        guest.Record();
        return guest;
    }

    public static GuestDefinition DefinitionOf(string name) => GuestRun.All.Single(run => run.Name == name).Definition(ClockKind.Virtual);

    /// <summary>Where it is and at what it stands.</summary>
    public static string Stands(Guest guest) => $"{guest.Standstill} {Shown(guest)}";

    /// <summary>Where it is, however it came to stand there.</summary>
    public static string Shown(Guest guest)
    {
        GuestRegisters r = guest.Registers;
        return $"{guest.EventCount} {guest.InstructionCount} {guest.GuestTime.Ticks} {guest.PendingDma} {guest.NextCall} {guest.PendingHypercall} "
            + $"{r.Eax:x} {r.Ebx:x} {r.Ecx:x} {r.Edx:x} {r.Esi:x} {r.Edi:x} {r.Esp:x} {r.Ebp:x} {r.Eip:x} {r.Eflags:x} {r.Cs:x} {guest.ConsoleText.Length}";
    }
}
