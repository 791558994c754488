using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that drives guests: from a definition it makes the guest first.</summary>
public abstract class RunningCommand : GuestCommand
{
    /// <summary>Pause each guest after this many seconds of host time.</summary>
    [Parameter]
    [ValidateRange(0.001, 1e9)]
    public double TimeoutSeconds { get; set; }

    private protected override bool TakesPaths => true;

    /// <summary>The name by which another driver's error calls this one.</summary>
    private protected string Driver => MyInvocation.MyCommand.Name;

    private protected TimeSpan? TimeLimit => TimeoutSeconds > 0 ? TimeSpan.FromSeconds(TimeoutSeconds) : null;

    private protected override void ProcessFile(string path)
    {
        try
        {
            if (Make(path) is { } guest) ProcessNew(guest);
        }
        catch (LguestException e)
        {
            WriteError(e, path);
        }
    }

    /// <summary>Makes the guest of a file, a definition unless said otherwise; null if -WhatIf or -Confirm would not have it.</summary>
    private protected virtual Guest? Make(string path)
    {
        GuestDefinition definition = ReadDefinition(path);
        return ShouldLoad(definition with { Name = GuestRegistry.FreeName(definition.Name) }) ? CreateGuest(definition) : null;
    }

    /// <summary>For a guest that was made just now, from a definition.</summary>
    private protected virtual void ProcessNew(Guest guest) => Attempt(guest);

    /// <summary>The same events, with what goes wrong on the host's side meanwhile as warnings.</summary>
    private protected IEnumerable<LguestEvent> WithWarnings(Guest guest, IEnumerable<LguestEvent> run)
    {
        Action<string>? before = guest.Warning;
        guest.Warning = Warn(guest);
        try
        {
            foreach (LguestEvent happened in run) yield return happened;
        }
        finally
        {
            guest.Warning = before;
        }
    }

    /// <summary>Pulls events and writes them; what actions of breakpoints write goes the same way.</summary>
    private protected void Write(IEnumerable<LguestEvent> events, RunProgress progress)
    {
        Action<PSObject>? outer = HitScript.Output;
        HitScript.Output = written =>
        {
            progress.Hide();
            WriteObject(written);
        };
        try
        {
            foreach (LguestEvent happened in events)
            {
                progress.Hide();
                WriteObject(happened);
            }
        }
        finally
        {
            HitScript.Output = outer;
            progress.Hide();
        }
    }

    /// <summary>Shows a line at the prompt, as Write-Host does, where it is in nobody's way.</summary>
    private protected void Show(string line) => WriteInformation(new HostInformationMessage { Message = line }, ["PSHOST"]);

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
