using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>Where the guests of a matrix run when they run on this machine.</summary>
public enum GuestIsolation
{
    /// <summary>In this process.</summary>
    Thread,

    /// <summary>Each in a process of its own.</summary>
    Process,
}

/// <summary>Runs the guests of a matrix here or on other machines, and writes a result for each as it comes.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "LguestMatrix", DefaultParameterSetName = FromMatrix, SupportsShouldProcess = true)]
[OutputType(typeof(MatrixResult), typeof(string))]
public sealed class InvokeLguestMatrixCommand : MatrixCommand
{
    private static readonly string[] ConnectionKeys = ["HostName", "Port", "UserName", "KeyFilePath", "Subsystem", "ConnectingTimeout", "Options"];

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);

    [Parameter(ParameterSetName = FromMatrix, Mandatory = true, ValueFromPipeline = true)]
    public GuestMatrix Matrix { get; set; } = null!;

    [Parameter]
    [ValidateRange(0, GuestMatrix.MostCells - 1)]
    public int[]? Index { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public PSSession[] Session { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string UserName { get; set; } = "";

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string KeyFilePath { get; set; } = "";

    [Parameter]
    [ValidateRange(1, ushort.MaxValue)]
    public int Port { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Subsystem { get; set; } = "";

    [Parameter]
    [ValidateNotNull]
    public Hashtable SSHOption { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public Hashtable[] SSHConnection { get; set; } = [];

    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int ConnectingTimeout { get; set; } = 30_000;

    [Parameter]
    public SwitchParameter IncludeModule { get; set; }

    [Parameter]
    [SizeArgument]
    [ValidateRange(0, long.MaxValue)]
    public long CacheLimit { get; set; } = Fleets.FileCache.UsualLimit;

    [Parameter]
    public GuestIsolation Isolation { get; set; }

    [Parameter]
    [ValidateRange(1, 4096)]
    public int ThrottleLimit { get; set; }

    [Parameter]
    [ValidateRange(0, 1000)]
    public int RetryCount { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string OutputPath { get; set; } = "";

    [Parameter]
    public SwitchParameter AsJson { get; set; }

    private protected override GuestMatrix Taken => Matrix;

    private protected override void Process(GuestMatrix matrix)
    {
        FleetFiles files = new();
        IReadOnlyList<MatrixCell> cells;
        IReadOnlyList<FleetMachine> machines;
        try
        {
            cells = Index is null ? matrix.Cells : [.. Index.Distinct().Select(matrix.Cell)];
            machines = Machines(files, cells.Count);
        }
        catch (LguestException e)
        {
            WriteError(e, matrix);
            return;
        }
        cells = Wanted(cells, machines);
        if (cells.Count == 0) return;
        FleetOptions options = new(
            ThrottleLimit,
            FullPath(Given(nameof(OutputPath)) ? OutputPath : $"{matrix.Name}-results"),
            CacheLimit,
            ModuleManifest.Path,
            IncludeModule);
        FleetProgress progress = new(this, matrix.Name);
        using FleetRun run = new(matrix, cells, options, RetryCount, StopToken);
        run.Begin(machines);
        try
        {
            while (run.TryTake(Beat, out FleetNews? news))
            {
                if (news is not null) Tell(news);
                progress.Show(run);
            }
        }
        finally
        {
            progress.Hide();
        }
    }

    private void Tell(FleetNews news)
    {
        switch (news)
        {
            case FleetNews.Result result:
                WriteObject(AsJson ? result.Value.ToJson() : result.Value);
                break;
            case FleetNews.Unavailable unavailable:
                WriteError(Errors.MachineUnavailable(unavailable.Machine.Name, unavailable.Why));
                break;
            case FleetNews.MissingFile missing:
                WriteError(missing.Why, missing.Why.Path);
                break;
            case FleetNews.Warning warning:
                WriteWarning(warning.Text);
                break;
            case FleetNews.Verbose verbose:
                WriteVerbose(verbose.Text);
                break;
        }
    }

    /// <summary>The cells that -WhatIf and -Confirm let run.</summary>
    private IReadOnlyList<MatrixCell> Wanted(IReadOnlyList<MatrixCell> cells, IReadOnlyList<FleetMachine> machines)
    {
        if (!MustExplain) return cells;
        string where = machines is [LocalMachine or ProcessMachine, ..] ? Environment.MachineName : string.Join(", ", machines.Select(machine => machine.Name));
        return [.. cells.Where(cell => ShouldProcess($"{cell} (on {where})", "Run guest"))];
    }

    private IReadOnlyList<FleetMachine> Machines(FleetFiles files, int cells)
    {
        List<FleetMachine> machines = [.. Session.Select(session => new SessionMachine(session, files))];
        foreach (string host in HostName)
        {
            Dictionary<string, object> connection = new() { ["HostName"] = host, ["Options"] = Options(SSHOption), ["ConnectingTimeout"] = ConnectingTimeout };
            if (Given(nameof(UserName))) connection["UserName"] = UserName;
            if (Given(nameof(KeyFilePath))) connection["KeyFilePath"] = FullPath(KeyFilePath);
            if (Given(nameof(Port))) connection["Port"] = Port;
            if (Given(nameof(Subsystem))) connection["Subsystem"] = Subsystem;
            machines.Add(new SshMachine(Given(nameof(Port)) ? $"{host}:{Port}" : host, connection, files));
        }
        machines.AddRange(SSHConnection.Select(connection => Machine(connection, files)));
        if (machines.Count > 0) return machines;
        if (Isolation == GuestIsolation.Thread) return [new LocalMachine()];
        return [.. Enumerable.Range(1, Math.Min(cells, Given(nameof(ThrottleLimit)) ? ThrottleLimit : Environment.ProcessorCount)).Select(number => new ProcessMachine(number, files))];
    }

    private SshMachine Machine(Hashtable connection, FleetFiles files)
    {
        Dictionary<string, object> parameters = new(StringComparer.OrdinalIgnoreCase) { ["Options"] = Options([]), ["ConnectingTimeout"] = ConnectingTimeout };
        foreach (DictionaryEntry entry in connection)
        {
            string key = $"{entry.Key}".ToUpperInvariant() switch { "COMPUTERNAME" => "HostName", "IDENTITYFILEPATH" => "KeyFilePath", _ => $"{entry.Key}" };
            if (!ConnectionKeys.Contains(key, StringComparer.OrdinalIgnoreCase)) throw new LguestException(LguestError.InvalidValue, $"a table of -SSHConnection has no '{key}'{DefinitionText.Instead(key, ConnectionKeys)}");
            object value = entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value ?? "";
            parameters[key] = value is Hashtable options ? Options(options) : value;
        }
        if (!parameters.TryGetValue("HostName", out object? host)) throw new LguestException(LguestError.InvalidValue, "a table of -SSHConnection needs 'HostName'");
        return new SshMachine(parameters.TryGetValue("Port", out object? port) ? $"{host}:{port}" : $"{host}", parameters, files);
    }

    /// <summary>What ssh is told unless the user says otherwise: to ask nobody anything, and to notice when the other side is gone.</summary>
    private static Hashtable Options(Hashtable given)
    {
        Hashtable all = new(StringComparer.OrdinalIgnoreCase) { ["BatchMode"] = "yes", ["ServerAliveInterval"] = "10", ["ServerAliveCountMax"] = "3" };
        foreach (DictionaryEntry option in given) all[option.Key] = option.Value;
        return all;
    }
}
