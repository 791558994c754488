namespace LguestPS.Histories;

/// <summary>Looks on while a replica does stretches of a run again, one after the other, and tells what it finds. It is used by one thread.</summary>
/// <typeparam name="T">What it finds.</typeparam>
internal interface IAnalyst<T>
{
    /// <summary>The replica stands where a stretch begins.</summary>
    /// <param name="replica">It.</param>
    /// <param name="found">Told what is found, in the order of the run.</param>
    /// <returns>How much was known at that time of what is found out on the way, for whoever puts the stretches together; 0 if that is nothing.</returns>
    int Begin(Replica replica, Action<T> found);

    /// <summary>It stands where the stretch ends.</summary>
    void End();
}
