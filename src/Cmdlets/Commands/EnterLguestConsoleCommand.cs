using System.Management.Automation;
using System.Text;
using LguestPS.Terminals;

namespace LguestPS.Cmdlets;

/// <summary>Makes this terminal the guest's, until the user leaves or the guest ends.</summary>
[Cmdlet(VerbsCommon.Enter, "LguestConsole")]
[OutputType(typeof(void))]
public sealed class EnterLguestConsoleCommand : LguestCommand
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource left = new();

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name", "InputObject")]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [GuestTransformation]
    [ValidateNotNullOrEmpty]
    public GuestArgument Guest { get; set; } = null!;

    [Parameter]
    [ArgumentCompleter(typeof(LeaveChordCompleter))]
    [ValidateNotNullOrEmpty]
    public string LeaveChord { get; set; } = $"{Terminals.LeaveChord.Usual}";

    protected override void ProcessRecord()
    {
        LeaveChord chord;
        try
        {
            chord = Terminals.LeaveChord.Parse(LeaveChord);
        }
        catch (LguestException e)
        {
            WriteError(Errors.InvalidArgument(nameof(LeaveChord), e));
            return;
        }
        if ((Guest.Guest ?? GuestRegistry.Find(Guest.Text)) is not { } guest)
        {
            WriteError(Errors.GuestNotFound(Guest.Text, pathsToo: false));
            return;
        }
        try
        {
            Enter(guest, chord);
        }
        catch (LguestException e)
        {
            WriteError(e, guest);
        }
    }

    private void Enter(Guest guest, LeaveChord chord)
    {
        if (guest.Ending is { } ending) throw new LguestException(LguestError.GuestEnded, $"Guest '{guest.Name}' has ended: {ending.Reason}.");
        ConsoleReader reader = guest.ReadConsole(fromStart: true);
        using RawTerminal? terminal = Console.IsOutputRedirected ? null : RawTerminal.TryTakeOver();
        if (terminal is null)
        {
            WriteError(Errors.NoTerminal(guest));
            return;
        }

        using Stream screen = Console.OpenStandardOutput();
        Write(screen, $"[console of guest '{guest.Name}': {chord} leaves{(chord.Prefix is { } prefix ? $", {prefix} twice sends {prefix}" : "")}]\n{LastScreenful(reader.Read())}");
        CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(left.Token, StopToken);
        using (Keyboard keyboard = new(terminal.Keys, guest, chord, _ => left.Cancel()))
        using (keyboard.Closed.Register(left.Cancel))
        {
            if (guest.Driver is null) Drive(guest, screen, leave.Token);
            else Watch(guest, reader, screen, leave.Token);
        }
        terminal.Dispose();
        Write(screen, $"\n[left: guest '{guest.Name}' {(guest.Driver is { } driver ? $"is run by {driver}" : guest.HasEnded ? $"has ended: {guest.StateReason}" : $"is paused, {guest.StateReason}")}]\n");
    }

    /// <summary>Runs the guest here; it writes no faster than the terminal shows it.</summary>
    private void Drive(Guest guest, Stream screen, CancellationToken leave)
    {
        RunOptions options = new()
        {
            Driver = MyInvocation.MyCommand.Name,
            Filter = EventFilter.Nothing,
            WaitForInput = true,
            ConsoleOutput = text => screen.Write(text.Span),
            Warning = text => Write(screen, $"\n[{text}]\n"),
        };
        using IDisposable actions = HitScript.WriteTo(written => Write(screen, $"\n[{written}]\n"));
        foreach (LguestEvent _ in guest.Run(options, leave))
        {
        }
    }

    /// <summary>Shows what a guest writes that somebody else drives.</summary>
    private static void Watch(Guest guest, ConsoleReader reader, Stream screen, CancellationToken leave)
    {
        long missed = reader.MissedBytes;
        while (!leave.IsCancellationRequested)
        {
            bool isDriven = guest.Driver is not null;
            reader.Wait(LookAgain, leave);
            Write(screen, reader.Read());
            if (reader.MissedBytes > missed) Write(screen, $"\n[{reader.MissedBytes - missed:N0} bytes were skipped]\n");
            missed = reader.MissedBytes;
            if (!isDriven) return;
        }
    }

    private static string LastScreenful(string text)
    {
        int start = text.Length;
        for (int lines = Math.Max(Console.WindowHeight, 24) - 2; lines > 0 && start > 0; lines--) start = Math.Max(0, text.LastIndexOf('\n', start - 1));
        return text[start..].TrimStart('\n');
    }

    private static void Write(Stream screen, string text) => screen.Write(Encoding.UTF8.GetBytes(text));
}
