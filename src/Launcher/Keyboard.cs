using System.Diagnostics;

namespace LguestPS.Launcher;

/// <summary>Types what comes in on standard input into the guest's console, until that ends.</summary>
internal sealed class Keyboard
{
    private const byte CtrlC = 3;
    private const int CtrlCsToStop = 3;

    /// <summary>Most bytes typed that the guest has not taken: a pipe can bring them faster than any guest reads.</summary>
    private const int MostWaiting = 64 * 1024;

    private readonly Stream input;
    private readonly Guest guest;
    private readonly bool isTerminal;
    private readonly Action interrupted;
    private readonly CancellationTokenSource closed = new();
    private readonly object room = new();
    private int waiting;
    private int ctrlCs;
    private long firstCtrlC;

    /// <param name="input">Standard input.</param>
    /// <param name="guest">The guest, which has a console.</param>
    /// <param name="isTerminal">Whether Ctrl-C arrives as a byte.</param>
    /// <param name="interrupted">Called when three Ctrl-C came within a second.</param>
    public Keyboard(Stream input, Guest guest, bool isTerminal, Action interrupted)
    {
        this.input = input;
        this.guest = guest;
        this.isTerminal = isTerminal;
        this.interrupted = interrupted;
        new Thread(Type) { IsBackground = true, Name = "keyboard" }.Start();
    }

    /// <summary>Cancelled when nothing more will be typed.</summary>
    public CancellationToken Closed => closed.Token;

    /// <summary>The guest has taken this many bytes.</summary>
    public void Taken(uint bytes)
    {
        lock (room)
        {
            waiting -= (int)bytes;
            Monitor.PulseAll(room);
        }
    }

    private void Type()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (input.Read(buffer) is var count and > 0)
            {
                if (isTerminal) CountCtrlCs(buffer.AsSpan(0, count));
                if (FindRoom(count)) guest.SendConsole(buffer.AsSpan(0, count));
            }
        }
        catch (LguestException)
        {
            // The guest has ended; there is nobody left to type to.
        }
        closed.Cancel();
    }

    private bool FindRoom(int count)
    {
        lock (room)
        {
            while (waiting + count > MostWaiting)
            {
                if (isTerminal) return false;       // keep reading, or Ctrl-C would not be seen
                Monitor.Wait(room);
            }
            waiting += count;
            return true;
        }
    }

    private void CountCtrlCs(ReadOnlySpan<byte> typed)
    {
        foreach (byte key in typed)
        {
            if (key != CtrlC || (ctrlCs != 0 && Stopwatch.GetElapsedTime(firstCtrlC) > TimeSpan.FromSeconds(1))) ctrlCs = 0;
            if (key != CtrlC) continue;
            if (ctrlCs++ == 0) firstCtrlC = Stopwatch.GetTimestamp();
            if (ctrlCs == CtrlCsToStop) interrupted();
        }
    }
}
