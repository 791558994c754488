using System.Collections.Concurrent;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a handler back to what it means: the one place that knows, as nothing can be read from a function pointer.</summary>
internal static unsafe class HandlerTable
{
    private const int RecentEntries = 4096;

    // By nint, of Meaning: as objects, because for a dictionary of structures the runtime compiles code at each start.
    private static readonly ConcurrentDictionary<object, object> meanings = new();

    // Handlers that are known to be in there. Translating asks for each operation, and should not box its handler for that.
    private static readonly nint[] recent = new nint[RecentEntries];

    /// <summary>Every handler that was made so far, with its meaning.</summary>
    public static IEnumerable<KeyValuePair<nint, Meaning>> Known => meanings.Select(known => KeyValuePair.Create((nint)known.Key, (Meaning)known.Value));

    /// <summary>What an operation does.</summary>
    /// <exception cref="InvalidOperationException">Its handler was not made as a <see cref="HandlerPair"/>.</exception>
    public static Meaning MeaningOf(Operation* operation) =>
        meanings.TryGetValue((nint)operation->Handler, out object? meaning)
            ? (Meaning)meaning
            : throw new InvalidOperationException($"the handler at {(nint)operation->Handler:x} has no meaning");

    /// <summary>Only for <see cref="HandlerPair"/>.</summary>
    public static void Enter(nint fast, nint slow, in Meaning meaning)
    {
        ref nint place = ref recent[(fast >> 3) & (RecentEntries - 1)];
        if (place == fast) return;
        if (!meanings.ContainsKey(fast))
        {
            if (slow != 0) meanings[slow] = meaning with { IsSlow = true, FlagsSeen = meaning.FlagsSeen || meaning.Form is OperationForm.ReadMemory or OperationForm.ModifyMemory };
            meanings[fast] = meaning;
        }
        place = fast;
    }
}
