using System.Text;

namespace LguestPS;

/// <summary>Bytes of a guest's memory.</summary>
public sealed record MemoryBlock : AddressView
{
    /// <summary>A copy of the bytes.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>The bytes as UTF-8 text.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes);
}

/// <summary>How to read memory.</summary>
public enum MemoryType : long
{
    Byte,
    SByte,
    UInt16,
    Int16,
    UInt32,
    Int32,
    UInt64,
    Int64,

    /// <summary>Text up to a zero byte.</summary>
    String,

    /// <summary>struct lguest_data in the guest's ABI profile (ABI §2).</summary>
    LguestData,

    /// <summary>struct lguest_dma in the guest's ABI profile (ABI §7).</summary>
    LguestDma,

    /// <summary>A segment descriptor (Intel SDM volume 3, 3.4.5).</summary>
    Descriptor,

    /// <summary>An interrupt or trap gate (Intel SDM volume 3, 6.11).</summary>
    Gate,

    /// <summary>An entry of a page table or page directory, of 4 bytes or with PAE 8 (Intel SDM volume 3, 4.3 and 4.4).</summary>
    PageTableEntry,

    /// <summary>struct boot_params, as far as the launcher fills it (ABI §9).</summary>
    BootParameters,
}

/// <summary>A number or text in a guest's memory.</summary>
public sealed record MemoryValue : AddressView
{
    public required MemoryType Type { get; init; }

    /// <summary>The value, of the .NET type with the type's name.</summary>
    public required object Value { get; init; }

    /// <summary>For a UInt32 or Int32, the symbol it points to; else null.</summary>
    public required string? PointsTo { get; init; }

    /// <summary>Bytes it takes in memory.</summary>
    public required int Size { get; init; }
}

/// <summary>A field of a structure in a guest's memory.</summary>
/// <param name="Name">Its name in Linux.</param>
/// <param name="Offset">Bytes from the start of the structure.</param>
/// <param name="Value">Its value: a number, an array of numbers, or text.</param>
/// <param name="Meaning">What the value means, or null.</param>
public sealed record MemoryField(string Name, int Offset, object Value, string? Meaning)
{
    public override string ToString() => $"{Name}={Value}";
}

/// <summary>A structure in a guest's memory, taken apart.</summary>
public sealed record MemoryStructure : AddressView
{
    public required MemoryType Type { get; init; }

    /// <summary>Its fields, in the order of their offsets.</summary>
    public required MemoryField[] Fields { get; init; }

    /// <summary>Bytes it takes in memory.</summary>
    public required int Size { get; init; }
}

/// <summary>A place where a search found what it looked for.</summary>
public sealed record MemoryHit : AddressView
{
    /// <summary>The guest-physical address; the same as <see cref="AddressView.Address"/> if that is physical.</summary>
    public required uint PhysicalAddress { get; init; }

    /// <summary>The bytes that were found, with what follows them, at most 32.</summary>
    public required byte[] Bytes { get; init; }
}
