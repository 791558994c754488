using System.Buffers.Binary;
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
    private const string PowerDown = "Power down";

    public void Initialise(uint data)
    {
        if (machine.Data.IsInitialised) throw new GuestKilledException("already have lguest_data");
        if (EraCheck.FindOther(machine, data) is { } other) throw new GuestKilledException(other);
        machine.Data.Initialise(data);
        if (machine.Data.SyscallVector is { } vector && vector != EraSigns.SystemCallVector) throw new GuestKilledException($"bad syscall vector 0x{vector:x}");
        if (machine.Data.KernelAddress is { } address) SetKernelAddress(address);
        machine.Data.TellPageDirectory(machine.PageDirectory);
        machine.Data.ReserveMem = unchecked(0 - machine.PageTables.Format.End);
        machine.Data.TscKhz = machine.ShowsTimeStampCounter ? machine.Clock.TscKhz : 0;
        machine.Data.WriteGuestId(machine.Id);
        machine.Data.StampTime(machine.Clock.TimeOfDay);
        FlushTlb(all: true);
    }

    public void Crash(uint message)
    {
        string text = ReadText(message);
        if (text == PowerDown) machine.End(EndingKind.PowerDown, text);
        else machine.End(EndingKind.Crashed, $"CRASH: {text}");
    }

    public void Shutdown(uint message, uint reason)
    {
        // A restart has no text: its address is that of NULL.
        if (reason == IHypercallOperations.ShutdownRestart) machine.AsksForRestart = true;
        else Crash(message);
    }

    public void LoadGdt(uint table, uint entries)
    {
        if (entries > DescriptorTable.Entries) throw new GuestKilledException($"too many gdt entries {entries}");
        machine.Descriptors.Load(0, machine.Memory.Read(table, entries * 8));
    }

    public void LoadGdtEntry(uint entry, uint low, uint high)
    {
        if (entry >= DescriptorTable.Entries) throw new GuestKilledException($"too many gdt entries {entry}");
        Span<byte> descriptor = stackalloc byte[DescriptorTable.DescriptorSize];
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor, low);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[sizeof(uint)..], high);
        machine.Descriptors.Load((int)entry, descriptor);
    }

    public void LoadTls(uint descriptors) =>
        machine.Descriptors.Load(DescriptorTable.FirstTls, machine.Memory.Read(descriptors, DescriptorTable.TlsEntries * 8));

    public void NewPageTable(uint directory)
    {
        bool isFirst = machine.PageTables.Format.Mode == PagingMode.Linear;
        PageTableFormat format = isFirst ? machine.Abi.PageTables(PageTableFormat.Recognise(machine.Memory, directory)) : machine.PageTables.Format;
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

    public void SetPgd(uint directory, uint index)
    {
        PageTableFormat format = machine.PageTables.Format;
        if (format.Levels.Length == 0) return;      // nothing could have been remembered of tables that are not in use
        ref readonly PageLevel level = ref format.Levels[0];
        if (index >= level.Entries || index << level.Shift >= format.End) return;
        uint first = index << level.Shift;
        machine.Cpu.FlushRange(format.DirectoryOf(directory), first, first + (level.Span - 1));
    }

    // It names a table, not the directories that lead there.
    public void SetPmd(uint table, uint index) => machine.Cpu.FlushAll();

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

    public void Notify(uint address) => devices.Notify(address);

    // The trap itself lets the host look for interrupts.
    public void SendInterrupts()
    {
    }

    private void SetKernelAddress(uint address)
    {
        if (address == 0 || address >= machine.PageTables.Format.End) throw new GuestKilledException($"bad kernel address 0x{address:x8}");
        if (address != machine.PageOffset && machine.Abi.Boot.MapsPageOffset)
            throw new GuestKilledException($"the kernel is built for the page offset 0x{address:x8}, and was started with 0x{machine.PageOffset:x8}: a packed kernel does not always tell; use its vmlinux");
        machine.PageOffset = address;
    }

    private string ReadText(uint at)
    {
        uint length = at < machine.Memory.Size ? Math.Min(IHypercallOperations.CrashTextSize, machine.Memory.Size - at) : IHypercallOperations.CrashTextSize;
        ReadOnlySpan<byte> bytes = machine.Memory.Read(at, length)[..(int)Math.Min(length, IHypercallOperations.CrashTextSize - 1)];
        int end = bytes.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
