using LguestPS.Machines;

namespace LguestPS.Run;

/// <summary>Who drives a guest, from which thread; and who else may look at it or change it meanwhile.</summary>
/// <remarks>Every member but <see cref="Gate"/> is used with the gate held, except by the driver's own thread.</remarks>
internal sealed class DriverSeat(Machine machine)
{
    private int thread;

    /// <summary>Held by whoever takes or leaves the seat, and by others for as long as they use a guest that stands still.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Who drives the guest now, or null.</summary>
    public string? Driver { get; private set; }

    /// <summary>True while the run loop runs; between two events the guest stands still although it is driven.</summary>
    public bool IsTurning { get; set; }

    /// <summary>Whether somebody has removed the guest: it is freed as soon as the seat is left.</summary>
    public bool IsGoing { get; set; }

    /// <summary>Whether the guest has been freed.</summary>
    public bool IsGone { get; set; }

    /// <exception cref="LguestException">GuestEnded or GuestBusy.</exception>
    public void Take(string driver)
    {
        CheckIsFree();
        Sit(driver);
    }

    /// <summary>Takes the seat of a guest that may have ended, to make it what it was.</summary>
    /// <exception cref="LguestException">GuestEnded if it was removed, or GuestBusy.</exception>
    public void TakeBack(string driver)
    {
        CheckIsIdle();
        Sit(driver);
    }

    public void Leave()
    {
        Driver = null;
        IsTurning = false;
    }

    /// <summary>Whether the guest can be driven or changed now.</summary>
    /// <exception cref="LguestException">GuestEnded or GuestBusy.</exception>
    public void CheckIsFree()
    {
        CheckHasNotEnded("Create it anew to run it again.");
        CheckIsIdle();
    }

    /// <summary>Whether the guest is not being driven, even if it has ended.</summary>
    /// <exception cref="LguestException">GuestEnded if it was removed, or GuestBusy.</exception>
    public void CheckIsIdle()
    {
        CheckIsHere();
        if (Driver is not null) throw Busy();
    }

    /// <summary>Whether the guest can be looked at from here: its driver may, between two events, and others while there is none.</summary>
    /// <exception cref="LguestException">GuestEnded if it was removed, or GuestBusy.</exception>
    public void CheckIsAtHand()
    {
        CheckIsHere();
        if (Driver is not null && (IsTurning || thread != Environment.CurrentManagedThreadId)) throw Busy();
    }

    /// <summary>Looks at the guest while it stands still. Whoever drives it may, between two events; others only while it is not being driven.</summary>
    /// <exception cref="LguestException">GuestBusy, or GuestEnded if its memory is gone.</exception>
    public T Look<T>(Func<T> look)
    {
        lock (Gate)
        {
            CheckIsAtHand();
            return look();
        }
    }

    /// <param name="remedy">What to do about it, in a sentence, or nothing.</param>
    /// <exception cref="LguestException">GuestEnded.</exception>
    public void CheckHasNotEnded(string remedy)
    {
        if (machine.Ending is { } ending) throw new LguestException(LguestError.GuestEnded, $"Guest '{machine.Name}' has ended: {ending.Reason}. {remedy}".TrimEnd());
    }

    private void CheckIsHere()
    {
        if (IsGone || IsGoing) throw new LguestException(LguestError.GuestEnded, $"Guest '{machine.Name}' has been removed.");
    }

    private LguestException Busy() => new(LguestError.GuestBusy, $"Guest '{machine.Name}' is being run by {Driver}; stop it or wait for it first.");

    private void Sit(string driver)
    {
        Driver = driver;
        thread = Environment.CurrentManagedThreadId;
    }
}
