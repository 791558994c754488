using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Says, once, when a guest that was taken back goes on past the place from which it was.</summary>
internal sealed class PresentWatch : IDisposable
{
    private readonly PSCmdlet cmdlet;
    private readonly Guest guest;
    private readonly RunPosition? present;
    private bool isSaid;

    public PresentWatch(PSCmdlet cmdlet, Guest guest)
    {
        this.cmdlet = cmdlet;
        this.guest = guest;
        if (guest.IsInPast) present = guest.Timeline.Now;
    }

    /// <summary>Called wherever the guest stands still on the way.</summary>
    public void Look()
    {
        if (isSaid || present is not { } was || guest.RunPosition <= was) return;
        isSaid = true;
        cmdlet.WriteVerbose($"Guest '{guest.Name}' goes on past its present ({was}): what it does from here on has not happened before.");
    }

    public void Dispose()
    {
        try
        {
            Look();
        }
        catch (PipelineStoppedException)
        {
        }
    }
}
