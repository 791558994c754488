using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that drives guests: from a definition it makes the guest first.</summary>
public abstract class RunningCommand : GuestCommand
{
    /// <summary>How much host time each guest gets before it is paused.</summary>
    [Parameter]
    [Alias("TimeoutSeconds")]
    [TimeArgument]
    public TimeSpan? TimeLimit { get; set; }

    /// <summary>The name by which another driver's error calls this one.</summary>
    private protected string Driver => MyInvocation.MyCommand.Name;

    private protected override void ProcessFile(string path)
    {
        try
        {
            foreach (Func<Guest?> make in Plan(path)) Launch(path, make);
        }
        catch (LguestException e)
        {
            WriteError(e, path);
        }
    }

    /// <summary>How the guests of a file are made, a definition unless said otherwise; what makes one returns null if -WhatIf or -Confirm would not have it.</summary>
    private protected virtual IReadOnlyList<Func<Guest?>> Plan(string path) => [];

    /// <summary>For a guest that was made just now, from a definition.</summary>
    private protected virtual void ProcessNew(Guest guest) => Attempt(guest);

    private void Launch(string path, Func<Guest?> make)
    {
        try
        {
            if (make() is { } guest) ProcessNew(guest);
        }
        catch (LguestException e)
        {
            WriteError(e, path);
        }
    }

    /// <summary>Pulls events and writes them; what actions of breakpoints write goes the same way.</summary>
    private protected void Write(IEnumerable<LguestEvent> events, RunProgress progress)
    {
        using PresentWatch present = new(this, progress.Guest);
        using IDisposable actions = HitScript.WriteTo(written => Write(written, progress));
        try
        {
            foreach (LguestEvent happened in events)
            {
                progress.Hide();
                present.Look();
                WriteObject(happened);
            }
        }
        finally
        {
            progress.Hide();
        }
    }

    /// <summary>Writes one object where a progress bar may stand.</summary>
    private protected void Write(object written, RunProgress progress)
    {
        progress.Hide();
        WriteObject(written);
    }

    /// <summary>Shows a line at the prompt, as Write-Host does, where it is not in the way.</summary>
    private protected void Show(string line) => WriteInformation(new HostInformationMessage { Message = line }, ["PSHOST"]);

    /// <summary>An error if a guest has not ended in one of the ways that are wanted.</summary>
    private protected void CheckEnding(Guest guest, EndingKind[]? wanted)
    {
        if (wanted is null || (guest.Ending is { } ending && wanted.Contains(ending.Kind))) return;
        WriteError(Errors.UnexpectedEnding(guest, wanted, ConsoleDialog.TailOf(guest)));
    }

    /// <summary>Says why a guest stands still where the user did not ask for it.</summary>
    private protected void SayWhereItStands(Guest guest)
    {
        if (guest.BreakpointHit is { } hit) Show($"{guest.Name}: {hit}");
        string? why = guest.Standstill switch
        {
            Standstill.WaitingForInput when guest.Definition.Devices.OfType<NetDefinition>().Any() => "waits for its network or for input; let its neighbours run, or type into it with Send-LguestConsole, and run it again",
            Standstill.WaitingForInput => "waits for input; type into it with Send-LguestConsole and start it again",
            Standstill.TimeLimit => "has reached its time limit; start it again to go on",
            Standstill.EndOfRecording => "has done all that was recorded; start it again to go on from here",
            Standstill.InstructionLimit => "has reached its instruction limit",
            _ => null,
        };
        if (why is not null) WriteWarning($"Guest '{guest.Name}' {why}.");
    }
}
