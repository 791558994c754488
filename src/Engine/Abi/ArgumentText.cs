using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Abi;

/// <summary>Shows the arguments of a hypercall by what they mean.</summary>
internal static class ArgumentText
{
    private const int DescriptorSize = 8;

    private static readonly (uint Nanoseconds, string Name)[] TimeUnits = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];

    /// <param name="call">The call.</param>
    /// <param name="parameter">Which of its parameters to show.</param>
    /// <param name="pointedAt">What stood where it points, if it does and somebody kept it.</param>
    public static string Of(Hypercall call, HypercallParameter parameter, byte[]? pointedAt)
    {
        uint value = call[parameter.Index];
        return parameter.Meaning switch
        {
            ParameterMeaning.Number => $"{value}",
            ParameterMeaning.Flag => value == 0 ? "0" : "1",
            ParameterMeaning.Selector => $"0x{value:x2}",
            ParameterMeaning.VirtualAddress => Linear(value, call.Symbols?.Describe(value)),
            ParameterMeaning.PhysicalAddress => Linear(value, call.Symbols?.DescribePhysical(value)),
            ParameterMeaning.StackTop => Linear(value, StackOf(call, value)),
            ParameterMeaning.PageTableEntry => PageTableEntry(value),
            ParameterMeaning.Nanoseconds => value == 0 ? "0 (cancel)" : Time(value),
            ParameterMeaning.FlushScope => value == 0 ? "user" : "all",
            ParameterMeaning.DirectorySlot => DirectorySlot(value),
            ParameterMeaning.Vector => value <= byte.MaxValue ? $"{value} ({Cpu.Vector.Name((byte)value)})" : $"{value}",
            ParameterMeaning.Gate => Gate(call, value, call[parameter.Index + 1]),
            ParameterMeaning.Descriptor => Descriptor((ulong)call[parameter.Index + 1] << 32 | value),
            ParameterMeaning.DescriptorTable => pointedAt is null ? $"0x{value:x8}" : $"0x{value:x8} [{Descriptors(parameter.FirstEntry, pointedAt)}]",
            ParameterMeaning.Text => pointedAt is null ? $"0x{value:x8}" : $"0x{value:x8} \"{Text(pointedAt)}\"",
            ParameterMeaning.CountAndIrq => $"{value >> 8} irq={(byte)value}{((byte)value == 0 ? " (unbind)" : "")}",
            _ => $"0x{value:x8}",
        };
    }

    private static string Linear(uint address, string? symbol) => symbol is null ? $"0x{address:x8}" : $"0x{address:x8} <{symbol}>";

    // A stack grows down from its top, so the top itself may already belong to something else.
    private static string? StackOf(Hypercall call, uint top) =>
        call.Symbols?.Table?.Find(top - 1) is { } last ? new SymbolLocation(last.Name, last.Address, last.Offset + 1).ToString() : null;

    private static string PageTableEntry(uint entry)
    {
        // 0 is also what a kernel sends to have just the translation forgotten (ABI §3).
        if (entry == 0) return "0 (not present, or a flush)";
        if ((entry & PageFlags.Present) == 0) return $"0x{entry:x8} (not present)";
        return $"0x{entry:x8} (frame 0x{entry >> GuestMemory.PageShift:x} {PageFlags.Names(entry)})";
    }

    private static string Time(uint nanoseconds)
    {
        (uint unit, string name) = TimeUnits.First(unit => nanoseconds >= unit.Nanoseconds);
        return string.Create(CultureInfo.InvariantCulture, $"{(decimal)nanoseconds / unit:0.#########} {name}");
    }

    private static string DirectorySlot(uint index)
    {
        PageLevel level = PageTableFormat.TwoLevel.AboveTables;
        if (index >= level.Entries) return $"{index}";
        uint first = index << level.Shift;
        return $"{index} (0x{first:x8}-0x{first + (level.Span - 1):x8})";
    }

    private static string Gate(Hypercall call, uint low, uint high)
    {
        if ((high & 0x8000) == 0) return "none (not present)";
        uint handler = (high & 0xFFFF0000) | (low & 0xFFFF);
        uint type = (high >> 8) & 0xF;
        string kind = type switch
        {
            0xE => "interrupt",
            0xF => "trap",
            _ => $"0x{type:x}",
        };
        return $"{Linear(handler, call.Symbols?.Describe(handler))} gate={kind} dpl={(high >> 13) & 3}";
    }

    private static string Descriptors(int firstEntry, byte[] table)
    {
        List<string> entries = [];
        for (int i = 0; i < table.Length / DescriptorSize; i++)
        {
            ulong descriptor = BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(i * DescriptorSize));
            if (descriptor != 0) entries.Add($"{firstEntry + i}: {Descriptor(descriptor)}");
        }
        return entries.Count == 0 ? "all empty" : string.Join(", ", entries);
    }

    /// <summary>A segment descriptor (Intel SDM volume 3, 3.4.5).</summary>
    public static string Descriptor(ulong descriptor)
    {
        if (descriptor == 0) return "empty";
        SegmentDescriptor segment = new(descriptor);
        string absent = segment.IsPresent ? "" : " not present";
        if (!segment.IsCodeOrData) return $"system type {segment.Type} dpl={segment.PrivilegeLevel}{absent}";
        string range = segment is { Base: 0, Limit: uint.MaxValue } ? "flat" : $"base=0x{segment.Base:x8} limit=0x{segment.Limit:x}";
        return $"{(segment.IsCode ? "code" : "data")} {range} dpl={segment.PrivilegeLevel}{absent}";
    }

    private static string Text(byte[] bytes)
    {
        int end = bytes.AsSpan().IndexOf((byte)0);
        StringBuilder text = new();
        foreach (char c in Encoding.Latin1.GetString(end < 0 ? bytes : bytes.AsSpan(0, end))) text.Append(char.IsControl(c) || c == '"' ? $"\\x{(int)c:x2}" : c);
        return text.ToString();
    }
}
