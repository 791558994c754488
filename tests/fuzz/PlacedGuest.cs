namespace LguestPS.Tests.Fuzz;

/// <summary>A guest that returns to where it stood when this was made, as often as it is wanted.</summary>
internal sealed class PlacedGuest(Guest guest) : IDisposable
{
    private readonly Checkpoint start = guest.TakeCheckpoint();

    public Guest Again()
    {
        guest.Restore(start);
        return guest;
    }

    public void Dispose() => guest.Dispose();
}
