namespace LguestPS.Cpu.Emulated;

/// <summary>Linear addresses, of which most questions are whether one is in it, and most answers no.</summary>
internal sealed class AddressSet
{
    private const int Bits = 1 << 16;

    private readonly ulong[] present = new ulong[Bits / 64];
    // Made with the first address: most guests have none, and the runtime compiles sets of numbers again at each start.
    private HashSet<uint>? addresses;

    public int Count => addresses?.Count ?? 0;

    public bool Contains(uint address) => (present[Word(address)] & Bit(address)) != 0 && addresses!.Contains(address);

    /// <returns>False if it was there already.</returns>
    public bool Add(uint address)
    {
        present[Word(address)] |= Bit(address);
        return (addresses ??= []).Add(address);
    }

    public void Clear()
    {
        if (Count == 0) return;
        Array.Clear(present);
        addresses!.Clear();
    }

    private static int Word(uint address) => (int)((address ^ address >> 16) & Bits - 1) >> 6;

    private static ulong Bit(uint address) => 1ul << (int)((address ^ address >> 16) & 63);
}
