namespace LguestPS.Cmdlets;

/// <summary>How a fleet runs its cells.</summary>
/// <param name="Slots">How many guests run at a time on each machine; 0 for one for each of its processors.</param>
/// <param name="OutputFolder">Where the files of guests come to, or null for nowhere.</param>
/// <param name="CacheLimit">The most bytes of files that are kept on another machine.</param>
/// <param name="ModulePath">The module's manifest here.</param>
/// <param name="IncludeModule">Whether machines are sent the module.</param>
internal sealed record FleetOptions(int Slots, string? OutputFolder, long CacheLimit, string ModulePath, bool IncludeModule);

/// <summary>A machine cannot be used, and why; the others go on.</summary>
/// <param name="problem">What, with the machine's name.</param>
/// <param name="remedy">What to do about it.</param>
internal sealed class MachineUnavailableException(string problem, string remedy, Exception? inner = null) : Exception(problem, inner)
{
    public string Remedy => remedy;
}

/// <summary>A machine was there and is no longer: its cells are to be run elsewhere.</summary>
internal sealed class MachineLostException(string problem, Exception? inner = null) : Exception(problem, inner);

/// <summary>Somewhere cells are run. All its members are used by one thread.</summary>
internal abstract class FleetMachine(string name) : IDisposable
{
    /// <summary>As the user knows it.</summary>
    public string Name => name;

    /// <summary>How many guests it runs at a time, once it is open.</summary>
    public int Slots { get; protected set; } = 1;

    /// <summary>What it has to say for -Verbose; any thread.</summary>
    public Action<string> Say { get; set; } = _ => { };

    /// <summary>Whether there can be another in its place when it is lost.</summary>
    public virtual bool CanBeReplaced => false;

    /// <exception cref="MachineUnavailableException">It cannot be used.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    public abstract void Open(GuestMatrix matrix, FleetOptions options, CancellationToken stop);

    /// <summary>Brings the files of a cell there.</summary>
    /// <exception cref="LguestException">FileUnavailable: one of them is not here.</exception>
    /// <exception cref="MachineUnavailableException">One cannot be put there.</exception>
    /// <exception cref="MachineLostException">It has vanished.</exception>
    public virtual void Prepare(MatrixCell cell, CancellationToken stop)
    {
    }

    /// <summary>Begins cells, and gives the results there are after waiting for the first.</summary>
    /// <exception cref="MachineLostException">It has vanished.</exception>
    public abstract IReadOnlyList<MatrixResult> Exchange(IReadOnlyList<CellTask> fresh, TimeSpan longest, CancellationToken stop);

    /// <summary>Stops what runs there, removes what was made there and lets go of it, however it is by now.</summary>
    public abstract void Dispose();
}
