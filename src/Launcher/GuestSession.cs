using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using LguestPS.Inspection;
using LguestPS.Terminals;

namespace LguestPS.Launcher;

/// <summary>One guest from its first instruction to its end, with a terminal or pipes as its console.</summary>
internal sealed class GuestSession : IDisposable
{
    private readonly Guest guest;
    private readonly LauncherStreams streams;
    private readonly EventLines? lines;
    private readonly RunFiles files;
    private readonly bool summary;
    private const int MostHotCode = 20;
    private readonly bool verbose;
    private readonly LiveOutput output;
    private readonly RawTerminal? terminal;
    private readonly Keyboard? keyboard;
    private readonly PosixSignalRegistration[] signals;
    private readonly CancellationTokenSource stop = new();
    private readonly Stopwatch running = new();
    private string? stopReason;
    private IOException? outputProblem;

    public GuestSession(Guest guest, CommandLine asked, RunFiles files, LauncherStreams streams)
    {
        this.guest = guest;
        this.streams = streams;
        this.files = files;
        summary = asked.Summary;
        verbose = asked.Verbose;
        if ((asked.Events is not null || files.Any) && guest.Definition.Symbols is not null) _ = guest.Symbols;      // what is wrong with them is said before the guest runs
        lines = asked.Events is { } format ? EventLines.Create(format) : null;
        streams.GiveUpAfter(stop.Token);
        output = new LiveOutput(streams.Output, OutputBroke);
        signals = [On(PosixSignal.SIGINT), On(PosixSignal.SIGTERM), On(PosixSignal.SIGHUP), On(PosixSignal.SIGQUIT)];
        if (!guest.Definition.Devices.OfType<ConsoleDefinition>().Any()) return;
        terminal = streams.MayBeTerminal ? RawTerminal.TryTakeOver() : null;
        if (terminal is not null) streams.Error.WriteLine($"lguest: {asked.Leave} ends the guest");
        keyboard = new Keyboard(terminal?.Keys ?? streams.Input, guest, asked.Leave, keys => Stop($"stopped by {keys}"), threeCtrlCsLeave: true);
    }

    /// <returns>The exit status.</returns>
    public int Run()
    {
        if (verbose) streams.Error.WriteLine(Introduction());
        foreach (string chosen in ChosenPorts()) streams.Error.WriteLine($"lguest: {chosen}");
        files.Begin(guest);
        running.Start();
        if (lines is not null) output.Write(lines.Head);
        while (!RunWhileInputLasts())
        {
        }
        running.Stop();
        output.Flush();
        files.Finish();
        keyboard?.Dispose();
        terminal?.Dispose();

        (int status, string how) = Outcome();
        if (verbose || (status != ExitStatus.PowerDown && outputProblem is not ReaderGoneException)) streams.Error.WriteLine($"lguest: {how}");
        if (guest.Summary is { } counted) streams.Error.Write(counted.Text);
        if (guest.Definition.SampleEvery is not null) streams.Error.Write(HotCodeList.Text(guest.HotCode(), MostHotCode));
        return status;
    }

    /// <summary>Gives the terminal back and removes the guest.</summary>
    public void Dispose()
    {
        keyboard?.Dispose();
        terminal?.Dispose();
        guest.Remove(Warn);
        foreach (PosixSignalRegistration signal in signals) signal.Dispose();
        output.Dispose();
    }

    /// <summary>Runs the guest until it stands still for good, or until its input ends, which may change what it waits for.</summary>
    private bool RunWhileInputLasts()
    {
        bool mayType = keyboard is { Closed.IsCancellationRequested: false };
        using CancellationTokenSource interrupt = mayType
            ? CancellationTokenSource.CreateLinkedTokenSource(stop.Token, keyboard!.Closed)
            : CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        RunOptions options = new()
        {
            Driver = "lguest",
            Filter = lines is not null || files.Any ? EventFilter.Everything : EventFilter.Nothing,
            TimeLimit = TimeLeft(),
            WaitForInput = mayType,
            CollectSummary = summary,
            ConsoleOutput = lines is null ? text => output.WriteNow(text.Span) : null,
            Warning = Warn,
        };
        foreach (LguestEvent happened in guest.Run(options, interrupt.Token))
        {
            if (lines is not null) output.Write(lines.Line(happened));
            files.Write(happened);
        }
        return guest.Standstill != Standstill.StopRequested || stop.IsCancellationRequested;
    }

    private void Warn(string text) => streams.Error.WriteLine($"lguest: guest '{guest.Name}': {text}");

    private TimeSpan? TimeLeft()
    {
        if (guest.Definition.Limits.Time is not { } limit) return null;
        return limit > running.Elapsed ? limit - running.Elapsed : TimeSpan.FromTicks(1);
    }

    private void OutputBroke(IOException e)
    {
        outputProblem = e;
        Stop(e is ReaderGoneException ? "stopped: its output is no longer read" : $"stopped: its output cannot be written: {e.Message}");
    }

    private void Stop(string reason)
    {
        Interlocked.CompareExchange(ref stopReason, reason, null);
        stop.Cancel();
    }

    private PosixSignalRegistration On(PosixSignal signal) => PosixSignalRegistration.Create(signal, Stop);

    private void Stop(PosixSignalContext context)
    {
        // A second signal may find us where the first did not help.
        if (stop.IsCancellationRequested) return;
        context.Cancel = true;
        Stop($"stopped by {context.Signal}");
    }

    private (int Status, string How) Outcome()
    {
        string name = $"guest '{guest.Name}'";
        (int status, string how) = guest switch
        {
            // Even if the guest has reached its end: not all of it was seen.
            _ when outputProblem is not (null or ReaderGoneException) => (ExitStatus.Stopped, $"{name} {stopReason}"),
            { Ending: { Kind: EndingKind.PowerDown } ending } => (ExitStatus.PowerDown, $"{name} ended: {ending.Reason}"),
            { Ending: { Kind: EndingKind.Stopped } ending } => (ExitStatus.Stopped, $"{name} ended: {ending.Reason}"),
            { Ending: { Kind: EndingKind.Restart } ending } => (ExitStatus.Restart, $"{name} ended: it asks to be started again{(ending.Reason.Split(", ", 2) is [_, var why] ? $", {why}" : "")}"),
            { Ending: { } ending } => (ExitStatus.Died, $"{name} ended: {ending.Reason}"),
            { Standstill: Standstill.TimeLimit } => (ExitStatus.Stopped, $"{name} stopped: it reached its time limit of {guest.Definition.Limits.Time:g}"),
            { Standstill: Standstill.InstructionLimit } => (ExitStatus.Stopped, $"{name} stopped: it reached its limit of {guest.Definition.Limits.Instructions} instructions"),
            { Standstill: Standstill.WaitingForInput } => (ExitStatus.Stopped, $"{name} stopped: it waits for input, and there is no more"),
            _ => (ExitStatus.Stopped, $"{name} {stopReason}"),
        };
        return verbose
            ? (status, string.Create(CultureInfo.InvariantCulture, $"{how} (guest time {guest.GuestTime.TotalSeconds:0.000} s, {(guest.InstructionCount is { } count ? $"{count} instructions, " : "")}{guest.EventCount} events, {Reboots()}{running.Elapsed.TotalSeconds:0.000} s here)"))
            : (status, how);
    }

    private string Reboots() => guest.Reboots switch
    {
        0 => "",
        1 => "1 reboot, ",
        var many => string.Create(CultureInfo.InvariantCulture, $"{many} reboots, "),
    };

    /// <summary>A sentence for each port that was left to the host to choose.</summary>
    private IEnumerable<string> ChosenPorts()
    {
        PortForward[] asked = [.. guest.Definition.Devices.OfType<UserNetDefinition>().SelectMany(net => net.Replay is null ? net.Forward : [])];
        PortForward[] got = [.. guest.Networks.SelectMany(network => network.Forwards)];
        for (int i = 0; i < Math.Min(asked.Length, got.Length); i++)
        {
            if (asked[i].Host.Port != 0) continue;
            yield return $"guest '{guest.Name}': {DefinitionText.NameOf(got[i].Transport).ToUpperInvariant()} port {got[i].Host.Port} of {got[i].Host.Address} leads to {(got[i].GuestAddress is { } other ? $"port {got[i].GuestPort} of its {other}" : $"its port {got[i].GuestPort}")}";
        }
    }

    private string Introduction()
    {
        GuestDefinition definition = guest.Definition;
        IEnumerable<string> devices = definition.Devices.Select(device => device switch
        {
            ConsoleDefinition => "console",
            BlockDefinition block => $"block {block.Path} ({DefinitionText.NameOf(block.Mode)}{(block.Overlay is { } overlay ? $" in {overlay}" : "")})",
            SharedNetDefinition net => $"net {net.Path}",
            UserNetDefinition net => $"net user{string.Concat(net.Forward.Select(forward => $" {forward}"))}",
            TapNetDefinition net => $"net tap {net.Interface}",
            _ => device.ToString(),
        });
        return $"lguest: guest '{guest.Name}': {definition.Kernel}, {definition.Memory >> 10} KiB, {guest.Abi}, cpu {guest.CpuName} ({guest.CpuReason}), "
            + $"clock {DefinitionText.NameOf(definition.Clock)}, devices {string.Join(", ", devices)}";
    }
}
