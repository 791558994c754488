using LguestPS.Abi;
using LguestPS.Cpu;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Machines;

/// <summary>The guest's struct lguest_data (ABI §2), through which host and guest share state without a hypercall.</summary>
internal sealed class GuestData(GuestMemory memory, GuestDataLayout layout)
{
    private uint address;

    /// <summary>Guest-physical address of the struct; 0 before LGUEST_INIT.</summary>
    public uint Address => address;

    public bool IsInitialised { get; private set; }

    public GuestDataLayout Layout { get; } = layout;

    /// <summary>The kernel's code between these two is never interrupted; read once, at LGUEST_INIT. Both are 0 in eras that do not say so.</summary>
    public uint NoIrqStart { get; private set; }

    public uint NoIrqEnd { get; private set; }

    /// <summary>The kernel's iret after which an interrupt comes that is due before it; read once, at LGUEST_INIT. Null in eras that do not name it.</summary>
    public uint? NoIrqIret { get; private set; }

    /// <summary>0x200 if the guest wants interrupts, else 0: the guest's own idea of IF.</summary>
    public uint IrqEnabled
    {
        get => Read(GuestDataLayout.IrqEnabled);
        set => Write(GuestDataLayout.IrqEnabled, value);
    }

    public uint BlockedInterrupts => Read(GuestDataLayout.BlockedInterrupts);

    public uint Cr2
    {
        set => Write(GuestDataLayout.Cr2, value);
    }

    /// <summary>The vector of system calls as the guest names it; null in eras that do not.</summary>
    public uint? SyscallVector => Read(Layout.SyscallVec);

    /// <summary>The page offset that the guest was built for; null in eras that do not say.</summary>
    public uint? KernelAddress => Read(Layout.KernelAddress);

    public uint ReserveMem
    {
        set => Write(Layout.ReserveMem, value);
    }

    public uint TscKhz
    {
        set => Write(Layout.TscKhz, value);
    }

    /// <exception cref="GuestKilledException">The struct is not wholly inside guest memory.</exception>
    public void Initialise(uint physical)
    {
        if (!memory.Contains(physical, Layout.Size)) throw new GuestKilledException($"bad guest page 0x{physical:x8}");
        address = physical;
        NoIrqStart = Read(Layout.NoIrqStart) ?? 0;
        NoIrqEnd = Read(Layout.NoIrqEnd) ?? 0;
        NoIrqIret = Read(Layout.NoIrqIret);
        IsInitialised = true;
    }

    /// <summary>The guest has not said yet where the struct is.</summary>
    public void Reset()
    {
        IsInitialised = false;
        address = NoIrqStart = NoIrqEnd = 0;
        NoIrqIret = null;
    }

    /// <summary>Tells the guest whether an interrupt waits for it to enable them, in eras that have that.</summary>
    public void TellPending(bool isWaiting)
    {
        if (Layout.IrqPending is not { } offset) return;
        uint value = isWaiting ? Eflags.Interrupt : 0;
        if (Read(offset) != value) Write(offset, value);
    }

    /// <summary>Tells the guest the guest-physical address of the page directory it runs on, in eras that ask for that.</summary>
    public void TellPageDirectory(uint directory)
    {
        if (Layout.PageDirectory is { } offset) Write(offset, directory);
    }

    public void StampTime((uint Seconds, uint Nanoseconds) time)
    {
        Write(GuestDataLayout.TimeSeconds, time.Seconds);
        Write(GuestDataLayout.TimeNanoseconds, time.Nanoseconds);
    }

    public void WriteGuestId(ushort id)
    {
        if (Layout.GuestId is { } offset) memory.Write16(address + offset, id);
    }

    public ReadOnlySpan<byte> RingStatus => memory.Read(address + Layout.HcallStatus, GuestDataLayout.RingSize);

    public void SetRingDone(int slot) => memory.Write8(address + Layout.HcallStatus + (uint)slot, HypercallFree);

    /// <summary>Bytes of a ring entry: eax and the words of its arguments.</summary>
    public int RingEntrySize => (Layout.RingOrder.Count + 1) * sizeof(uint);

    /// <summary>All words of ring entry <paramref name="slot"/>.</summary>
    public ReadOnlySpan<byte> RingEntry(int slot) => memory.Read(address + Layout.Hcalls + (uint)(slot * RingEntrySize), (uint)RingEntrySize);

    /// <summary>Word <paramref name="word"/> of ring entry <paramref name="slot"/>; word 0 is eax.</summary>
    public uint RingWord(int slot, int word)
    {
        uint entry = (uint)(slot * (Layout.RingOrder.Count + 1) + word);
        return Read(Layout.Hcalls + entry * 4);
    }

    /// <summary>Replaces what <see cref="RingWord"/> reads.</summary>
    public void SetRingWord(int slot, int word, uint value)
    {
        uint entry = (uint)(slot * (Layout.RingOrder.Count + 1) + word);
        Write(Layout.Hcalls + entry * 4, value);
    }

    /// <summary>The status of a ring slot that holds no call (any longer).</summary>
    public const byte HypercallFree = 0xFF;

    public void Save(StateWriter state)
    {
        state.Part("lguest_data");
        state.Write(IsInitialised);
        state.Write(address);
        state.Write(NoIrqStart);
        state.Write(NoIrqEnd);
        if (Layout.NoIrqIret is not null) state.Write(NoIrqIret ?? 0);
    }

    /// <exception cref="InvalidStateException">The struct is not wholly inside guest memory.</exception>
    public void Load(StateReader state)
    {
        state.Part("lguest_data");
        IsInitialised = state.ReadBool();
        address = state.ReadUInt32();
        NoIrqStart = state.ReadUInt32();
        NoIrqEnd = state.ReadUInt32();
        if (Layout.NoIrqIret is not null) NoIrqIret = state.ReadUInt32();
        if (!memory.Contains(address, Layout.Size)) throw new InvalidStateException($"lguest_data is at 0x{address:x8}, outside memory");
    }

    private uint? Read(uint? offset) => offset is { } at ? Read(at) : null;

    private uint Read(uint offset) => memory.Read32(address + offset);

    private void Write(uint offset, uint value) => memory.Write32(address + offset, value);
}
