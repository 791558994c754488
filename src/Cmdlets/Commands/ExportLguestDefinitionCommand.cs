using System.Management.Automation;
using LguestPS.Definitions;

namespace LguestPS.Cmdlets;

/// <summary>Writes the definitions of guests as a file that makes the same guests again.</summary>
[Cmdlet(VerbsData.Export, "LguestDefinition", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class ExportLguestDefinitionCommand : GuestCommand
{
    private readonly List<GuestDefinition> definitions = [];

    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [new(nameof(Path), () => Path, written => Path = LanguagePrimitives.ConvertTo<string>(written))];

    private protected override void Process(Guest guest)
    {
        if (guest.IsScripted()) throw Errors.NoDefinition(guest);
        definitions.Add(guest.Definition);
    }

    protected override void EndProcessing()
    {
        if (definitions.Count == 0) return;
        string? file = Path.Length > 0 ? FullPath(Path) : null;
        try
        {
            if (file is not null) OutputFile.Check(file, "definition", Force, NoClobber);
            string text = GuestDefinitionWriter.Write(definitions, file is null ? null : System.IO.Path.GetDirectoryName(file));
            if (file is null) WriteObject(text);
            else if (ShouldProcess(file, $"Write the definition of {(definitions is [var only] ? $"guest '{only.Name}'" : $"{definitions.Count} guests")}")) OutputFile.Write(file, "definition", text);
        }
        catch (LguestException e)
        {
            WriteError(e, file);
        }
    }
}
