using LguestPS.Abi;
using LguestPS.Machines;
using LguestPS.State;
using LguestPS.Symbols;

namespace LguestPS.Hypercalls;

/// <summary>The asynchronous ring: calls the guest left in lguest_data for the next time it traps.</summary>
/// <remarks>
/// A drain looks at one snapshot of the 64 status bytes (ABI §4), so it ends even if the guest could refill the ring;
/// the cursor outlives it. Between two entries a drain can be left and taken up again.
/// </remarks>
internal sealed class HypercallRing(GuestData data)
{
    private readonly byte[] snapshot = new byte[GuestDataLayout.RingSize];
    private readonly byte[] nextWords = new byte[data.RingEntrySize];
    private Hypercall? next, nextDirect;
    private int left;

    /// <summary>The slot that is looked at next, 0 to 63.</summary>
    public int Cursor { get; private set; }

    /// <summary>True from the first look at the ring until the drain ends.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>True once an entry has been done for the pending call, until that call is done itself.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>How many slots the drain may still look at; all of them before it starts.</summary>
    public int Left => IsDraining ? left : GuestDataLayout.RingSize;

    /// <summary>Whether the drain would do the call in a slot once it comes there: as the snapshot has it, or the ring before there is one.</summary>
    public bool WillDo(int slot) => (IsDraining ? snapshot[slot] : data.RingStatus[slot]) != GuestData.HypercallFree;

    /// <summary>The next entry of the drain, which this starts if need be; null when the ring is drained.</summary>
    /// <param name="abi">Gives the call its name.</param>
    /// <param name="direct">The call whose trap makes the ring be drained.</param>
    public Hypercall? Next(AbiProfile abi, Hypercall direct)
    {
        if (!IsDraining)
        {
            data.RingStatus.CopyTo(snapshot);
            left = GuestDataLayout.RingSize;
            IsDraining = true;
        }
        return left == 0 || snapshot[Cursor] == GuestData.HypercallFree ? null : Fetch(abi, direct);
    }

    /// <summary>What <see cref="Next"/> would give, without starting anything.</summary>
    public Hypercall? Peek(AbiProfile abi, Hypercall direct)
    {
        if (IsDraining) return Next(abi, direct);
        return data.RingStatus[Cursor] == GuestData.HypercallFree ? null : Fetch(abi, direct);
    }

    /// <summary>Moves the cursor over the entry that <see cref="Next"/> gave: it is being done.</summary>
    public void Advance()
    {
        Cursor = (Cursor + 1) % GuestDataLayout.RingSize;
        left--;
        HasBegun = true;
    }

    /// <summary>Gives the guest its slot back.</summary>
    public void MarkDone(int slot) => data.SetRingDone(slot);

    /// <summary>The drain makes way for the launcher and goes on with a new snapshot.</summary>
    public void Interrupt() => IsDraining = false;

    /// <summary>The pending call is done, and with it the drain; the next one starts with a new snapshot.</summary>
    public void EndDrain() => IsDraining = HasBegun = false;

    public void Reset()
    {
        EndDrain();
        Cursor = 0;
        next = nextDirect = null;
    }

    public void Save(StateWriter state)
    {
        state.Part("ring");
        state.Write(Cursor);
        state.Write(IsDraining);
        state.Write(HasBegun);
        state.Write(left);
        state.WriteRaw<byte>(snapshot);
    }

    /// <exception cref="InvalidStateException">The cursor is outside the ring.</exception>
    public void Load(StateReader state)
    {
        state.Part("ring");
        Cursor = state.ReadInt32(0, GuestDataLayout.RingSize - 1, "the ring's cursor");
        IsDraining = state.ReadBool();
        HasBegun = state.ReadBool();
        left = state.ReadInt32(0, GuestDataLayout.RingSize, "what is left of a drain");
        state.ReadRaw<byte>(snapshot);
    }

    /// <summary>Puts another call into a slot, as the guest itself would.</summary>
    public void Replace(AbiProfile abi, int slot, Hypercall call)
    {
        IReadOnlyList<ArgumentRegister> order = data.Layout.RingOrder;
        data.SetRingWord(slot, 0, call.Number);
        for (int i = 0; i < abi.Arguments.Count; i++)
        {
            for (int word = 0; word < order.Count; word++)
                if (order[word] == abi.Arguments[i]) data.SetRingWord(slot, word + 1, call[i]);
        }
    }

    /// <summary>The call in the next slot, parsed once: it stays as long as the same words stand there for the same trap.</summary>
    private Hypercall Fetch(AbiProfile abi, Hypercall direct)
    {
        ReadOnlySpan<byte> words = data.RingEntry(Cursor);
        if (next?.Slot == Cursor && nextDirect == direct && words.SequenceEqual(nextWords)) return next;
        words.CopyTo(nextWords);
        nextDirect = direct;
        return next = Read(abi, Cursor, direct.Eip, direct.Symbols);
    }

    /// <summary>The call that a slot holds, or held last.</summary>
    /// <param name="abi">Gives the call its name and the order of its arguments.</param>
    /// <param name="slot">0 to 63.</param>
    /// <param name="eip">Where the guest goes on after the trap that drains the ring.</param>
    /// <param name="symbols">Names addresses.</param>
    public Hypercall Read(AbiProfile abi, int slot, uint eip, GuestSymbols? symbols)
    {
        // Words 1 to n are in ring order; the profile says which register each stands for.
        IReadOnlyList<ArgumentRegister> order = data.Layout.RingOrder;
        Span<uint> arguments = stackalloc uint[4];
        for (int i = 0; i < abi.Arguments.Count; i++)
        {
            for (int word = 0; word < order.Count; word++)
                if (order[word] == abi.Arguments[i]) arguments[i] = data.RingWord(slot, word + 1);
        }
        uint number = data.RingWord(slot, 0);
        return new Hypercall(abi.FindCall(number), number, (arguments[0], arguments[1], arguments[2], arguments[3]), slot, eip, symbols);
    }
}
