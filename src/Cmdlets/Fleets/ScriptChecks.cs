using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>Runs the checks of a matrix that are scripts, several at a time.</summary>
/// <remarks>A check's text is all there is of it: the machine that runs it knows nothing of the session it was written in.</remarks>
internal sealed class ScriptChecks : IDisposable
{
    // $_ is the guest; $Guest, $Console and $Events are seen because a script sees the variables of its caller.
    private const string Runner = """
        param($Script, $Guest, $Console, $Events, $Pester)
        $ErrorActionPreference = 'Stop'
        if ($Pester -and -not (Get-Module Pester)) { Import-Module $Pester }
        $Guest | ForEach-Object -Process ([scriptblock]::Create($Script))
        """;

    private readonly RunspacePool pool;
    private readonly CancellationToken stop;

    /// <param name="most">How many run at a time.</param>
    /// <param name="stop">Stops them.</param>
    public ScriptChecks(int most, CancellationToken stop)
    {
        this.stop = stop;
        InitialSessionState state = InitialSessionState.CreateDefault();
        state.ImportPSModule([ModuleManifest.Path]);
        pool = RunspaceFactory.CreateRunspacePool(state);
        pool.SetMaxRunspaces(most);
        pool.Open();
    }

    /// <summary>What is wrong with a script before it runs; null if nothing is.</summary>
    public static string? Problem(string script)
    {
        ScriptBlockAst parsed = Parser.ParseInput(script, out _, out ParseError[] errors);
        if (errors is [var first, ..]) return $"it is not a script: {first.Message}";
        if (parsed.FindAll(part => part is UsingExpressionAst, searchNestedScriptBlocks: true).FirstOrDefault() is { } used)
            return $"it has {used.Extent.Text}, and where it runs there is nothing of this session; write the value into it";
        return null;
    }

    /// <summary>The script in a text that is nothing but a script block: else it would be a value, and that is always true.</summary>
    public static string Unwrapped(string script)
    {
        ScriptBlockAst parsed = Parser.ParseInput(script, out _, out ParseError[] errors);
        return errors.Length == 0 && parsed.EndBlock?.Statements is [PipelineAst { PipelineElements: [CommandExpressionAst { Expression: ScriptBlockExpressionAst inner }] }] && parsed.ParamBlock is null
            ? Unwrapped(inner.Extent.Text[1..^1])
            : script.Trim();
    }

    /// <summary>Runs a check's script; it holds if the last thing it writes is true, or if it is made of Pester's Should and throws nothing.</summary>
    public CheckResult Run(MatrixCheck check, CellEvidence evidence)
    {
        using PowerShell shell = PowerShell.Create();
        shell.RunspacePool = pool;
        shell.AddScript(Runner).AddParameter("Script", Unwrapped(check.Script!)).AddParameter("Guest", evidence.Guest).AddParameter("Console", evidence.Console).AddParameter("Events", evidence.Events).AddParameter("Pester", Asserts(check.Script!) ? LoadedPester() : null);
        using CancellationTokenRegistration registration = stop.Register(() => shell.BeginStop(null, null));
        try
        {
            Collection<PSObject> written = shell.Invoke();
            if (written.Count == 0 && Asserts(check.Script!)) return new CheckResult(check.Name, CheckOutcome.Passed);
            return written.Count > 0 && LanguagePrimitives.IsTrue(written[^1])
                ? new CheckResult(check.Name, CheckOutcome.Passed)
                : new CheckResult(check.Name, CheckOutcome.Failed, written.Count == 0 ? $"{{ {check.Script} }} wrote nothing" : $"{{ {check.Script} }} is {Shown(written[^1])}");
        }
        catch (RuntimeException e)
        {
            stop.ThrowIfCancellationRequested();
            return new CheckResult(check.Name, CheckOutcome.Failed, e.ErrorRecord?.ToString() ?? e.Message);
        }
    }

    public void Dispose() => pool.Dispose();

    private static bool Asserts(string script) =>
        Parser.ParseInput(script, out _, out _).Find(part => part is CommandAst command && IsAssertion(command.GetCommandName()), searchNestedScriptBlocks: true) is not null;

    // Should, and from Pester 6 on Should-Be and its like.
    private static bool IsAssertion(string? command) =>
        command is not null && (command.Equals("Should", StringComparison.OrdinalIgnoreCase) || command.StartsWith("Should-", StringComparison.OrdinalIgnoreCase));

    /// <summary>The manifest of the Pester that this process has loaded; null if it has none, and PowerShell finds the newest.</summary>
    /// <remarks>A process cannot load two versions of it, and a matrix may well run inside a test.</remarks>
    private static string? LoadedPester()
    {
        string? assembly = AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(loaded => loaded.GetName().Name == "Pester")?.Location;
        for (DirectoryInfo? folder = string.IsNullOrEmpty(assembly) ? null : Directory.GetParent(assembly); folder is not null; folder = folder.Parent)
        {
            string manifest = Path.Combine(folder.FullName, "Pester.psd1");
            if (File.Exists(manifest)) return manifest;
        }
        return null;
    }

    private static string Shown(PSObject? value) => value is null ? "null" : $"{value}" is { Length: > 0 } text ? text : "an empty text";
}
