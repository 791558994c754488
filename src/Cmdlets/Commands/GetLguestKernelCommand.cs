using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Says of kernels' files what they are, whether they run and what they need, without running them.</summary>
[Cmdlet(VerbsCommon.Get, "LguestKernel")]
[OutputType(typeof(KernelReport))]
public sealed class GetLguestKernelCommand : LguestCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LiteralPath", "FullName")]
    [SupportsWildcards]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    protected override void ProcessRecord()
    {
        foreach (string path in Path)
        {
            IReadOnlyList<string> files = FindFiles(path);
            // A pattern that fits nothing is a mistake; a folder or a missing file has an error of its own.
            if (files.Count == 0 && WildcardPattern.ContainsWildcardCharacters(path)) WriteError(Errors.KernelNotFound(path));
            else if (files.Count == 0) Describe(FullPath(path));
            foreach (string file in files)
            {
                if (StopToken.IsCancellationRequested) return;
                Describe(file);
            }
        }
    }

    private void Describe(string file)
    {
        try
        {
            WriteObject(KernelReport.Read(file));
        }
        catch (LguestException e)
        {
            WriteError(e, file);
        }
    }
}
