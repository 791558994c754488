using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>A script block of a breakpoint: runs on the thread that drives the guest, in that thread's runspace.</summary>
/// <remarks>In the runspace it was written in it sees the session's variables; in a job, whose runspace is another, only <c>$_</c> and what it makes itself.</remarks>
internal sealed class HitScript(ScriptBlock script)
{
    private readonly Runspace? home = Runspace.DefaultRunspace;
    private ScriptBlock? elsewhere;

    /// <summary>Takes what actions write, on this thread; null to drop it.</summary>
    [field: ThreadStatic]
    public static Action<PSObject>? Output { get; set; }

    public bool Asks(BreakpointHit hit) => LanguagePrimitives.IsTrue(Run(hit));

    public void Does(BreakpointHit hit)
    {
        foreach (PSObject written in Run(hit)) Output?.Invoke(written);
    }

    public override string ToString() => $"{script}";

    private Collection<PSObject> Run(BreakpointHit hit)
    {
        JobRunspace.Need();
        ScriptBlock here = Runspace.DefaultRunspace == home ? script : elsewhere ??= ScriptBlock.Create(script.ToString());
        return here.InvokeWithContext(null, [new PSVariable("_", hit)]);
    }
}
