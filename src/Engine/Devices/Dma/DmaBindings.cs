using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Dma;

/// <summary>An array of buffers the guest bound to a key, and the interrupt it wants when one was filled.</summary>
internal sealed record DmaBinding(uint Key, uint Array, ushort Count, byte Irq)
{
    /// <summary>Where the search for a free buffer begins when another guest sends; counts on without end.</summary>
    public uint Next { get; set; }
}

/// <summary>The arrays a guest has bound (hypercall BIND_DMA, ABI §7): at most 32.</summary>
internal sealed class DmaBindings(GuestMemory memory)
{
    private const int Most = 32;
    private const uint KeyAlignment = 4;

    private readonly List<DmaBinding> bindings = [];

    public IReadOnlyList<DmaBinding> All => bindings;

    /// <exception cref="GuestKilledException">The key is misaligned or outside guest memory.</exception>
    public static void CheckKey(GuestMemory memory, uint key, string why)
    {
        if (key % KeyAlignment != 0 || !memory.Contains(key, KeyAlignment)) throw new GuestKilledException($"{why} 0x{key:x8}");
    }

    /// <summary>Binds, or with irq 0 unbinds, an array of <paramref name="count"/> buffers at <paramref name="array"/>.</summary>
    /// <returns>Whether that was done.</returns>
    /// <exception cref="GuestKilledException">The key is bad.</exception>
    public bool Bind(uint key, uint array, ushort count, byte irq)
    {
        if (irq >= InterruptController.Irqs) return false;
        CheckKey(memory, key, "bad dma key");
        if (irq == 0)
        {
            int bound = bindings.FindLastIndex(binding => binding.Key == key && binding.Array == array);
            if (bound < 0) return false;
            bindings.RemoveAt(bound);
            return true;
        }
        if (bindings.Count == Most) return false;
        bindings.Add(new DmaBinding(key, array, count, irq));
        return true;
    }

    /// <summary>Unbinds all.</summary>
    public void Reset() => bindings.Clear();

    public void Save(StateWriter state)
    {
        state.Part("dma");
        state.Write(bindings.Count);
        foreach (DmaBinding binding in bindings)
        {
            state.Write(binding.Key);
            state.Write(binding.Array);
            state.Write(binding.Count);
            state.Write(binding.Irq);
            state.Write(binding.Next);
        }
    }

    /// <exception cref="InvalidStateException">There are more arrays than a guest may bind, or one has an irq that does not exist.</exception>
    public void Load(StateReader state)
    {
        state.Part("dma");
        bindings.Clear();
        for (int left = state.ReadInt32(0, Most, "the number of DMA arrays"); left > 0; left--)
        {
            DmaBinding binding = new(state.ReadUInt32(), state.ReadUInt32(), state.ReadUInt16(), state.ReadByte()) { Next = state.ReadUInt32() };
            if (binding.Irq >= InterruptController.Irqs) throw new InvalidStateException($"a DMA array has irq {binding.Irq}");
            bindings.Add(binding);
        }
    }

    /// <summary>The array bound to this key; of several the newest.</summary>
    public DmaBinding? Find(uint key) => bindings.FindLast(binding => binding.Key == key);

    /// <summary>The lowest-numbered free buffer (used_len 0) of an array, or null.</summary>
    /// <exception cref="GuestKilledException">The array is not inside guest memory, or a free buffer in it is bad.</exception>
    public DmaList? FindFree(DmaBinding binding, DmaLayout layout) =>
        FindFree(binding, layout, first: 0) is { } address ? DmaList.Read(memory, layout, address) : null;

    /// <summary>The next free buffer of an array for what another guest sent, looked for from the array's cursor, or null.</summary>
    /// <exception cref="GuestKilledException">The array is not inside guest memory, or the buffer cannot be written.</exception>
    public DmaList? FindNextFree(DmaBinding binding, DmaLayout layout) =>
        FindFree(binding, layout, binding.Next) is { } address
            ? DmaList.ReadBetweenGuests(memory, layout, address, "bad address writing to registered DMA: ")
            : null;

    private uint? FindFree(DmaBinding binding, DmaLayout layout, uint first)
    {
        uint size = binding.Count * DmaLayout.Size;
        if (!memory.Contains(binding.Array, size)) throw new GuestKilledException($"bad address in registered DMA struct 0x{binding.Array:x8}");
        for (uint i = 0; i < binding.Count; i++)
        {
            uint address = binding.Array + (first + i) % binding.Count * DmaLayout.Size;
            if (memory.Read32(address + layout.UsedLength) == 0) return address;
        }
        return null;
    }
}
