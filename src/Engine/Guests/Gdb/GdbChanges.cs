using LguestPS.Paging;

namespace LguestPS.Gdb;

/// <summary>What gdb writes into the guest: each is an event of its own, as if a cmdlet had done it.</summary>
internal sealed class GdbChanges(Guest guest, string by)
{
    /// <returns>False if there is no such register, or it has another size.</returns>
    public bool SetRegister(int number, byte[] value)
    {
        if (number is < 0 or >= GdbRegisters.Count || value.Length != GdbRegisters.SizeOf(number)) return false;
        byte[] before = guest.Seat.Look(() => GdbRegisters.Read(guest.Cpu, number));
        if (before.AsSpan().SequenceEqual(value)) return true;
        guest.Intervene(InterventionOperation.SetRegister, by, () =>
        {
            GdbRegisters.Write(guest.Cpu, number, value);
            return new Intervention(new InterventionChange(TargetDescription.NameOf(number), null, before, GdbRegisters.Read(guest.Cpu, number)));
        });
        return true;
    }

    /// <returns>False if the bytes end too early; those before are set.</returns>
    public bool SetRegisters(ReadOnlySpan<byte> all)
    {
        for (int number = 0; number < GdbRegisters.Count; number++)
        {
            int size = GdbRegisters.SizeOf(number);
            if (all.Length < size) return false;
            SetRegister(number, all[..size].ToArray());
            all = all[size..];
        }
        return true;
    }

    /// <returns>False, with nothing written, if part of the range is not mapped.</returns>
    public bool WriteMemory(uint address, byte[] bytes)
    {
        if (bytes.Length == 0) return true;
        byte[] before = new byte[bytes.Length];
        if (!guest.Seat.Look(() => LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, address, before))) return false;
        guest.Intervene(InterventionOperation.SetMemory, by, () =>
        {
            LinearMemory.TryWrite(guest.Machine.PageTables, guest.Machine.PageDirectory, address, bytes);
            return new Intervention(new InterventionChange($"0x{address:x8}", guest.Machine.PageTables.Find(guest.Machine.PageDirectory, address), before, bytes));
        });
        return true;
    }
}
