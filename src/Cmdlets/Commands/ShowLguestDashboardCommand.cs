using System.Diagnostics;
using System.Management.Automation;
using LguestPS.Terminals;

namespace LguestPS.Cmdlets;

/// <summary>Shows what a guest does, as it does it.</summary>
[Cmdlet(VerbsCommon.Show, "LguestDashboard")]
[OutputType(typeof(void))]
public sealed class ShowLguestDashboardCommand : LguestCommand
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LinePeriod = TimeSpan.FromSeconds(5);

    private readonly Dashboard dashboard = new();
    private readonly CancellationTokenSource left = new();
    private LiveScreen? screen;
    private long shownAt;
    private string? said;

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name", "InputObject")]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [GuestTransformation]
    [ValidateNotNullOrEmpty]
    public GuestArgument Guest { get; set; } = null!;

    [Parameter]
    [Alias("TimeoutSeconds")]
    [TimeArgument]
    public TimeSpan? TimeLimit { get; set; }

    protected override void ProcessRecord()
    {
        if ((Guest.Guest ?? GuestRegistry.Find(Guest.Text)) is not { } guest)
        {
            WriteError(Errors.GuestNotFound(Guest.Text, pathsToo: false));
            return;
        }
        try
        {
            Show(guest);
        }
        catch (LguestException e)
        {
            WriteError(e, guest);
        }
    }

    private void Show(Guest guest)
    {
        bool isHere = guest.Driver is null && !guest.HasEnded;
        CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(left.Token, StopToken);
        if (TimeLimit is { } limit) leave.CancelAfter(limit);
        using (screen = IsTerminal ? new LiveScreen(Console.Write) : null)
        {
            Refresh(guest, isHere);
            if (isHere) Drive(guest, leave.Token);
            else Watch(guest, leave.Token);
        }
        screen = null;
        dashboard.Add(DashboardReading.Of(guest));
        Say();
    }

    /// <summary>Runs the guest here.</summary>
    private void Drive(Guest guest, CancellationToken leave)
    {
        List<string> warnings = [];
        RunOptions options = new()
        {
            Driver = MyInvocation.MyCommand.Name, Filter = EventFilter.Nothing, CollectSummary = true, Warning = warnings.Add,
            Pulse = () => Refresh(guest, isHere: true),
        };
        foreach (LguestEvent _ in guest.Run(options, leave))
        {
        }
        screen?.Dispose();
        foreach (string warning in warnings) WriteWarning($"Guest '{guest.Name}': {warning}");
    }

    /// <summary>Looks on while somebody else does.</summary>
    private void Watch(Guest guest, CancellationToken leave)
    {
        while (guest.Driver is not null && !leave.IsCancellationRequested)
        {
            leave.WaitHandle.WaitOne(Period);
            Refresh(guest, isHere: false);
        }
    }

    private void Refresh(Guest guest, bool isHere)
    {
        if (screen is null)
        {
            // Nobody can read a picture here, so a line now and then has to do.
            if (shownAt != 0 && Stopwatch.GetElapsedTime(shownAt) < LinePeriod) return;
            shownAt = Stopwatch.GetTimestamp();
            dashboard.Add(DashboardReading.Of(guest));
            Say();
            return;
        }
        while (Console.KeyAvailable)
            if (Console.ReadKey(intercept: true).Key is ConsoleKey.Q or ConsoleKey.Escape) left.Cancel();
        (int width, int height) = (Console.WindowWidth, Console.WindowHeight);
        dashboard.Add(DashboardReading.Of(guest));
        screen.Show(dashboard.Lines(width, height, isHere ? "q leaves and pauses the guest" : "q leaves; the guest goes on"), width, height);
    }

    /// <summary>Says in a line how far the guest is, unless that has been said.</summary>
    private void Say()
    {
        if (dashboard.Line() is var line && line == said) return;
        said = line;
        WriteInformation(new HostInformationMessage { Message = line }, ["PSHOST"]);
    }

    private static bool IsTerminal => !Console.IsOutputRedirected && !Console.IsInputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
}
