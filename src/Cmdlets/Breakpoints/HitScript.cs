using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>A script block of a breakpoint: runs on the thread that drives the guest, in that thread's runspace.</summary>
/// <remarks>In the runspace it was written in it sees the session's variables; in a job, whose runspace is another, only <c>$_</c> and what it makes itself.</remarks>
internal sealed class HitScript(ScriptBlock script)
{
    private readonly Runspace? home = Runspace.DefaultRunspace;
    private readonly TolerantScript here = new(script);
    private TolerantScript? elsewhere;

    /// <summary>Takes what actions write, on this thread.</summary>
    [field: ThreadStatic]
    private static Action<PSObject>? Output { get; set; }

    /// <summary>Lets a driver have what actions write while it drives, on this thread, until the result is disposed. Every driver calls this.</summary>
    public static IDisposable WriteTo(Action<PSObject> output)
    {
        Scope scope = new(Output);
        Output = output;
        return scope;
    }

    public bool Asks(BreakpointHit hit) => LanguagePrimitives.IsTrue(Run(hit));

    public void Does(BreakpointHit hit)
    {
        foreach (PSObject written in Run(hit)) Output?.Invoke(written);
    }

    public override string ToString() => $"{script}";

    private Collection<PSObject> Run(BreakpointHit hit)
    {
        JobRunspace.Need();
        TolerantScript run = Runspace.DefaultRunspace == home ? here : elsewhere ??= new TolerantScript(ScriptBlock.Create(script.ToString()));
        return run.Run(hit);
    }

    private sealed class Scope(Action<PSObject>? outer) : IDisposable
    {
        public void Dispose() => Output = outer;
    }
}
