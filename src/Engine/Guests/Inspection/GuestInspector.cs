using LguestPS.Inspection;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS;

/// <summary>Looks into a guest that stands still, and changes it on request. Looking leaves no trace in the guest: not even in the accessed bits of its page tables.</summary>
/// <remarks>
/// While somebody drives the guest, only they may look, on their own thread and between two events; nothing may be changed then.
/// Each change is recorded: an <see cref="InterventionEvent"/> comes out before whatever the guest does next.
/// Every member that looks or changes throws <see cref="LguestException"/> with GuestBusy or GuestEnded if the guest cannot be looked at.
/// </remarks>
public sealed class GuestInspector
{
    /// <summary>The most bytes one change of memory may have.</summary>
    public const int MostWritten = 1 << 20;

    private readonly Guest guest;

    internal GuestInspector(Guest guest) => this.guest = guest;

    /// <summary>The names of all registers.</summary>
    public static IReadOnlyList<string> RegisterNames => RegisterFile.Names;

    /// <summary>All registers; those of the x87 if the vCPU can show them.</summary>
    public IReadOnlyList<GuestRegister> Registers() => guest.Seat.Look(() => RegisterFile.All(guest).ToArray());

    /// <summary>What setting a register would change.</summary>
    /// <inheritdoc cref="SetRegister"/>
    public InterventionChange PlanRegister(string name, object value) => guest.Seat.Look(() => RegisterFile.Prepare(guest, name, value, out _));

    /// <summary>Sets a register.</summary>
    /// <param name="name">Its name; case does not matter.</param>
    /// <param name="value">A number; for any but st0 to st7 also an address expression; for those also all bits, as <see cref="GuestRegister.Bits"/> has them.</param>
    /// <param name="by">Who does it, for the event.</param>
    /// <exception cref="LguestException">InvalidValue: there is no such register, or the guest may not have that value; InvalidAddress.</exception>
    public void SetRegister(string name, object value, string by) => guest.Intervene(InterventionOperation.SetRegister, by, () =>
    {
        InterventionChange change = RegisterFile.Prepare(guest, name, value, out Action apply);
        apply();
        return new Intervention(change);
    });

    /// <summary>The address an expression stands for: numbers, symbols and registers (cr3 included), added and subtracted.</summary>
    /// <param name="expression">Such as 0xc0100000, schedule+0x1a or ebp-8.</param>
    /// <param name="physical">True for the guest-physical address a symbol has in the kernel's mapping of all memory.</param>
    /// <exception cref="LguestException">InvalidAddress.</exception>
    public uint Address(string expression, bool physical = false) => guest.Seat.Look(() => AddressExpression.Evaluate(guest, expression, physical));

    /// <summary>The name of a linear or guest-physical address, such as schedule+0x1a; null if it is not known.</summary>
    public string? Describe(uint address, bool physical = false) => guest.Seat.Look(() => new MemoryReader(guest, physical).Describe(address));

    /// <summary>Copies bytes of memory.</summary>
    /// <param name="address">Linear, or guest-physical.</param>
    /// <param name="length">At least 0.</param>
    /// <param name="physical">Which of the two the address is.</param>
    /// <exception cref="LguestException">AddressNotMapped, with the level of the page tables at which the walk failed.</exception>
    public MemoryBlock ReadMemory(uint address, int length, bool physical = false) => guest.Seat.Look(() =>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        MemoryReader memory = new(guest, physical);
        return new MemoryBlock { Guest = guest.Name, Address = address, Physical = physical, Symbol = memory.Describe(address), Bytes = memory.Read(address, length) };
    });

    /// <summary>Reads a number, a text or a structure; the address after it is <see cref="AddressView.Address"/> plus its Size.</summary>
    /// <returns>A <see cref="MemoryValue"/> or a <see cref="MemoryStructure"/>.</returns>
    /// <exception cref="LguestException">AddressNotMapped; InvalidValue if the guest's era has no such structure.</exception>
    public AddressView ReadMemory(uint address, MemoryType type, bool physical = false) => guest.Seat.Look<AddressView>(() =>
    {
        MemoryReader memory = new(guest, physical);
        return type >= MemoryType.LguestData ? MemoryStructures.Read(guest, memory, address, type) : MemoryTypes.Read(guest, memory, address, type);
    });

    /// <summary>What writing memory would change.</summary>
    /// <inheritdoc cref="WriteMemory"/>
    public IReadOnlyList<InterventionChange> PlanMemory(uint address, byte[] bytes, bool physical = false) => guest.Seat.Look(() => MemoryWriter.Plan(guest, address, bytes, physical));

    /// <summary>Writes memory, whatever the page tables say about writing. Translated code there is made anew.</summary>
    /// <param name="address">Linear, or guest-physical.</param>
    /// <param name="bytes">At most <see cref="MostWritten"/>.</param>
    /// <param name="by">Who does it, for the event.</param>
    /// <param name="physical">Which of the two the address is.</param>
    /// <exception cref="LguestException">AddressNotMapped, and then nothing was written; InvalidValue: too many bytes.</exception>
    public void WriteMemory(uint address, byte[] bytes, string by, bool physical = false) =>
        guest.Intervene(InterventionOperation.SetMemory, by, () => new Intervention(MemoryWriter.Write(guest, address, bytes, physical)));

    /// <summary>The bytes of a number as a guest stores it.</summary>
    /// <param name="type">A type of number.</param>
    /// <param name="value">The number; -1 and 0xffffffff are the same bytes.</param>
    /// <returns>Null if it does not fit, or the type is not a numeric type.</returns>
    public static byte[]? Encode(MemoryType type, long value) => MemoryTypes.Bytes(type, value);

    /// <summary>Looks for a pattern through memory; goes on as the result is enumerated.</summary>
    /// <param name="pattern">What to look for.</param>
    /// <param name="first">First address, linear or guest-physical.</param>
    /// <param name="last">Last address.</param>
    /// <param name="physical">Which of the two they are.</param>
    /// <param name="stop">Ends the search early.</param>
    public IEnumerable<MemoryHit> Search(BytePattern pattern, uint first = 0, uint last = uint.MaxValue, bool physical = false, CancellationToken stop = default)
    {
        MemorySearch search = new(guest, pattern, first, last, physical);
        while (!search.IsOver && !stop.IsCancellationRequested)
            foreach (MemoryHit hit in guest.Seat.Look(search.Piece)) yield return hit;
    }

    /// <summary>Translates a linear address, level by level.</summary>
    /// <param name="address">The linear address.</param>
    /// <param name="directory">Guest-physical address of a page directory; null for the one in use.</param>
    /// <exception cref="LguestException">InvalidAddress: no page directory can be there.</exception>
    public PageTableWalk WalkPageTables(uint address, uint? directory = null) => guest.Seat.Look(() =>
    {
        AddressSpace space = Space(directory);
        (PageTableEntry[] entries, string? problem) = space.Walk(address);
        return new PageTableWalk
        {
            Guest = guest.Name, Address = address, Symbol = guest.Machine.Symbols?.Describe(address), Directory = space.Directory,
            Entries = entries, PhysicalAddress = space.Translate(address), Problem = problem,
        };
    });

    /// <summary>All pages of a page directory, in ranges; goes on as the result is enumerated.</summary>
    /// <param name="directory">Guest-physical address of a page directory; null for the one in use.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="LguestException">InvalidAddress: no page directory can be there.</exception>
    public IEnumerable<PageRange> MappedPages(uint? directory = null, CancellationToken stop = default)
    {
        PageTableTree tree = guest.Seat.Look(() => new PageTableTree(guest.Name, Space(directory)));
        foreach (uint start in Space(directory).Stretches.TakeWhile(_ => !stop.IsCancellationRequested))
            foreach (PageRange range in guest.Seat.Look(() => tree.Stretch(start))) yield return range;
        if (tree.Rest() is { } rest) yield return rest;
    }

    /// <summary>The pages at which two page directories differ, in ranges; goes on as the result is enumerated.</summary>
    /// <param name="other">Guest-physical address of the second page directory.</param>
    /// <param name="directory">That of the first; null for the one in use.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="LguestException">InvalidAddress: no page directory can be there.</exception>
    public IEnumerable<PageDifference> ComparePages(uint other, uint? directory = null, CancellationToken stop = default)
    {
        PageTableComparison comparison = guest.Seat.Look(() => new PageTableComparison(guest.Name, Space(directory), Space(other)));
        foreach (uint start in Space(directory).Stretches.TakeWhile(_ => !stop.IsCancellationRequested))
            foreach (PageDifference difference in guest.Seat.Look(() => comparison.Stretch(start))) yield return difference;
        if (comparison.Rest() is { } rest) yield return rest;
    }

    /// <summary>The segment descriptors the guest has loaded.</summary>
    public IReadOnlyList<GuestDescriptor> Descriptors() => guest.Seat.Look(() => DescriptorTables.Global(guest));

    /// <summary>The gates the guest has loaded.</summary>
    public IReadOnlyList<GuestGate> Gates() => guest.Seat.Look(() => DescriptorTables.Interrupt(guest));

    /// <summary>Instructions in a row.</summary>
    /// <param name="address">Linear address of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="end">First address that is no longer wanted.</param>
    /// <param name="syntax">How to write them.</param>
    /// <exception cref="LguestException">AddressNotMapped, when the enumeration comes there.</exception>
    public IEnumerable<DisassembledInstruction> Disassemble(uint address, int count, uint end = uint.MaxValue, DisassemblySyntax syntax = DisassemblySyntax.Gas)
    {
        Disassembler disassembler = new(guest, syntax);
        for (; count > 0 && address < end; count--)
        {
            DisassembledInstruction instruction = guest.Seat.Look(() => disassembler.At(address));
            yield return instruction;
            address += (uint)instruction.Bytes.Length;
            if (address < instruction.Address) yield break;
        }
    }

    /// <summary>Where the function that an address is in begins and ends.</summary>
    /// <exception cref="LguestException">InvalidAddress: no symbol covers it.</exception>
    public (uint First, uint End) Function(uint address) => guest.Seat.Look(() =>
        guest.Symbols?.Find(address) is { } symbol ? (symbol.Address, guest.Symbols.EndOf(symbol.Address))
        : throw new LguestException(LguestError.InvalidAddress, $"0x{address:x8} is not in any function for which guest '{guest.Name}' has a symbol."));

    /// <summary>The functions that have been called and not yet returned, innermost first.</summary>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<CallStackFrame> CallStack(int most = 64) => guest.Seat.Look(() => new CallStack(guest, most).Frames());

    /// <summary>The virtqueues of its devices, in order; none for guests of the DMA eras.</summary>
    public IReadOnlyList<GuestVirtqueue> Virtqueues() => guest.Seat.Look(() => Inspection.Virtqueues.Of(guest));

    /// <summary>The arrays of DMA buffers the guest has bound, in the order it did.</summary>
    public IReadOnlyList<BoundDmaArray> DmaArrays() => guest.Seat.Look(() => Inspection.DmaArrays.Of(guest));

    /// <summary>The 64 slots of the asynchronous hypercall ring.</summary>
    /// <exception cref="LguestException">InvalidAddress: the guest has not called LGUEST_INIT yet.</exception>
    public IReadOnlyList<RingSlot> Ring() => guest.Seat.Look(() => RingSlots.Of(guest));

    /// <summary>What the next step would do.</summary>
    /// <param name="byInstruction">Whether the step is to be one instruction.</param>
    /// <exception cref="LguestException">GuestEnded: nothing.</exception>
    public NextStep NextStep(bool byInstruction = false) => guest.Seat.Look(() => guest.Ending is { } ending
        ? throw new LguestException(LguestError.GuestEnded, $"Guest '{guest.Name}' has ended: {ending.Reason}. Create it anew to run it again.")
        : StepPreview.Of(guest, byInstruction));

    private AddressSpace Space(uint? directory)
    {
        uint wanted = directory ?? guest.Machine.PageDirectory;
        PageTableFormat format = guest.Machine.PageTables.Format;
        if (wanted != format.DirectoryOf(wanted) || !guest.Memory.Contains(wanted, format.DirectorySize))
            throw new LguestException(LguestError.InvalidAddress, $"0x{wanted:x8} is not a page directory: one has {format.DirectorySize} bytes of guest memory, which ends at 0x{guest.Memory.Size - 1:x8}, aligned to {format.DirectoryAlignment}.");
        return new AddressSpace(guest.Machine.PageTables, wanted);
    }
}
