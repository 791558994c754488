using System.Buffers.Binary;
using System.Text;
using LguestPS.Abi;
using LguestPS.Boot;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Inspection;

/// <summary>Takes structures of the ABI apart, by the layout of the guest's own profile.</summary>
internal static class MemoryStructures
{
    private const int DescriptorSize = 8;

    /// <exception cref="LguestException">AddressNotMapped; or InvalidValue if the guest's era has no such structure.</exception>
    public static MemoryStructure Read(Guest guest, MemoryReader memory, uint address, MemoryType type)
    {
        int size = Size(guest, type);
        byte[] bytes = memory.Read(address, size);
        Fields fields = new(bytes);
        switch (type)
        {
            case MemoryType.LguestData: Data(fields, guest); break;
            case MemoryType.LguestDma: Dma(fields, guest); break;
            case MemoryType.Descriptor: SegmentDescriptor(fields); break;
            case MemoryType.Gate: Gate(fields, guest); break;
            case MemoryType.PageTableEntry: Entry(fields, size); break;
            default: BootParameters(fields, guest); break;
        }
        return new MemoryStructure
        {
            Guest = guest.Name, Address = address, Physical = memory.IsPhysical, Symbol = memory.Describe(address),
            Type = type, Size = size, Fields = fields.InOrder,
        };
    }

    private static int Size(Guest guest, MemoryType type) => type switch
    {
        MemoryType.LguestData => (int)guest.Data.Layout.Size,
        MemoryType.LguestDma => guest.Abi.Dma is null ? throw new LguestException(LguestError.InvalidValue, $"ABI profile '{guest.Abi.Name}' has no struct lguest_dma.") : (int)DmaLayout.Size,
        MemoryType.BootParameters => BootMemory.ParametersSize,
        MemoryType.PageTableEntry => guest.Machine.PageTables.Format.EntrySize,
        _ => DescriptorSize,
    };

    private static void Data(Fields fields, Guest guest)
    {
        GuestDataLayout layout = guest.Data.Layout;
        fields.U32("irq_enabled", GuestDataLayout.IrqEnabled, value => value == 0 ? "off" : "on");
        fields.U32("blocked_interrupts", GuestDataLayout.BlockedInterrupts, Irqs);
        fields.U32("cr2", GuestDataLayout.Cr2, guest.Machine.Symbols is { } symbols ? symbols.Describe : null);
        fields.U32("time.sec", GuestDataLayout.TimeSeconds, seconds => DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("u"));
        fields.U32("time.nsec", GuestDataLayout.TimeNanoseconds);
        if (layout.IrqPending is { } irqPending) fields.U32("irq_pending", irqPending, value => value == 0 ? null : "an interrupt waits");
        fields.Bytes("hcall_status", layout.HcallStatus, GuestDataLayout.RingSize, status => $"{status.Count(value => value != Machines.GuestData.HypercallFree)} of {GuestDataLayout.RingSize} slots in use");
        fields.Words("hcalls", layout.Hcalls, GuestDataLayout.RingSize * (layout.RingOrder.Count + 1), $"{GuestDataLayout.RingSize} times eax, {string.Join(", ", layout.RingOrder).ToLowerInvariant()}");
        fields.U32("reserve_mem", layout.ReserveMem, value => $"{value >> 20} MiB");
        fields.U32("tsc_khz", layout.TscKhz, value => value == 0 ? "the guest reads time instead" : null);
        if (layout.GuestId is { } guestId) fields.U16("guestid", guestId);
        if (layout.PageDirectory is { } pgdir) fields.U32("pgdir", pgdir);
        (string Name, uint? Offset)[] code = [("noirq_start", layout.NoIrqStart), ("noirq_end", layout.NoIrqEnd), ("noirq_iret", layout.NoIrqIret)];
        foreach ((string name, uint? offset) in code)
            if (offset is { } at) fields.U32(name, at, address => guest.Machine.Symbols?.Describe(address));
        if (layout.KernelAddress is { } kernelAddress) fields.U32("kernel_address", kernelAddress);
        if (layout.SyscallVec is { } syscallVec) fields.U32("syscall_vec", syscallVec);
    }

    private static void Dma(Fields fields, Guest guest)
    {
        DmaLayout layout = guest.Abi.Dma!;
        fields.U32("used_len", layout.UsedLength, value => value == 0 ? "free" : null);
        for (uint i = 0; i < DmaLayout.Sections; i++)
        {
            if (fields.Peek16(layout.Lengths + i * 2) == 0) break;
            fields.U16($"len[{i}]", layout.Lengths + i * 2);
            fields.U32($"addr[{i}]", layout.Addresses + i * 4, address => guest.Machine.Symbols?.DescribePhysical(address));
        }
    }

    private static void SegmentDescriptor(Fields fields)
    {
        ulong raw = fields.U64("descriptor", 0, ArgumentText.Descriptor);
        SegmentDescriptor descriptor = new(raw);
        fields.Add("base", 2, descriptor.Base, null);
        fields.Add("limit", 0, descriptor.Limit, null);
        fields.Add("dpl", 5, descriptor.PrivilegeLevel, null);
        fields.Add("present", 5, descriptor.IsPresent, null);
    }

    private static void Gate(Fields fields, Guest guest)
    {
        ulong raw = fields.U64("gate", 0, null);
        uint low = (uint)raw, high = (uint)(raw >> 32);
        uint handler = high & 0xFFFF0000 | low & 0xFFFF;
        fields.Add("handler", 0, handler, guest.Machine.Symbols?.Describe(handler));
        fields.Add("selector", 2, (ushort)(low >> 16), null);
        fields.Add("type", 5, (byte)(high >> 8 & 0xF), (high >> 8 & 0xF) switch { 0xE => "interrupt gate", 0xF => "trap gate", _ => null });
        fields.Add("dpl", 5, (int)(high >> 13 & 3), null);
        fields.Add("present", 5, (high & 0x8000) != 0, null);
    }

    private static void Entry(Fields fields, int size)
    {
        uint entry = fields.U32("entry", 0, PageFlags.Names);
        if (size > sizeof(uint)) fields.U32("upper", sizeof(uint), upper => upper == 0 ? null : "bad");
        fields.Add("frame", 0, entry & PageFlags.Frame, null);
    }

    private static void BootParameters(Fields fields, Guest guest)
    {
        byte entries = fields.U8("e820_entries", BootMemory.E820Entries);
        fields.U8("type_of_loader", BootMemory.LoaderType);
        fields.U32("ramdisk_image", BootMemory.RamdiskImage);
        fields.U32("ramdisk_size", BootMemory.RamdiskSize);
        fields.U32("cmd_line_ptr", BootMemory.CommandLinePointer, address => CommandLine(guest, address));
        fields.U32("hardware_subarch", BootMemory.HardwareSubarch, value => value == BootMemory.LguestSubarch ? "lguest" : null);
        for (uint i = 0; i < entries && BootMemory.E820Map + (i + 1) * BootMemory.E820EntrySize <= BootMemory.ParametersSize; i++)
        {
            uint at = BootMemory.E820Map + i * BootMemory.E820EntrySize;
            fields.U64($"e820[{i}].addr", at, value => $"0x{value:x8}");
            fields.U64($"e820[{i}].size", at + 8, value => $"{value >> 20} MiB");
            fields.U32($"e820[{i}].type", at + 16, value => value == BootMemory.E820Ram ? "RAM" : null);
        }
    }

    private static string? CommandLine(Guest guest, uint address)
    {
        byte[] text = new MemoryReader(guest, physical: true).ReadAvailable(address, 256);
        int end = text.AsSpan().IndexOf((byte)0);
        return end <= 0 ? null : $"\"{Encoding.Latin1.GetString(text, 0, end)}\"";
    }

    private static string? Irqs(uint bitmap) =>
        bitmap == 0 ? null : $"irq {string.Join(", ", Enumerable.Range(0, 32).Where(irq => (bitmap >> irq & 1) != 0))}";

    /// <summary>Collects the fields of one structure.</summary>
    private sealed class Fields(byte[] bytes)
    {
        private readonly List<MemoryField> fields = [];

        public MemoryField[] InOrder => [.. fields.OrderBy(one => one.Offset)];

        public void Add(string name, uint offset, object value, string? meaning) => fields.Add(new MemoryField(name, (int)offset, value, meaning));

        public byte U8(string name, uint offset)
        {
            Add(name, offset, bytes[offset], null);
            return bytes[offset];
        }

        public void U16(string name, uint offset) => Add(name, offset, Peek16(offset), null);

        public uint U32(string name, uint offset, Func<uint, string?>? meaning = null)
        {
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan((int)offset));
            Add(name, offset, value, meaning?.Invoke(value));
            return value;
        }

        public ulong U64(string name, uint offset, Func<ulong, string?>? meaning)
        {
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan((int)offset));
            Add(name, offset, value, meaning?.Invoke(value));
            return value;
        }

        public void Bytes(string name, uint offset, int count, Func<byte[], string?> meaning)
        {
            byte[] value = bytes.AsSpan((int)offset, count).ToArray();
            Add(name, offset, value, meaning(value));
        }

        public void Words(string name, uint offset, int count, string meaning)
        {
            uint[] words = new uint[count];
            for (int i = 0; i < count; i++) words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan((int)offset + i * 4));
            Add(name, offset, words, meaning);
        }

        public ushort Peek16(uint offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan((int)offset));
    }
}
