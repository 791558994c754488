using System.Diagnostics;
using LguestPS.Native;

namespace LguestPS.Cpu.Kvm;

/// <summary>Gets a vCPU out of KVM_RUN, because somebody kicks it or its time is up: a flag that says so, and a signal that makes it look.</summary>
internal sealed class Kicker(LibC libc) : IDisposable
{
    private static readonly long LeastGrace = Stopwatch.Frequency / 2_000;

    private ThreadTimer? timer;
    private volatile bool kicked;
    private volatile int runningOn;
    private long until, grace;

    /// <summary>This thread is about to run the guest.</summary>
    public void Begin()
    {
        runningOn = KickSignal.PrepareThread(libc);
        Interlocked.MemoryBarrier();        // whoever kicks sees the thread, or this one sees the kick
    }

    /// <summary>It has come back from it.</summary>
    public void End() => runningOn = 0;

    /// <summary>Any thread may call this.</summary>
    public void Kick()
    {
        kicked = true;
        Interlocked.MemoryBarrier();
        int thread = runningOn;
        if (thread != 0) KickSignal.Send(libc, thread);
    }

    /// <summary>Whether it was kicked since this was asked last.</summary>
    public bool TakeKick()
    {
        if (!kicked) return false;
        kicked = false;
        return true;
    }

    /// <summary>Has the signal come at the end of the guest's time.</summary>
    /// <param name="end">That time, as <see cref="Stopwatch"/> counts.</param>
    public void Arm(long end)
    {
        until = end;
        grace = LeastGrace;
        if (end == long.MaxValue) return;
        int thread = runningOn;
        if (timer?.Thread != thread)
        {
            timer?.Dispose();
            timer = null;
            timer = new ThreadTimer(libc, thread);
        }
        timer.GoOffBy(end);
    }

    /// <summary>Takes the signals that have made KVM_RUN come back.</summary>
    public void Drain() => KickSignal.Drain(libc);

    /// <summary>What a signal was for.</summary>
    /// <param name="ranSomething">Whether the guest has run; one that has not gets more time.</param>
    /// <returns>Null to enter the guest again.</returns>
    public CpuExit? AfterSignal(bool ranSomething)
    {
        long now = Stopwatch.GetTimestamp();
        if (TakeKick()) return ranSomething ? CpuExit.Kicked : CpuExit.KickedAtOnce;
        if (now >= until)
        {
            if (ranSomething) return CpuExit.Budget;
            until = now + (grace *= 2);     // entering took all of its time
        }
        timer?.GoOffBy(until);
        return null;
    }

    public void Dispose() => timer?.Dispose();
}
