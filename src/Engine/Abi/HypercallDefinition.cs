using LguestPS.Abi;
using LguestPS.Memory;

namespace LguestPS;

/// <summary>What an argument of a hypercall means; decides how it is shown.</summary>
public enum ParameterMeaning : long
{
    Number,
    Flag,
    PhysicalAddress,
    VirtualAddress,
    Selector,

    /// <summary>A page table entry: frame and flags.</summary>
    PageTableEntry,

    /// <summary>A length of time in nanoseconds; 0 cancels.</summary>
    Nanoseconds,

    /// <summary>What to flush: non-zero everything, 0 the user part of the current address space.</summary>
    FlushScope,

    /// <summary>A slot of a page directory: 4 MiB of linear addresses.</summary>
    DirectorySlot,

    /// <summary>The linear address after the first push.</summary>
    StackTop,

    /// <summary>A vector, 0 to 255.</summary>
    Vector,

    /// <summary>An interrupt or trap gate, in two arguments.</summary>
    Gate,

    /// <summary>A segment descriptor, in two arguments.</summary>
    Descriptor,

    /// <summary>Physical address of segment descriptors.</summary>
    DescriptorTable,

    /// <summary>Physical address of a text that ends with a zero byte.</summary>
    Text,

    /// <summary>A count in bits 8 and up, an irq in bits 0 to 7.</summary>
    CountAndIrq,
}

/// <summary>One named argument of a hypercall.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Meaning">What it means.</param>
public sealed record HypercallParameter(string Name, ParameterMeaning Meaning)
{
    /// <summary>Position of its first word among the call's arguments, from 0.</summary>
    public int Index { get; internal init; }

    /// <summary>Whether it is a guest-physical address.</summary>
    public bool IsPhysical => Meaning is ParameterMeaning.PhysicalAddress or ParameterMeaning.DescriptorTable or ParameterMeaning.Text;

    /// <summary>How many of the call's arguments it takes.</summary>
    public int Words => Meaning is ParameterMeaning.Gate or ParameterMeaning.Descriptor ? 2 : 1;

    /// <summary>For descriptors, the entry of the GDT that the first of them is for.</summary>
    internal int FirstEntry { get; init; }

    /// <summary>For an address of something the host reads at once: how many bytes of it at most.</summary>
    internal Func<Hypercall, uint>? PointsAt { get; init; }
}

/// <summary>A row of a profile's hypercall table: number, name, arguments and, where this engine can run it, what it does.</summary>
public sealed class HypercallDefinition
{
    private readonly HypercallParameter? pointer;

    internal HypercallDefinition(uint number, string name, IReadOnlyList<HypercallParameter> parameters, Func<IHypercallOperations, Hypercall, uint?> handler)
    {
        Number = number;
        Name = name;
        HypercallParameter[] placed = new HypercallParameter[parameters.Count];
        for (int i = 0; i < placed.Length; i++)
        {
            placed[i] = parameters[i] with { Index = ArgumentCount };
            ArgumentCount += placed[i].Words;
            if (placed[i].PointsAt is not null) pointer = placed[i];
        }
        Parameters = placed;
        Handler = handler;
    }

    public uint Number { get; }

    public string Name { get; }

    public IReadOnlyList<HypercallParameter> Parameters { get; }

    /// <summary>How many argument registers the call uses, 0 to 4.</summary>
    public int ArgumentCount { get; }

    /// <summary>Does the call; gives its result, or null for a call that has none.</summary>
    internal Func<IHypercallOperations, Hypercall, uint?> Handler { get; }

    /// <summary>Copies what an argument of the call points at, so that it can be shown when the guest has long reused that memory; null for most calls.</summary>
    internal byte[]? CopyPointedAt(GuestMemory memory, Hypercall call)
    {
        if (pointer is null) return null;
        uint address = call[pointer.Index];
        if (address >= memory.Size) return null;
        return memory.Read(address, Math.Min(pointer.PointsAt!(call), memory.Size - address)).ToArray();
    }
}
