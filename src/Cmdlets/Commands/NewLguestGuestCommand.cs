using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes a guest from a definition, ready to run its first instruction.</summary>
[Cmdlet(VerbsCommon.New, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class NewLguestGuestCommand : LguestCommand, IDefinitionParameters
{
    private const string FromPath = "Path";
    private const string FromDefinition = "Definition";
    private const string FromKernel = "Kernel";
    private const string FromRecording = "Replay";
    private const string FromFind = "Find";

    private static readonly string[] OfDefinitions = [.. DefinitionParameters.Names, nameof(Name), nameof(SymbolPath), nameof(Device), nameof(Record), nameof(NoReboot), nameof(TimeLimit)];

    [Parameter(ParameterSetName = FromPath, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LiteralPath")]
    [SupportsWildcards]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    [Parameter(ParameterSetName = FromPath)]
    [ArgumentCompleter(typeof(FileGuestCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Select { get; set; }

    [Parameter(ParameterSetName = FromDefinition, Mandatory = true, ValueFromPipeline = true)]
    public GuestDefinition Definition { get; set; } = null!;

    [Parameter(ParameterSetName = FromKernel, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Kernel { get; set; } = "";

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromRecording, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromFind)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Initrd { get; set; } = "";

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromRecording, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string SymbolPath { get; set; } = "";

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [SizeArgument]
    [ValidateRange(GuestDefinition.MinimumMemory, GuestDefinition.MaximumMemory)]
    public long Memory { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string CommandLine { get; set; } = "";

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(AbiChoiceCompleter))]
    public string Abi { get; set; } = "";

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public CpuChoice Cpu { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public ClockKind Clock { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public TscChoice Tsc { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public DirectTrapChoice DirectTraps { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public CompileChoice Compile { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public long SampleEvery { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DeviceKindCompleter))]
    [AllowEmptyCollection]
    public DeviceArgument[] Device { get; set; } = [];

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public SwitchParameter Record { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public SwitchParameter NoReboot { get; set; }

    [Parameter(ParameterSetName = FromRecording, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Replay { get; set; } = "";

    [Parameter(ParameterSetName = FromFind, Mandatory = true, ValueFromPipeline = true)]
    public FuzzFind Find { get; set; } = null!;

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    [TimeArgument]
    public TimeSpan TimeLimit { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public long InstructionLimit { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public int SocketLimit { get; set; }

    [Parameter(ParameterSetName = FromPath, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = FromDefinition)]
    [Parameter(ParameterSetName = FromKernel, ValueFromPipelineByPropertyName = true)]
    public long RebootLimit { get; set; }

    /// <summary>What is piped, for what PowerShell does not tell apart: the name of a file is no name of a guest.</summary>
    [Parameter(ValueFromPipeline = true, DontShow = true)]
    public PSObject? PipedObject { get; set; }

    private bool IsNameGiven => Given(nameof(Name)) && (isNameWritten || PipedObject?.BaseObject is not FileSystemInfo);

    private bool isNameWritten;

    protected override void BeginProcessing() => isNameWritten = Given(nameof(Name));

    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case FromPath:
                foreach (string path in Path)
                {
                    IReadOnlyList<string> files = FindFiles(path);
                    if (files.Count == 0) WriteError(Errors.DefinitionNotFound(path));
                    foreach (string file in files) MakeAll(file);
                }
                break;
            case FromRecording:
                try
                {
                    if (MakeReplay(FullPath(Replay), recorded => IsNameGiven ? Name : recorded, Given(nameof(SymbolPath)) ? ExistingSymbols(SymbolPath) : null) is { } guest) WriteObject(guest);
                }
                catch (LguestException e)
                {
                    WriteError(e, Replay);
                }
                break;
            case FromFind:
                MakeFound();
                break;
            case FromDefinition:
                Make(Definition, () => Definition);
                break;
            default:
                Make(Kernel, () => new GuestDefinition { Name = GuestDefinition.NameFrom(System.IO.Path.GetFileNameWithoutExtension(Kernel)), Kernel = FullPath(Kernel) });
                break;
        }
    }

    private void MakeFound()
    {
        string wanted = IsNameGiven ? Name : Find.Guest;
        try
        {
            if (ShouldProcess($"{GuestRegistry.FreeName(wanted)}, {Find}", "Do the run once more")) WriteObject(GuestRegistry.Add(wanted, name => Find.CreateGuest(name)));
        }
        catch (LguestException e)
        {
            WriteError(e, Find);
        }
    }

    private void MakeAll(string file)
    {
        try
        {
            IReadOnlyList<GuestDefinition> definitions = ReadDefinitions(file, Select);
            if (IsNameGiven && definitions.Count > 1) throw Errors.OneNameForMany(file, [.. definitions.Select(guest => guest.Name)]);
            foreach (GuestDefinition definition in definitions) Make(file, () => definition);
        }
        catch (LguestException e)
        {
            WriteError(e, file);
        }
    }

    private void Make(object target, Func<GuestDefinition> define)
    {
        try
        {
            GuestDefinition definition = WithParameters(define());
            definition = definition with { Name = GuestRegistry.FreeName(definition.Name) };
            if (ShouldLoad(definition)) WriteObject(CreateGuest(definition));
        }
        catch (LguestException e)
        {
            WriteError(e, target);
        }
    }

    /// <summary>What was given as a parameter goes before what the definition says.</summary>
    private GuestDefinition WithParameters(GuestDefinition definition)
    {
        GuestDefinition changed = DefinitionParameters.Apply(this, definition, Given, FullPath);
        changed = changed with
        {
            Name = IsNameGiven ? Name : changed.Name,
            Symbols = Given(nameof(SymbolPath)) ? FullPath(SymbolPath) : changed.Symbols,
            Devices = Given(nameof(Device)) ? [.. Device.Select(device => device.ToDefinition(FullPath))] : changed.Devices,
            Record = Given(nameof(Record)) ? Record : changed.Record,
            Reboot = Given(nameof(NoReboot)) ? !NoReboot : changed.Reboot,
            Limits = Given(nameof(TimeLimit)) ? changed.Limits with { Time = TimeLimit } : changed.Limits,
        };
        DefinitionParameters.Check(changed, [.. OfDefinitions.Where(Given)]);
        return changed;
    }
}
