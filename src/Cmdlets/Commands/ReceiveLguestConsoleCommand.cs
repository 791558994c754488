using System.Diagnostics;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Writes what guests have written to their consoles since the last time.</summary>
[Cmdlet(VerbsCommunications.Receive, "LguestConsole")]
[OutputType(typeof(string))]
public sealed class ReceiveLguestConsoleCommand : GuestCommand
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    [Parameter]
    public SwitchParameter Wait { get; set; }

    [Parameter]
    [Alias("TimeoutSeconds")]
    [TimeArgument]
    public TimeSpan? TimeLimit { get; set; }

    private protected override void Process(Guest guest)
    {
        ConsoleDialog dialog = ConsoleDialog.With(guest);
        dialog.Update();
        if (Wait || TimeLimit is not null) WaitForText(guest, dialog);
        if (dialog.TakeMissed() is > 0 and var missed)
            WriteWarning($"Guest '{guest.Name}' has written more than is kept: {missed:N0} bytes before this text were dropped. Receive it more often.");
        if (dialog.Take() is { Length: > 0 } text) WriteObject(text);
    }

    /// <summary>Waits for the first text, as long as somebody drives the guest.</summary>
    private void WaitForText(Guest guest, ConsoleDialog dialog)
    {
        long start = Stopwatch.GetTimestamp();
        RunProgress progress = new(this, guest);
        while (dialog.UnreadLength == 0 && !StopToken.IsCancellationRequested)
        {
            bool mayCome = guest.Driver is not null;     // asked first: what is written before the driver leaves is read below
            if (TimeLimit is { } limit && Stopwatch.GetElapsedTime(start) >= limit) break;
            if (mayCome) dialog.Wait(LookAgain, StopToken);
            dialog.Update();
            if (!mayCome) break;
            progress.Pulse();
        }
        progress.Hide();
    }
}
