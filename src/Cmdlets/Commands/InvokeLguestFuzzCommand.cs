using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>Runs a guest from a checkpoint again and again, each time a little different, and writes what is new.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "LguestFuzz", DefaultParameterSetName = OfCheckpoint)]
[OutputType(typeof(FuzzFind))]
public sealed class InvokeLguestFuzzCommand : LguestCommand
{
    private const string OfCheckpoint = "Checkpoint";
    private const string OfFile = "File";

    [Parameter(ParameterSetName = OfCheckpoint, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    public Checkpoint Checkpoint { get; set; } = null!;

    [Parameter(ParameterSetName = OfFile, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter]
    public ScriptBlock? Mutate { get; set; }

    [Parameter]
    public SwitchParameter Console { get; set; }

    [Parameter]
    [ValidateRange(1, 1 << 16)]
    public int MostBytes { get; set; } = 256;

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Text { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Dictionary { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Memory { get; set; } = [];

    [Parameter]
    [ValidateRange(1, 1 << 20)]
    public int Length { get; set; }

    [Parameter]
    [ValidateSet("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags")]
    public string[] Register { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Device { get; set; } = [];

    [Parameter]
    public ScriptBlock? Until { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] UntilAddress { get; set; } = [];

    [Parameter]
    [ArgumentCompleter(typeof(HypercallCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] UntilHypercall { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string UntilText { get; set; } = "";

    [Parameter]
    public SwitchParameter UntilIdle { get; set; }

    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long InstructionLimit { get; set; } = 1_000_000;

    [Parameter]
    [TimeArgument]
    public TimeSpan GuestTimeLimit { get; set; }

    [Parameter]
    public int Seed { get; set; }

    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long Count { get; set; }

    [Parameter]
    [TimeArgument]
    public TimeSpan TimeLimit { get; set; }

    [Parameter]
    [ValidateRange(1, 256)]
    public int ThrottleLimit { get; set; } = 1;

    [Parameter]
    public FuzzFindKind[] Kind { get; set; } = [FuzzFindKind.Edges, FuzzFindKind.Slow, FuzzFindKind.Fault, FuzzFindKind.Ending];

    [Parameter]
    public SwitchParameter Minimize { get; set; }

    [Parameter]
    public SwitchParameter NoCoverage { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string CorpusPath { get; set; } = "";

    protected override void ProcessRecord()
    {
        FuzzBar bar = new(this);
        object target = ParameterSetName == OfFile ? Path : Checkpoint;
        try
        {
            Checkpoint checkpoint = ParameterSetName == OfFile ? LguestPS.Checkpoint.Load(FullPath(Path)) : Checkpoint;
            foreach (FuzzFind find in new Fuzzer(Options(checkpoint, bar)).Run(StopToken))
            {
                if (!Kind.Contains(find.Kind)) continue;
                bar.Hide();
                WriteObject(find);
            }
        }
        catch (LguestException e)
        {
            WriteError(e, target);
        }
        catch (OperationCanceledException) when (StopToken.IsCancellationRequested)
        {
            // Ctrl-C
        }
        finally
        {
            bar.Hide();
        }
    }

    private FuzzOptions Options(Checkpoint checkpoint, FuzzBar bar)
    {
        FuzzScript? mutate = Mutate is null ? null : new FuzzScript(Mutate), until = Until is null ? null : new FuzzScript(Until);
        bool typesText = Console || Text.Length > 0;
        FuzzTarget[] targets =
        [
            .. typesText ? [FuzzTarget.Console(MostBytes)] : (FuzzTarget[])[],
            .. Memory.Select(address => FuzzTarget.Memory(address, Length == 0 ? null : Length)),
            .. Register.Distinct(StringComparer.OrdinalIgnoreCase).Select(FuzzTarget.Register),
            .. Device.Distinct(StringComparer.OrdinalIgnoreCase).Select(FuzzTarget.Frame),
        ];
        return new FuzzOptions
        {
            Checkpoint = checkpoint, Targets = targets, Dictionary = [.. Dictionary.Select(Encoding.UTF8.GetBytes)],
            Texts = [.. Text.Select(Encoding.UTF8.GetBytes)],
            Mutate = mutate is null ? null : mutate.Change, UntilCondition = until is null ? null : until.Asks,
            UntilAddresses = UntilAddress,
            Until = UntilHypercall.Length == 0 ? [] : [Calls(checkpoint)],
            UntilText = UntilText.Length == 0 ? null : UntilText, UntilIdle = UntilIdle,
            InstructionLimit = InstructionLimit, GuestTimeLimit = Given(nameof(GuestTimeLimit)) ? GuestTimeLimit : null,
            Seed = Seed, Count = Given(nameof(Count)) ? Count : null, TimeLimit = Given(nameof(TimeLimit)) ? TimeLimit : null, Threads = ThrottleLimit,
            Coverage = !NoCoverage, Minimize = Minimize, CorpusPath = CorpusPath.Length == 0 ? null : FullPath(CorpusPath), Pulse = bar.Pulse,
        };
    }

    private HypercallTarget Calls(Checkpoint checkpoint)
    {
        AbiProfile abi = AbiProfile.All.First(profile => profile.Name == checkpoint.Definition.Abi);
        return new HypercallTarget([.. UntilHypercall.SelectMany(name => FilterArguments.HypercallNumbers(abi, name)).Distinct()], string.Join(", ", UntilHypercall));
    }
}

/// <summary>A script block of a fuzzer: gets the guest as <c>$_</c>, and what is random as <c>$Random</c>.</summary>
internal sealed class FuzzScript(ScriptBlock script)
{
    private readonly TolerantScript tolerant = new(script);

    public bool Asks(Guest guest) => LanguagePrimitives.IsTrue(tolerant.Run(guest));

    public void Change(Guest guest, Random random) => script.InvokeWithContext(null, [new PSVariable("_", guest), new PSVariable("Random", random)]);
}

/// <summary>A progress bar for a fuzzer.</summary>
internal sealed class FuzzBar(Cmdlet cmdlet)
{
    private const int ActivityId = 0x1B;

    private bool shown;

    public void Hide()
    {
        if (!shown) return;
        shown = false;
        cmdlet.WriteProgress(new ProgressRecord(ActivityId, "Fuzzing", "done") { RecordType = ProgressRecordType.Completed });
    }

    /// <summary>Called now and then on the pipeline's thread.</summary>
    public void Pulse(FuzzProgress progress)
    {
        shown = true;
        cmdlet.WriteProgress(new ProgressRecord(ActivityId, "Fuzzing", $"{progress}"));
    }
}
