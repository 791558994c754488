using System.Diagnostics.CodeAnalysis;

namespace LguestPS.Run;

/// <summary>Tells whoever listens what goes wrong, but never while the guest's gate is held: they may wait for another thread that uses the guest.</summary>
internal sealed class HeldWarnings(Lock gate)
{
    private readonly Queue<Action> held = new();

    /// <summary>Who is told, or null.</summary>
    public Action<string>? Listener { get; set; }

    /// <summary>Says it now, or keeps it for <see cref="SayHeld"/> where this thread holds the gate.</summary>
    public void Say(string what)
    {
        if (Listener is not { } listener) return;
        if (gate.IsHeldByCurrentThread) held.Enqueue(() => listener(what));
        else listener(what);
    }

    /// <summary>Called by whoever has let go of the gate.</summary>
    public void SayHeld()
    {
        if (gate.IsHeldByCurrentThread) return;     // this was inside of somebody who will call it, too
        while (TryTake(out Action? say)) say();
    }

    private bool TryTake([NotNullWhen(true)] out Action? say)
    {
        lock (gate) return held.TryDequeue(out say);
    }
}
