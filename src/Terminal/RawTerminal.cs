namespace LguestPS.Terminals;

/// <summary>
/// The terminal as the guest's: every key goes to it at once, unseen and unchanged, Ctrl-C too. Given back by Dispose, and,
/// whatever happens, before the process ends.
/// </summary>
internal abstract class RawTerminal : IDisposable
{
    private readonly Lock gate = new();
    private bool ours;

    protected RawTerminal()
    {
        AppDomain.CurrentDomain.ProcessExit += GiveBack;
        AppDomain.CurrentDomain.UnhandledException += GiveBack;
    }

    /// <summary>Its keys. Reading ends when this is disposed.</summary>
    public abstract TerminalKeys Keys { get; }

    /// <summary>Whether it is the guest's just now; not, for instance, while the process is stopped.</summary>
    protected bool IsOurs
    {
        get
        {
            lock (gate) return ours;
        }
    }

    /// <summary>Takes over standard input, if that is a terminal.</summary>
    public static RawTerminal? TryTakeOver() =>
        OperatingSystem.IsWindows() ? WindowsTerminal.Open(new WindowsConsole()) : UnixTerminal.Open();

    public void Dispose()
    {
        GiveBack();
        Release();
        AppDomain.CurrentDomain.ProcessExit -= GiveBack;
        AppDomain.CurrentDomain.UnhandledException -= GiveBack;
        Keys.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes it the guest's.</summary>
    protected abstract void SetRaw();

    /// <summary>Makes it as it was.</summary>
    protected abstract void SetBack();

    /// <summary>Lets go of what watches for the process's end.</summary>
    protected abstract void Release();

    protected void Take()
    {
        lock (gate)
        {
            ours = true;
            SetRaw();
        }
    }

    protected void GiveBack() => GiveBack(forNow: null);

    /// <summary>Gives it back, for now: another thing happens before anybody else can take or give it.</summary>
    protected void GiveBack(Action? forNow)
    {
        lock (gate)
        {
            if (!ours) return;
            SetBack();
            if (forNow is null) ours = false;
            else forNow();
        }
    }

    /// <summary>Takes it again if it is still ours.</summary>
    protected void TakeAgain(Action first)
    {
        lock (gate)
        {
            if (!ours) return;
            first();
            SetRaw();
        }
    }

    private void GiveBack(object? sender, EventArgs e) => GiveBack();
}
