using System.Runtime.CompilerServices;

namespace LguestPS.Networks;

/// <summary>Listens on a thread of its own to the doorbell of a slot, and looks now and then whether a neighbour was killed.</summary>
/// <remarks>It owns the file: its thread may be in the middle of a wait when the guest leaves, so it closes the file behind itself.</remarks>
internal sealed class SharedNetListener
{
    // A process that is killed rings no doorbell.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly WeakReference<SharedNetwork> network;
    private readonly SharedNetFile file;
    private readonly int slot;
    private readonly ManualResetEventSlim closing = new();
    private uint heard;
    private int news = 1;
    private int users = 2;      // the network and the thread

    /// <param name="network">Whom to tell; once it is no longer in use, the listener closes the file.</param>
    /// <param name="file">The network's file.</param>
    /// <param name="slot">Whose doorbell.</param>
    public SharedNetListener(SharedNetwork network, SharedNetFile file, int slot)
    {
        this.network = new WeakReference<SharedNetwork>(network);
        this.file = file;
        this.slot = slot;
        file.TryReadDoorbell(slot, out heard);
        new Thread(Listen, maxStackSize: 256 * 1024) { IsBackground = true, Name = $"lguest network slot {slot}" }.Start();
    }

    /// <summary>True, once, if something may have happened.</summary>
    public bool TakeNews() => Volatile.Read(ref news) != 0 && Interlocked.Exchange(ref news, 0) != 0;

    /// <summary>Stops listening; does not wait for the thread.</summary>
    public void Close()
    {
        closing.Set();
        file.Ring(slot, ~heard);
        LetGo();
    }

    private void Listen()
    {
        while (!closing.IsSet)
        {
            bool works = file.WaitForDoorbell(slot, heard, Patience) & file.TryReadDoorbell(slot, out uint now);
            if (!Tell(works, now))
            {
                file.Dispose();
                return;
            }
            if (!works) closing.Wait(Patience);
        }
        LetGo();
    }

    /// <summary>Tells the network if there is something to tell.</summary>
    /// <returns>False if the network is gone.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]      // so that the loop does not keep alive what it holds weakly
    private bool Tell(bool works, uint now)
    {
        if (!network.TryGetTarget(out SharedNetwork? listening)) return false;
        if (works && now == heard && !HasAnyLeft(listening.Present)) return true;
        heard = now;
        Volatile.Write(ref news, 1);
        if (!closing.IsSet) listening.OnNews?.Invoke();
        return true;
    }

    private bool HasAnyLeft(ushort present)
    {
        for (int other = 0; present >> other != 0; other++)
            if ((present >> other & 1) != 0 && !file.IsTaken(other)) return true;
        return false;
    }

    private void LetGo()
    {
        if (Interlocked.Decrement(ref users) == 0) file.Dispose();
    }
}
