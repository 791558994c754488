using System.Diagnostics;
using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;

namespace LguestPS.Cmdlets;

/// <summary>Types into a guest's console: whole lines, unless told otherwise; and waits for the answer, if asked to.</summary>
[Cmdlet(VerbsCommunications.Send, "LguestConsole", SupportsShouldProcess = true, DefaultParameterSetName = "Text")]
[OutputType(typeof(string), ParameterSetName = ["Expect"])]
public sealed class SendLguestConsoleCommand : RunningCommand
{
    private const double DefaultPatienceSeconds = 30;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);
    private static readonly EventFilter ConsoleOutput = new() { Kinds = EventKinds.Dma | EventKinds.Kick | EventKinds.Virtqueue, Devices = ["console"] };

    private string[] lines = [];

    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ParameterSetName = "Text")]
    [Parameter(Position = 1, ValueFromPipeline = true, ParameterSetName = "Expect")]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object[] Text { get; set; } = [];

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "Expect")]
    public Regex Expect { get; set; } = null!;

    [Parameter(ParameterSetName = "Expect")]
    public SwitchParameter AnswerOnly { get; set; }

    private TimeSpan? Patience => TimeLimit ?? (Expect is null ? null : TimeSpan.FromSeconds(DefaultPatienceSeconds));

    protected override void ProcessRecord()
    {
        // "$guest | Send-LguestConsole hello" binds hello to the first position and the guest to what is left.
        if (Text is [var only] && GuestIn(only) is { } piped)
        {
            lines = Guest.All(argument => argument.Guest is null) ? [.. Guest.Select(argument => argument.Text)] : [];
            Attempt(piped);
            return;
        }
        lines = [.. Text.Select(line => LanguagePrimitives.ConvertTo<string>(line))];
        base.ProcessRecord();
    }

    // Sorted out above: texts are piped, too.
    private protected override bool IsGuest(GuestArgument piped) => false;

    private static Guest? GuestIn(object piped) => PSObject.AsPSObject(piped).BaseObject switch
    {
        Guest guest => guest,
        GuestJob job => job.Guest,
        _ => null,
    };

    private protected override void Process(Guest guest)
    {
        if (Expect is not null && lines.Length == 0) Await(guest, ConsoleDialog.With(guest), from: 0, typed: "");
        foreach (string line in lines)
        {
            if (!ShouldProcess(guest.Name, $"Type '{line}'")) continue;
            ConsoleDialog? dialog = Expect is null ? null : ConsoleDialog.With(guest);
            dialog?.Update();
            int from = dialog?.UnreadLength ?? 0;       // what was there before is no answer
            string typed = NoNewline ? line : line + "\n";
            Type(guest, typed);
            if (dialog is not null && !Await(guest, dialog, from, typed)) return;
        }
    }

    /// <summary>Types a text whole; if the guest has much to read already, as it takes it.</summary>
    private void Type(Guest guest, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (guest.TrySendConsole(bytes)) return;
        long start = Stopwatch.GetTimestamp();
        for (int typed = 0; typed < bytes.Length && !StopToken.IsCancellationRequested;)
        {
            bool isDriven = guest.Driver is not null;
            using CancellationTokenSource slice = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
            slice.CancelAfter(LookAgain);
            int more = guest.SendConsole(bytes.AsSpan(typed), slice.Token);
            typed += more;
            if (typed == bytes.Length || (more > 0 && isDriven)) continue;
            if (!isDriven || Stopwatch.GetElapsedTime(start) > Patience) throw Errors.ConsoleFull(guest, typed, bytes.Length);
        }
    }

    /// <summary>Waits for the expected text, driving the guest if nothing else does, and writes all up to its end.</summary>
    /// <returns>Whether it came.</returns>
    private bool Await(Guest guest, ConsoleDialog dialog, int from, string typed)
    {
        long begun = Stopwatch.GetTimestamp();
        RunProgress progress = new(this, guest);
        while (true)
        {
            bool isDriven = guest.Driver is not null, hasEnded = guest.HasEnded;
            dialog.Update();
            if (dialog.Find(Expect, from) is { } found)
            {
                progress.Hide();
                string text = dialog.Take(found.End);
                int start = Math.Min(from, found.Start);       // of a very long answer, the beginning was dropped
                if (AnswerOnly) WriteObject(ConsoleAnswer.Lines(text[start..], found.Start - start, typed), enumerateCollection: true);
                else WriteObject(text);
                return true;
            }
            if (StopToken.IsCancellationRequested)
            {
                progress.Hide();
                return false;
            }
            TimeSpan left = Patience!.Value - Stopwatch.GetElapsedTime(begun);
            string? hopeless = hasEnded ? $"it has ended ({guest.StateReason})"
                : left <= TimeSpan.Zero ? $"{Patience.Value.TotalSeconds:0.###} s have passed"
                : !isDriven && !Drive(guest, dialog, from, left, progress) && guest.Standstill != Standstill.TimeLimit && !guest.HasEnded ? $"it stands still ({guest.StateReason})"
                : null;
            if (hopeless is not null)
            {
                progress.Hide();
                WriteError(Errors.NotSeen(guest, Expect, hopeless, dialog.Tail(ConsoleDialog.LongestTail)));
                return false;
            }
            if (!isDriven) continue;
            dialog.Wait(left < LookAgain ? left : LookAgain, StopToken);
            progress.Pulse();
        }
    }

    /// <summary>Runs the guest until it has written the expected text, or stands still.</summary>
    /// <returns>Whether it has.</returns>
    private bool Drive(Guest guest, ConsoleDialog dialog, int from, TimeSpan longest, RunProgress progress)
    {
        RunOptions options = new() { Driver = Driver, Filter = ConsoleOutput, TimeLimit = longest, Pulse = progress.Pulse, Warning = Warn(guest) };
        using IDisposable actions = HitScript.WriteTo(written => Write(written, progress));
        foreach (LguestEvent happened in guest.Run(options, StopToken))
        {
            if (!happened.WritesToConsole) continue;
            dialog.Update();
            if (dialog.Find(Expect, from) is not null) return true;
        }
        return false;
    }
}
