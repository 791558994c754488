using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.State;

namespace LguestPS.Machines;

/// <summary>A guest as it stood before its first instruction: what a reboot makes of it again, whatever has become of its kernel's file.</summary>
/// <param name="Memory">All memory, its devices' pages too; shares what has not changed since with the images of checkpoints.</param>
/// <param name="Registers">With the kernel's entry point.</param>
/// <param name="Paging">How the first page tables are laid out.</param>
/// <param name="PageDirectory">Guest-physical address of the first page directory.</param>
/// <param name="PageOffset">First linear address of the kernel's mapping of memory, as far as its image tells.</param>
internal sealed record BootImage(MemoryImage Memory, GuestRegisters Registers, PagingMode Paging, uint PageDirectory, uint PageOffset)
{
    // Far above what the small state takes.
    private const int MostStateBytes = 4096;

    /// <summary>The image of a guest that is loaded and has not run.</summary>
    public static BootImage Of(Machine machine) => new(
        MemoryImage.Of(machine.Memory, allChanged: false), machine.Cpu.Registers, machine.PageTables.Format.Mode, machine.PageDirectory, machine.PageOffset);

    /// <exception cref="InvalidStateException">It is not one of such a guest.</exception>
    public void Check(Machine machine)
    {
        PageTableFormat format = machine.Abi.PageTables(Paging);
        if (Memory.Frames != machine.Memory.FrameLimit) throw new InvalidStateException($"it was booted with {Memory.Frames} pages of memory, and has {machine.Memory.FrameLimit}");
        if (PageDirectory != format.DirectoryOf(PageDirectory) || !machine.Memory.Contains(PageDirectory, format.DirectorySize)) throw new InvalidStateException($"its first page directory is at 0x{PageDirectory:x8}");
        if (Registers.PrivilegeLevel == 0) throw new InvalidStateException("it was booted in ring 0");
    }

    /// <param name="file">Where to.</param>
    /// <param name="now">The guest's memory, which is in the same file: what is the same there is not written again.</param>
    public void WriteTo(BinaryWriter file, MemoryImage now)
    {
        StateWriter state = new();
        state.Part("boot");
        state.WriteRaw<GuestRegisters>([Registers]);
        state.Write((int)Paging);
        state.Write(PageDirectory);
        state.Write(PageOffset);
        byte[] bytes = state.ToArray();
        file.Write(bytes.Length);
        file.Write(bytes);
        Memory.WriteTo(file, now);
    }

    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    public static BootImage ReadFrom(BoundedReader file, MemoryImage now)
    {
        StateReader state = new(file.Read(file.ReadInt32(), MostStateBytes, "what it was booted with"), []);
        state.Part("boot");
        GuestRegisters registers = default;
        state.ReadRaw(new Span<GuestRegisters>(ref registers));
        PagingMode paging = state.ReadEnum<PagingMode>("the first paging mode");
        uint directory = state.ReadUInt32(), offset = state.ReadUInt32();
        if (state.Left != 0) throw new InvalidStateException("what it was booted with goes on after its end");
        return new BootImage(MemoryImage.ReadFrom(file, now), registers, paging, directory, offset);
    }
}
