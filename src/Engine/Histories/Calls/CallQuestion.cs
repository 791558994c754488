namespace LguestPS.Histories;

/// <summary>Puts together what analysts of calls have seen, in the order of the run, to calls with a beginning and an end.</summary>
internal sealed class CallQuestion
{
    private const uint KernelStack = 8192;

    private readonly GuestHistory history;
    private readonly CallQuery query;
    private readonly SymbolTable symbols;
    private readonly CallSites sites = new();
    private readonly Dictionary<(uint Directory, uint Stack), List<Open>> open = [];
    private readonly IReadOnlyDictionary<uint, CallTarget> targets;
    private readonly Queue<GuestCall> done = new();

    private sealed record Open(CallBegun Begun, int Depth);

    /// <exception cref="LguestException">InvalidAddress: a function is not known, or there are no symbols.</exception>
    public CallQuestion(GuestHistory history, CallQuery query)
    {
        this.history = history;
        this.query = query;
        symbols = history.Symbols ?? throw new LguestException(LguestError.InvalidAddress, $"Guest '{history.Guest}' has no symbols to find functions in; name its System.map as 'symbols' in its definition");
        targets = CallTargets.Find(symbols, query);
    }

    /// <summary>The calls in the order in which they returned; then those that did not, in the order in which they began.</summary>
    public IEnumerable<GuestCall> Ask(CancellationToken stop)
    {
        Survey<CallHit> survey = new(history, query, () => new CallAnalyst(targets, sites, symbols), stop);
        foreach (Stretch<CallHit> stretch in survey.Stretches())
        {
            Action? pulse = survey.PulseAt(stretch);
            foreach (CallHit hit in Hits(survey, stretch, pulse))
            {
                Take(hit);
                while (done.TryDequeue(out GuestCall? call)) yield return call;
            }
        }
        foreach (Open left in open.Values.SelectMany(stack => stack).OrderBy(left => left.Begun.Position)) yield return Make(left, returned: null);
    }

    /// <summary>What was seen in a stretch; seen again if a call that was under way as it began returns to a place that was not known then.</summary>
    private IEnumerable<CallHit> Hits(Survey<CallHit> survey, Stretch<CallHit> stretch, Action? pulse)
    {
        int known = stretch.Knowledge(pulse);
        if (open.Values.All(stack => stack.TrueForAll(left => sites.NumberOf(left.Begun.ReturnAddress) < known))) return stretch.Findings(pulse);
        stretch.Discard();
        return survey.Again(stretch, new CallAnalyst(targets, sites, symbols));
    }

    private void Take(CallHit hit)
    {
        (uint, uint) key = (hit.Directory, hit.Slot / KernelStack);
        open.TryGetValue(key, out List<Open>? stack);
        switch (hit)
        {
            case CallBegun begun:
                // Another return address is there now; or the same function begins anew where it was left in another way than by returning.
                if (stack is null) open.Add(key, stack = []);
                else End(stack, before => before.Begun.Slot == begun.Slot && (before.Begun.ReturnAddress != begun.ReturnAddress || before.Begun.Target == begun.Target), returned: null);
                stack.Add(new Open(begun, stack.Count(other => other.Begun.Slot > begun.Slot)));
                break;
            case CallReturned returned when stack is not null:
                End(stack, before => before.Begun.Slot == returned.Slot && before.Begun.ReturnAddress == returned.ReturnAddress, returned);
                break;
            case CallReplaced replaced when stack is not null:
                End(stack, before => before.Begun.Slot == replaced.Slot, returned: null);
                break;
        }
        if (stack is { Count: 0 }) open.Remove(key);
    }

    private void End(List<Open> stack, Predicate<Open> isOver, CallReturned? returned)
    {
        // The last that was jumped to is the first that is over.
        for (int i = stack.Count - 1; i >= 0; i--)
        {
            if (!isOver(stack[i])) continue;
            done.Enqueue(Make(stack[i], returned));
            stack.RemoveAt(i);
        }
    }

    private GuestCall Make(Open call, CallReturned? returned)
    {
        CallBegun begun = call.Begun;
        return new GuestCall
        {
            Guest = history.Guest, Symbol = begun.Target.Name, Address = begun.Target.Address, Position = begun.Position, End = returned?.Position,
            Arguments = begun.Arguments, Result = returned?.Result, Depth = call.Depth, ReturnAddress = begun.ReturnAddress, Caller = symbols.Find(begun.ReturnAddress)?.ToString(),
            Process = begun.Process, PageDirectory = begun.PageDirectory, Stack = begun.Slot,
        };
    }
}
