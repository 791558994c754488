using LguestPS.Machines;

namespace LguestPS.Run;

/// <summary>Boots a guest again in place: the same guest with the same name, console and files, from the image that was loaded when it was made.</summary>
internal sealed class Rebooter(Guest guest)
{
    private readonly Machine machine = guest.Machine;

    /// <summary>How often the guest has been rebooted.</summary>
    public long Count { get; set; }

    /// <summary>Whether whoever drives the guest wants it to end where it would reboot.</summary>
    public bool IsUnwanted { get; set; }

    /// <summary>Does what a guest asks for that has called SHUTDOWN for a restart, if it has: reboots it, or ends it.</summary>
    public void Answer()
    {
        if (!machine.AsksForRestart) return;
        machine.AsksForRestart = false;
        if (guest.HasEnded) return;
        GuestLimits limits = guest.Definition.Limits;
        bool isOver = limits.Reboots is { } most && Count >= most;
        // What was recorded is done again, whoever drives the guest now.
        if (guest.Recording?.RebootsAgain ?? !(isOver || IsUnwanted || !guest.Definition.Reboot)) Reboot(by: null);
        else machine.End(EndingKind.Restart, isOver ? $"Restart, and it has reached its limit of {limits.Reboots} {(limits.Reboots == 1 ? "reboot" : "reboots")}" : "Restart");
    }

    /// <summary>Reboots the guest, which stands still, without its having asked for it.</summary>
    /// <param name="by">Who does it.</param>
    public void Reset(string by)
    {
        guest.Interceptor.Forget();
        if (guest.Recording is { } recording) recording.Intervene(() => Reboot(by));
        else Reboot(by);
    }

    private void Reboot(string? by)
    {
        uint eip = machine.Cpu.Registers.Eip;
        machine.Reset();
        guest.Ring.Reset();
        guest.Transport.Reset();
        Count++;
        guest.Events.Rebooted(Count, by, eip);
    }
}
