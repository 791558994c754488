using System.Collections.ObjectModel;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A script block about a guest, with <c>$_</c>, in its own scope. What a guest has not got just now, such as a next call, is $null, and so are its properties, under any strict mode.</summary>
/// <remarks>Strict mode 2 and later make <c>$_.NextCall.Name</c> an error while there is no next call. The block then runs under version 1, which still finds variables that nothing was assigned to.</remarks>
internal sealed class TolerantScript(ScriptBlock script)
{
    private const string IsStrict = "try { $null = $null.Property; $false } catch { $true }";
    private const string Leniently = "param([scriptblock] $lguestScript) Set-StrictMode -Version 1; . $lguestScript";

    private ScriptBlock? lenient;
    private bool isKnown;

    public Collection<PSObject> Run(object it)
    {
        if (!isKnown)
        {
            isKnown = true;
            if (LanguagePrimitives.IsTrue(Beside(IsStrict).InvokeWithContext(null, []))) lenient = Beside(Leniently);
        }
        return lenient is null ? script.InvokeWithContext(null, [new PSVariable("_", it)]) : lenient.InvokeWithContext(null, [new PSVariable("_", it)], script);
    }

    /// <summary>Another script block in the same module, whose scopes have the same strict mode.</summary>
    private ScriptBlock Beside(string text) => script.Module is { } module ? module.NewBoundScriptBlock(ScriptBlock.Create(text)) : ScriptBlock.Create(text);
}
