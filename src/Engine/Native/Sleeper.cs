using System.Runtime.InteropServices;

namespace LguestPS.Native;

/// <summary>Lets one thread sleep until another wakes it: on Linux to the microsecond, elsewhere in whole milliseconds.</summary>
internal sealed unsafe class Sleeper : IDisposable
{
    private readonly uint* woken = (uint*)NativeMemory.AllocZeroed(sizeof(uint));
    private readonly AutoResetEvent? elsewhere = Futex.IsSupported ? null : new AutoResetEvent(initialState: false);

    /// <summary>Ends the sleep, or the next one before it begins. Any thread may call this.</summary>
    public void Wake()
    {
        if (elsewhere is not null) elsewhere.Set();
        else if (Interlocked.Exchange(ref *woken, 1) == 0) Futex.Wake(woken);
    }

    /// <summary>Sleeps until it is woken or this time has passed; sometimes less.</summary>
    /// <param name="longest">Not negative, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    public void Sleep(TimeSpan longest)
    {
        if (elsewhere is not null)
        {
            elsewhere.WaitOne(longest == Timeout.InfiniteTimeSpan ? longest : TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(longest.TotalMilliseconds), int.MaxValue)));
            return;
        }
        Futex.Wait(woken, 0, longest);
        Interlocked.Exchange(ref *woken, 0);
    }

    public void Dispose()
    {
        NativeMemory.Free(woken);
        elsewhere?.Dispose();
    }
}
