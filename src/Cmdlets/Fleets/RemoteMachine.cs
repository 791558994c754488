using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Runspaces;
using LguestPS.Fleets;

namespace LguestPS.Cmdlets;

/// <summary>A PowerShell somewhere else, which runs cells by this module.</summary>
internal abstract class RemoteMachine(string name, FleetFiles files) : FleetMachine(name)
{
    private const int PieceLength = 1 << 20;
    private const string Worker = "[LguestPS.Cmdlets.FleetWorker]";

    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, string> placed = [];     // the paths there, by the hashes of the files
    private string cacheFolder = "";
    private string? outputFolder;
    private Runspace? runspace;
    private bool isLost;

    /// <summary>Whether it sees this machine's files.</summary>
    protected virtual bool SharesFiles => false;

    /// <summary>What its results say where they come from; null for what it says itself.</summary>
    protected virtual string? HostName => Name;

    /// <summary>The manifest of the module there; null if the module is to be found by its name.</summary>
    protected virtual string? ModulePath(FleetOptions options) => null;

    /// <summary>Connects.</summary>
    /// <exception cref="MachineUnavailableException">It cannot be reached.</exception>
    protected abstract Runspace Connect(CancellationToken stop);

    /// <summary>Lets go of the connection.</summary>
    protected abstract void Disconnect(Runspace connected);

    public override void Open(GuestMatrix matrix, FleetOptions options, CancellationToken stop)
    {
        isLost = false;
        placed.Clear();
        runspace = Connect(stop);
        outputFolder = options.OutputFolder;
        try
        {
            string? path = options.IncludeModule ? ModuleSender.Send(this, options.ModulePath, stop) : ModulePath(options);
            ModuleProbe.Load(this, path, stop);
            FleetHello hello = FleetHello.Read(One<string>($"{Worker}::Begin($args[0], $args[1], $args[2])", stop, MatrixWire.Write(matrix), options.Slots, options.CacheLimit));
            cacheFolder = hello.CacheFolder;
            Slots = options.Slots > 0 ? options.Slots : hello.Processors;
            Say($"{Name}: process {hello.ProcessId} on {hello.HostName} {(Slots == 1 ? "runs one guest" : $"runs up to {Slots} guests")} at a time.");
        }
        catch (MachineLostException e)
        {
            throw new MachineUnavailableException(e.Message, "See whether PowerShell runs there and stays connected.", e);
        }
        catch (RemoteException e)
        {
            throw new MachineUnavailableException($"{Name}: {e.Message}", "See whether there is room, and permission to write, in the home and the temporary folder there.", e);
        }
    }

    public override void Prepare(MatrixCell cell, CancellationToken stop)
    {
        if (SharesFiles) return;
        (string Path, string Hash)[] needed = [.. CellFiles.Of(cell.Definition).Select(file => (file.Path, files.HashOf(file.Path))).Where(file => !placed.ContainsKey(file.Item2)).DistinctBy(file => file.Item2)];
        if (needed.Length == 0) return;
        try
        {
            string[] missing = [.. Call($"{Worker}::Missing($args[0])", stop, (object)needed.Select(file => file.Hash).ToArray()).Select(hash => (string)hash.BaseObject)];
            foreach ((string path, string hash) in needed)
            {
                if (missing.Contains(hash)) Send(path, hash, stop);
                placed.Add(hash, $"{cacheFolder}/{hash}");
            }
            if (missing.Length > 0) Say($"{Name}: {missing.Length} {(missing.Length == 1 ? "file was" : "files were")} sent; its cache has {One<string>($"{Worker}::CacheSize()", stop)}.");
        }
        catch (RemoteException e)
        {
            throw new MachineUnavailableException($"{Name}: its cache '{cacheFolder}' cannot take a file: {e.Message}", "Make room there, or set XDG_CACHE_HOME there to a folder with more.", e);
        }
    }

    public override IReadOnlyList<MatrixResult> Exchange(IReadOnlyList<CellTask> fresh, TimeSpan longest, CancellationToken stop)
    {
        IEnumerable<CellWire> cells = fresh.Select(task => CellWire.Of(task.Cell, task.Attempt, path => SharesFiles ? path : placed[files.HashOf(path)]));
        try
        {
            return [.. Call($"{Worker}::Exchange($args[0], $args[1])", stop, CellWire.Write(cells), (int)longest.TotalMilliseconds)
                .Select(line => Home(MatrixResult.FromJson((string)line.BaseObject), stop))];
        }
        catch (RemoteException e)
        {
            throw new MachineLostException($"{Name}: {e.Message}", e);
        }
    }

    public override void Dispose()
    {
        if (runspace is not { } connected) return;
        runspace = null;
        if (!isLost)
        {
            try
            {
                using CancellationTokenSource patience = new(LongestGoodbye);
                Call(connected, $"if ('LguestPS.Cmdlets.FleetWorker' -as [type]) {{ {Worker}::End() }}", patience.Token);
            }
            catch (Exception e) when (e is RuntimeException or MachineLostException or OperationCanceledException)
            {
                isLost = true;
            }
        }
        // What no longer answers may not let itself be closed either.
        Task closing = Task.Run(() => Disconnect(connected));
        closing.Wait(LongestGoodbye);
    }

    /// <summary>Runs a script there.</summary>
    /// <exception cref="RemoteException">It failed there.</exception>
    /// <exception cref="MachineLostException">There is nobody any more.</exception>
    internal Collection<PSObject> Call(string script, CancellationToken stop, params object?[] arguments) =>
        Call(runspace ?? throw new MachineLostException($"{Name} is not connected."), script, stop, arguments);

    private Collection<PSObject> Call(Runspace connected, string script, CancellationToken stop, params object?[] arguments)
    {
        stop.ThrowIfCancellationRequested();
        using PowerShell shell = PowerShell.Create();
        shell.Runspace = connected;
        shell.AddScript(script);
        foreach (object? argument in arguments) shell.AddArgument(argument);
        try
        {
            IAsyncResult begun = shell.BeginInvoke();
            // Every call comes back by itself within a second, so one that is under way when all is to stop is let finish.
            if (!begun.AsyncWaitHandle.WaitOne(LongestSilence))
            {
                isLost = true;
                shell.BeginStop(null, null);
                throw new MachineLostException($"{Name} has not answered for {LongestSilence.TotalSeconds:0} s.");
            }
            Collection<PSObject> answer = [.. shell.EndInvoke(begun)];
            return connected.RunspaceStateInfo.State == RunspaceState.Opened ? answer : throw Lost(connected.RunspaceStateInfo.Reason);
        }
        catch (Exception e) when (e is PSRemotingTransportException or PSRemotingDataStructureException or InvalidRunspaceStateException or ObjectDisposedException or PipelineStoppedException || connected.RunspaceStateInfo.State != RunspaceState.Opened)
        {
            throw Lost(e);
        }
        catch (InvalidOperationException e)
        {
            throw new MachineLostException($"{Name}: its session is used by somebody else: {e.Message}", e);
        }
    }

    private protected T One<T>(string script, CancellationToken stop, params object?[] arguments) => (T)Call(script, stop, arguments)[0].BaseObject;

    private MachineLostException Lost(Exception? reason)
    {
        isLost = true;
        return new MachineLostException($"{Name} has vanished{(reason is null ? "" : $": {reason.Message.Trim()}")}", reason);
    }

    private void Send(string path, string hash, CancellationToken stop)
    {
        using FileStream file = File.OpenRead(path);
        byte[] piece = new byte[PieceLength];
        for (long offset = 0; offset == 0 || offset < file.Length; offset += PieceLength)
        {
            int length = file.ReadAtLeast(piece, PieceLength, throwOnEndOfStream: false);
            Call($"{Worker}::Put($args[0], $args[1], $args[2], $args[3])", stop, hash, offset, piece[..length], file.Length);
        }
    }

    /// <summary>A result as it is here: with the machine's name, and with its files.</summary>
    private MatrixResult Home(MatrixResult result, CancellationToken stop)
    {
        result = result with { HostName = HostName ?? result.HostName };
        if (outputFolder is null || (result.Files.Recording ?? result.Files.Console) is not { } any) return result;
        string folder = outputFolder;
        try
        {
            Directory.CreateDirectory(folder);
            string wanted = FileNameOf(any);
            wanted = wanted.EndsWith(KeptFiles.RecordingEnding, StringComparison.Ordinal) ? wanted[..^KeptFiles.RecordingEnding.Length] : wanted[..^KeptFiles.ConsoleEnding.Length];
            string stem = KeptFiles.FreeStem(folder, wanted);
            return result with
            {
                Files = new CellFilePaths(
                    result.Files.Recording is { } recording ? Fetch(recording, stem + KeptFiles.RecordingEnding, stop) : null,
                    result.Files.Console is { } console ? Fetch(console, stem + KeptFiles.ConsoleEnding, stop) : null),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or RemoteException)
        {
            return result with { Files = new CellFilePaths(), Warnings = [.. result.Warnings, $"its files could not be brought from {Name} to '{folder}': {e.Message}"] };
        }
    }

    private string Fetch(string there, string here, CancellationToken stop)
    {
        using (FileStream file = new(here, FileMode.CreateNew, FileAccess.Write))
        {
            for (; ; )
            {
                byte[] piece = (byte[])Call($", {Worker}::Get($args[0], $args[1], $args[2])", stop, there, file.Length, PieceLength)[0].BaseObject;
                if (piece.Length == 0) break;
                file.Write(piece);
                file.Flush();
            }
        }
        Call($"{Worker}::Delete($args[0])", stop, there);
        return here;
    }

    /// <summary>The last part of a path, whichever system it is of.</summary>
    private static string FileNameOf(string path) => path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
}
