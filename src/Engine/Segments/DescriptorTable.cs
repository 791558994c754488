using System.Buffers.Binary;
using LguestPS.State;

namespace LguestPS.Segments;

/// <summary>The guest's global descriptor table, as the guest loaded it and made safe for ring 1 (ABI §6).</summary>
internal sealed class DescriptorTable
{
    public const int Entries = 32;

    /// <summary>Bytes of a descriptor.</summary>
    public const int DescriptorSize = 8;

    public const int FirstTls = 6;
    public const int TlsEntries = 3;
    public const int KernelCodeEntry = 12;
    public const int KernelDataEntry = 13;

    /// <summary>The ring the guest's kernel runs in.</summary>
    public const int GuestPrivilegeLevel = 1;

    public const ushort KernelCodeSelector = KernelCodeEntry << 3 | GuestPrivilegeLevel;
    public const ushort KernelDataSelector = KernelDataEntry << 3 | GuestPrivilegeLevel;

    // Present, ring 1, accessed, 32 bits, base 0, limit 4 GiB.
    private const ulong FlatCode = 0x00CFBB000000FFFF;
    private const ulong FlatData = 0x00CFB3000000FFFF;

    private const ulong AccessedBit = 1UL << 40;

    // Nothing to a 32-bit processor; a 64-bit one would run such code beyond the guest's 4 GiB.
    private const ulong LongModeBit = 1UL << 53;
    internal const ulong CodeOrDataBit = 1UL << 44;
    private const int PrivilegeShift = 45;

    private readonly ulong[] descriptors = new ulong[Entries];
    private readonly ulong?[] loaded = new ulong?[Entries];
    private readonly Action<ReadOnlySpan<ulong>> use;

    /// <param name="use">Tells the vCPU the descriptors, here and whenever they change.</param>
    public DescriptorTable(Action<ReadOnlySpan<ulong>> use)
    {
        this.use = use;
        Reset();
    }

    /// <summary>Makes it the one that guests start with.</summary>
    public void Reset()
    {
        Array.Clear(descriptors);
        Array.Clear(loaded);
        descriptors[KernelCodeEntry] = FlatCode;
        descriptors[KernelDataEntry] = FlatData;
        use(descriptors);
    }

    /// <summary>The table as the vCPU uses it.</summary>
    public ReadOnlySpan<ulong> Descriptors => descriptors;

    /// <summary>A descriptor as the guest last loaded it; null if it never did.</summary>
    public ulong? Loaded(int entry) => loaded[entry];

    /// <summary>Replaces descriptors from entry <paramref name="first"/> on with the guest's.</summary>
    public void Load(int first, ReadOnlySpan<byte> table)
    {
        for (int i = 0; i < table.Length / 8; i++)
        {
            ulong descriptor = BinaryPrimitives.ReadUInt64LittleEndian(table[(i * 8)..]);
            loaded[first + i] = descriptor;
            if (!BelongsToHost(first + i)) descriptors[first + i] = MakeSafe(descriptor);
        }
        use(descriptors);
    }

    public void Save(StateWriter state)
    {
        state.Part("descriptors");
        state.WriteRaw<ulong>(descriptors);
        foreach (ulong? descriptor in loaded) state.Write(descriptor, state.Write);
    }

    /// <exception cref="InvalidStateException">The state is cut off; unsafe descriptors are made safe like a guest's.</exception>
    public void Load(StateReader state)
    {
        state.Part("descriptors");
        state.ReadRaw<ulong>(descriptors);
        for (int i = 0; i < Entries; i++) loaded[i] = state.ReadOptional(state.ReadUInt64);
        for (int i = 0; i < Entries; i++) descriptors[i] = BelongsToHost(i) ? 0 : MakeSafe(descriptors[i]);
        use(descriptors);
    }

    /// <summary>The original kept its TSS, its own two segments and the double-fault TSS here; a guest's are never taken.</summary>
    public static bool BelongsToHost(int entry) => entry is 10 or 11 or 16 or 31;

    private static ulong MakeSafe(ulong descriptor)
    {
        // Gates, TSSs and LDTs would be ways out of ring 1.
        if ((descriptor & CodeOrDataBit) == 0) return 0;
        if (((descriptor >> PrivilegeShift) & 3) == 0) descriptor |= (ulong)GuestPrivilegeLevel << PrivilegeShift;
        return (descriptor | AccessedBit) & ~LongModeBit;
    }
}
