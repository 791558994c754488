using System.Text;
using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Hypercalls;

/// <summary>What each hypercall does (ABI §3). Numbers and argument order are the profiles' business.</summary>
internal sealed class HypercallHandlers(Machine machine, IDeviceOperations devices) : IHypercallOperations
{
    private const uint ReservedAtTop = 4 << 20;
    private const string PowerDown = "Power down";

    public void Initialise(uint data)
    {
        if (machine.Data.IsInitialised) throw new GuestKilledException("already have lguest_data");
        if (EraCheck.FindOther(machine, data) is { } other) throw new GuestKilledException(other);
        machine.Data.Initialise(data);
        machine.Data.ReserveMem = ReservedAtTop;
        machine.Data.TscKhz = machine.ShowsTimeStampCounter ? machine.Clock.TscKhz : 0;
        machine.Data.WriteGuestId(machine.Id);
        machine.Data.StampTime(machine.Clock.TimeOfDay);
        FlushTlb(all: true);
    }

    public void Crash(uint message)
    {
        uint length = message < machine.Memory.Size ? Math.Min(IHypercallOperations.CrashTextSize, machine.Memory.Size - message) : IHypercallOperations.CrashTextSize;
        ReadOnlySpan<byte> bytes = machine.Memory.Read(message, length)[..(int)Math.Min(length, IHypercallOperations.CrashTextSize - 1)];
        int end = bytes.IndexOf((byte)0);
        string text = Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]);
        if (text == PowerDown) machine.End(EndingKind.PowerDown, text);
        else machine.End(EndingKind.Crashed, $"CRASH: {text}");
    }

    public void LoadGdt(uint table, uint entries)
    {
        if (entries > DescriptorTable.Entries) throw new GuestKilledException($"too many gdt entries {entries}");
        machine.Descriptors.Load(0, machine.Memory.Read(table, entries * 8));
    }

    public void LoadTls(uint descriptors) =>
        machine.Descriptors.Load(DescriptorTable.FirstTls, machine.Memory.Read(descriptors, DescriptorTable.TlsEntries * 8));

    public void NewPageTable(uint directory)
    {
        bool isFirst = machine.PageTables.Format.Mode == PagingMode.Linear;
        PageTableFormat format = isFirst ? PageTableFormat.Recognise(machine.Memory, directory) : machine.PageTables.Format;
        directory = format.DirectoryOf(directory);
        if (!machine.Memory.Contains(directory, format.DirectorySize)) throw new GuestKilledException($"bad page directory 0x{directory:x8}");
        if (isFirst) machine.SetPageTableFormat(format);
        machine.SetPageDirectory(directory);
        KernelAddresses.CheckStack(machine);
    }

    public void FlushTlb(bool all)
    {
        if (all)
        {
            machine.Cpu.FlushAll();
            KernelAddresses.CheckStack(machine);
        }
        else
        {
            machine.Cpu.FlushUser(machine.PageOffset);
        }
    }

    public void SetPte(uint directory, uint address)
    {
        // The entry itself is not used: the guest's table holds it, and 0 is sent for entries that are still present.
        if (address >= machine.PageTables.Format.End) throw new GuestKilledException($"attempt to access switcher pages: SET_PTE 0x{address:x8}");
        machine.Cpu.FlushPage(address >= machine.PageOffset ? null : machine.PageTables.Format.DirectoryOf(directory), address);
    }

    public void SetPmd(uint directory, uint index)
    {
        PageTableFormat format = machine.PageTables.Format;
        if (format.Levels.IsEmpty) return;      // nothing could have been remembered of tables that are not in use
        ref readonly PageLevel level = ref format.Levels[0];
        if (index >= level.Entries || index << level.Shift >= format.End) return;
        uint first = index << level.Shift;
        machine.Cpu.FlushRange(format.DirectoryOf(directory), first, first + (level.Span - 1));
    }

    public void LoadIdtEntry(uint vector, uint low, uint high) => machine.Gates.Load(vector, low, high);

    public void SetStack(uint ss, uint esp, uint pages)
    {
        machine.Stack = KernelStack.Create(ss, esp, pages);
        KernelAddresses.CheckStack(machine);
    }

    public void SetTaskSwitched(bool set)
    {
        machine.WantsFpuTrap = set;
        machine.Cpu.TaskSwitched = set;
    }

    public void SetClockEvent(uint nanoseconds) => machine.Clock.SetEvent(nanoseconds);

    public void Halt() => machine.IsHalted = true;

    public uint BindDma(uint key, uint array, uint countAndIrq) => devices.BindDma(key, array, count: (ushort)(countAndIrq >> 8), irq: (byte)countAndIrq);

    public void SendDma(uint key, uint dma) => devices.SendDma(key, dma);
}
