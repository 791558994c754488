using System.Collections.Concurrent;

namespace LguestPS.Networks.User;

/// <summary>News of the host's sockets, which arrives on any thread and is read on the guest's.</summary>
/// <remarks>Each socket has at most one read and one write under way, and begins the next when the news of the last was read: the box stays small.</remarks>
internal sealed class HostMailbox
{
    private readonly ConcurrentQueue<Action> letters = new();

    /// <summary>Called, on any thread, when something was posted.</summary>
    public Action? Posted { get; set; }

    public bool IsEmpty => letters.IsEmpty;

    /// <summary>Leaves something to be done on the guest's thread.</summary>
    public void Post(Action letter)
    {
        letters.Enqueue(letter);
        Posted?.Invoke();
    }

    /// <summary>Does what was there at the call; what comes meanwhile waits for the next one.</summary>
    public void Read()
    {
        for (int left = letters.Count; left > 0 && letters.TryDequeue(out Action? letter); left--) letter();
    }
}
