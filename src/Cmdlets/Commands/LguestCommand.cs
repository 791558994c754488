using System.Management.Automation;
using LguestPS.Definitions;

namespace LguestPS.Cmdlets;

/// <summary>What all cmdlets share: Ctrl-C as a token, paths, and definitions.</summary>
public abstract class LguestCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Signalled by Ctrl-C and when the pipeline is over.</summary>
    protected CancellationToken StopToken => stopping.Token;

    protected override void StopProcessing() => stopping.Cancel();

    /// <remarks>After <c>Select-Object -First</c> neither EndProcessing nor StopProcessing runs, only this.</remarks>
    public void Dispose()
    {
        stopping.Cancel();
        Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up what is not finished, when the pipeline is over.</summary>
    private protected virtual void Release()
    {
    }

    private protected void WriteError(LguestException e, object? target) => WriteError(Errors.From(e, target));

    /// <summary>All guests that a file defines.</summary>
    /// <exception cref="LguestException">FileUnavailable or InvalidDefinition.</exception>
    internal static IReadOnlyList<GuestDefinition> GuestsIn(string path) => new GuestDefinitionReader().ReadAll(path);

    /// <exception cref="LguestException">FileUnavailable or InvalidDefinition.</exception>
    private protected static GuestMatrix ReadMatrix(string path) => new GuestDefinitionReader().ReadMatrix(path);

    /// <summary>The guests that a file defines, or some of them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="select">Names, perhaps with wildcards, of those that are wanted; null for all.</param>
    /// <exception cref="LguestException">FileUnavailable or InvalidDefinition; or InvalidValue: a name is that of none.</exception>
    private protected static IReadOnlyList<GuestDefinition> ReadDefinitions(string path, string[]? select)
    {
        IReadOnlyList<GuestDefinition> all = GuestsIn(path);
        if (select is null) return all;
        WildcardPattern[] patterns = [.. select.Select(name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase))];
        foreach ((string wanted, WildcardPattern pattern) in select.Zip(patterns))
            if (!all.Any(guest => pattern.IsMatch(guest.Name))) throw Errors.GuestNotInFile(path, wanted, [.. all.Select(guest => guest.Name)]);
        return [.. all.Where(guest => patterns.Any(pattern => pattern.IsMatch(guest.Name)))];
    }

    /// <summary>Asks -WhatIf and -Confirm whether to load a definition; only for them are the images read to say what goes where.</summary>
    private protected bool ShouldLoad(GuestDefinition definition)
    {
        string description = MustExplain ? LoadDescription.Full(definition) : LoadDescription.Short(definition);
        return ShouldProcess(description, $"{description}\nLoad it?", $"{MyInvocation.MyCommand.Name} {definition.Name}");
    }

    /// <summary>Whether the user wants to be told what would be done: finding that out may cost something.</summary>
    private protected bool MustExplain =>
        Given("WhatIf") || Given("Confirm") || SessionState.PSVariable.GetValue("WhatIfPreference") is true or SwitchParameter { IsPresent: true };

    /// <summary>Makes a guest that does again what a file has recorded; null if -WhatIf or -Confirm would not have it.</summary>
    /// <exception cref="LguestException">FileUnavailable or InvalidCheckpoint; and as for making a guest.</exception>
    /// <param name="path">The recording.</param>
    /// <param name="toName">Makes the wanted name of the recorded one.</param>
    /// <param name="symbols">A file of symbols instead of the recorded guest's, or null.</param>
    private protected Guest? MakeReplay(string path, Func<string, string> toName, string? symbols)
    {
        RecordedRun run = RecordedRun.Load(path);
        string wanted = toName(run.Guest);
        return ShouldProcess($"{GuestRegistry.FreeName(wanted)} from {path}", "Replay") ? GuestRegistry.Add(wanted, name => Guest.Replay(run, name, symbols)) : null;
    }

    /// <exception cref="LguestException">As for <see cref="Guest.Create"/>.</exception>
    private protected Guest CreateGuest(GuestDefinition definition)
    {
        Guest guest;
        try
        {
            guest = GuestRegistry.Create(definition);
        }
        catch (LguestException e)
        {
            throw new GuestDefinitionReader().Locate(e, definition);
        }
        WriteVerbose($"Guest '{guest.Name}' runs on the {guest.CpuName} CPU: {guest.CpuReason}");
        return guest;
    }

    /// <summary>The parameters that were written without their names, in order.</summary>
    private protected IReadOnlyCollection<string> BoundByPosition =>
        PSObject.AsPSObject(MyInvocation.BoundParameters).Properties["BoundPositionally"]?.Value is IEnumerable<string> names ? [.. names] : [];

    private protected bool Given(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>The absolute path of what the user wrote, which need not exist.</summary>
    private protected string FullPath(string path)
    {
        string full = GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        if (provider.Name != "FileSystem") ThrowTerminatingError(Errors.NotAFile(path));
        return full;
    }

    /// <exception cref="LguestException">FileUnavailable: there is no such file.</exception>
    private protected string ExistingSymbols(string path) =>
        File.Exists(FullPath(path)) ? FullPath(path) : throw new LguestException(LguestError.FileUnavailable, $"symbols '{FullPath(path)}' do not exist") { Path = FullPath(path) };

    /// <summary>The files a path stands for: one, or several with wildcards. Empty if there is none.</summary>
    private protected IReadOnlyList<string> FindFiles(string path)
    {
        string literal = FullPath(path);
        if (File.Exists(literal)) return [literal];
        return WildcardPattern.ContainsWildcardCharacters(path) ? [.. GetResolvedProviderPathFromPSPath(path, out _).Where(File.Exists)] : [];
    }

    private string GetUnresolvedProviderPathFromPSPath(string path, out ProviderInfo provider, out PSDriveInfo drive) =>
        SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out drive);
}
