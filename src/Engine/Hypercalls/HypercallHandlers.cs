using System.Text;
using LguestPS.Abi;
using LguestPS.Dma;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.Segments;

namespace LguestPS.Hypercalls;

/// <summary>What each hypercall does (ABI §3). Numbers and argument order are the profiles' business.</summary>
internal sealed class HypercallHandlers(Guest guest) : IHypercallOperations
{
    private const uint ReservedAtTop = 4 << 20;
    private const string PowerDown = "Power down";

    public void Initialise(uint data)
    {
        if (guest.Data.IsInitialised) throw new GuestKilledException("already have lguest_data");
        guest.Data.Initialise(data);
        guest.Data.ReserveMem = ReservedAtTop;
        guest.Data.TscKhz = guest.Definition.Tsc == TscChoice.Auto ? guest.Clock.TscKhz : 0;
        guest.Data.WriteGuestId(guest.Id);
        guest.Data.StampTime(guest.Clock.TimeOfDay);
        FlushTlb(all: true);
    }

    public void Crash(uint message)
    {
        uint length = message < guest.Memory.Size ? Math.Min(IHypercallOperations.CrashTextSize, guest.Memory.Size - message) : IHypercallOperations.CrashTextSize;
        ReadOnlySpan<byte> bytes = guest.Memory.Read(message, length)[..(int)Math.Min(length, IHypercallOperations.CrashTextSize - 1)];
        int end = bytes.IndexOf((byte)0);
        string text = Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]);
        if (text == PowerDown) guest.End(EndingKind.PowerDown, text);
        else guest.End(EndingKind.Crashed, $"CRASH: {text}");
    }

    public void LoadGdt(uint table, uint entries)
    {
        if (entries > DescriptorTable.Entries) throw new GuestKilledException($"too many gdt entries {entries}");
        guest.Descriptors.Load(0, guest.Memory.Read(table, entries * 8));
    }

    public void LoadTls(uint descriptors) =>
        guest.Descriptors.Load(DescriptorTable.FirstTls, guest.Memory.Read(descriptors, DescriptorTable.TlsEntries * 8));

    public void NewPageTable(uint directory)
    {
        directory &= PageFlags.Frame;
        if (!guest.Memory.Contains(directory, GuestMemory.PageSize)) throw new GuestKilledException($"bad page directory 0x{directory:x8}");
        guest.SetPageDirectory(directory);
        guest.Stack.Check(guest);
    }

    public void FlushTlb(bool all)
    {
        if (all)
        {
            guest.Cpu.FlushAll();
            guest.Stack.Check(guest);
        }
        else
        {
            guest.Cpu.FlushUser(guest.PageOffset);
        }
    }

    public void SetPte(uint directory, uint address)
    {
        // The entry itself is not used: the guest's table holds it, and 0 is sent for entries that are still present.
        if (address >= GuestMemory.SwitcherBase) throw new GuestKilledException($"attempt to access switcher pages: SET_PTE 0x{address:x8}");
        guest.Cpu.FlushPage(address >= guest.PageOffset ? null : directory & PageFlags.Frame, address);
    }

    public void SetPmd(uint directory, uint index)
    {
        if (index >= GuestMemory.SwitcherBase >> 22) return;
        guest.Cpu.FlushSlot(directory & PageFlags.Frame, index);
    }

    public void LoadIdtEntry(uint vector, uint low, uint high) => guest.Gates.Load(vector, low, high);

    public void SetStack(uint ss, uint esp, uint pages)
    {
        guest.Stack = KernelStack.Create(ss, esp, pages);
        guest.Stack.Check(guest);
    }

    public void SetTaskSwitched(bool set)
    {
        guest.WantsFpuTrap = set;
        guest.Cpu.TaskSwitched = set;
    }

    public void SetClockEvent(uint nanoseconds) => guest.Clock.SetEvent(nanoseconds);

    public void Halt() => guest.IsHalted = true;

    public uint BindDma(uint key, uint array, uint countAndIrq)
    {
        if (!guest.Bindings.Bind(key, array, count: (ushort)(countAndIrq >> 8), irq: (byte)countAndIrq)) return 0;
        guest.Devices.BindingsChanged(guest);
        return 1;
    }

    public void SendDma(uint key, uint dma)
    {
        DmaBindings.CheckKey(guest.Memory, key, "bad sending DMA key");
        if (guest.Devices.FindShared(key) is { } card) card.Send(guest, key, dma);
        else guest.PendingDma = new PendingDma(key, dma, guest.Devices.FindByKey(key)?.Name);
    }
}
