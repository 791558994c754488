using System.Diagnostics;

namespace LguestPS.Terminals;

/// <summary>Types what comes in into a guest's console, no faster than the guest takes it, until that ends or the user leaves.</summary>
internal sealed class Keyboard : IDisposable
{
    private const byte CtrlC = 3;
    private const int CtrlCsToStop = 3;

    private readonly Stream input;
    private readonly TerminalKeys? keys;
    private readonly Guest guest;
    private readonly LeaveChord chord;
    private readonly Action<string> leave;
    private readonly bool threeCtrlCsLeave;
    private readonly CancellationTokenSource closed = new();
    private readonly CancellationTokenSource done = new();
    private readonly Thread reader;
    private int ctrlCs;
    private long firstCtrlC;

    /// <param name="input">What is typed: keys of a terminal, or anything else, which is typed as it is.</param>
    /// <param name="guest">The guest, which has a console.</param>
    /// <param name="chord">The keys with which a user at a terminal leaves.</param>
    /// <param name="leave">Called, at a terminal, when the user wants to leave: with the keys that say so.</param>
    /// <param name="threeCtrlCsLeave">Whether three Ctrl-C within a second do so, too; the guest sees them all the same.</param>
    public Keyboard(Stream input, Guest guest, LeaveChord chord, Action<string> leave, bool threeCtrlCsLeave = false)
    {
        this.input = input;
        this.guest = guest;
        this.chord = chord;
        this.leave = leave;
        this.threeCtrlCsLeave = threeCtrlCsLeave;
        keys = input as TerminalKeys;
        reader = new Thread(Type) { IsBackground = true, Name = "keyboard" };
        reader.Start();
    }

    /// <summary>Cancelled when nothing more will be typed.</summary>
    public CancellationToken Closed => closed.Token;

    /// <summary>Types no more. What is typed at a terminal from now on is for others.</summary>
    public void Dispose()
    {
        done.Cancel();
        if (keys is null) return;       // a read from a pipe cannot be called off; it ends with the process
        keys.End();
        if (reader != Thread.CurrentThread) reader.Join();
    }

    private void Type()
    {
        byte[] buffer = new byte[4096];
        LeaveChord.Filter filter = new(chord);
        try
        {
            while (!done.IsCancellationRequested && input.Read(buffer) is var count and > 0)
            {
                ReadOnlySpan<byte> typed = buffer.AsSpan(0, count);
                if (keys is not null)
                {
                    if (threeCtrlCsLeave) CountCtrlCs(typed);
                    typed = filter.Take(typed);
                    if (filter.HasLeft) leave($"{chord}");
                }
                guest.SendConsole(typed, done.Token);
                if (filter.HasLeft) break;
            }
        }
        catch (LguestException)
        {
            // The guest has ended; there is nothing left to type to.
        }
        closed.Cancel();
    }

    private void CountCtrlCs(ReadOnlySpan<byte> typed)
    {
        foreach (byte key in typed)
        {
            if (key != CtrlC || (ctrlCs != 0 && Stopwatch.GetElapsedTime(firstCtrlC) > TimeSpan.FromSeconds(1))) ctrlCs = 0;
            if (key != CtrlC) continue;
            if (ctrlCs++ == 0) firstCtrlC = Stopwatch.GetTimestamp();
            if (ctrlCs == CtrlCsToStop) leave("Ctrl-C");
        }
    }
}
