using System.Collections.Concurrent;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a handler back to what it means: the one place that knows, as nothing can be read from a function pointer.</summary>
internal static unsafe class HandlerTable
{
    private static readonly ConcurrentDictionary<nint, Meaning> meanings = new();

    /// <summary>Every handler that was made so far, with its meaning.</summary>
    public static IEnumerable<KeyValuePair<nint, Meaning>> Known => meanings;

    /// <summary>What an operation does.</summary>
    /// <exception cref="InvalidOperationException">Its handler was not made as a <see cref="HandlerPair"/>.</exception>
    public static Meaning MeaningOf(Operation* operation) =>
        meanings.TryGetValue((nint)operation->Handler, out Meaning meaning)
            ? meaning
            : throw new InvalidOperationException($"the handler at {(nint)operation->Handler:x} has no meaning");

    /// <summary>Only for <see cref="HandlerPair"/>.</summary>
    public static void Enter(nint fast, nint slow, in Meaning meaning)
    {
        if (meanings.ContainsKey(fast)) return;
        if (slow != 0) meanings[slow] = meaning with { IsSlow = true, FlagsSeen = meaning.FlagsSeen || meaning.Form is OperationForm.ReadMemory or OperationForm.ModifyMemory };
        meanings[fast] = meaning;
    }
}
