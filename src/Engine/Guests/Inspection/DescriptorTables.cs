using LguestPS.Abi;
using LguestPS.Cpu;
using LguestPS.Segments;

namespace LguestPS.Inspection;

/// <summary>Shows the GDT and the IDT as the guest set them.</summary>
internal static class DescriptorTables
{
    public static IReadOnlyList<GuestDescriptor> Global(Guest guest)
    {
        List<GuestDescriptor> shown = [];
        for (int i = 0; i < DescriptorTable.Entries; i++)
        {
            ulong value = guest.Machine.Descriptors.Descriptors[i];
            ulong? loaded = guest.Machine.Descriptors.Loaded(i);
            if (value == 0 && loaded is null or 0) continue;
            SegmentDescriptor descriptor = new(value);
            shown.Add(new GuestDescriptor
            {
                Guest = guest.Name, Index = i, Value = value, Loaded = loaded,
                Meaning = value == 0 ? $"refused: {(DescriptorTable.BelongsToHost(i) ? "the entry is the host's" : ArgumentText.Descriptor(loaded!.Value))}" : ArgumentText.Descriptor(value),
                Base = descriptor.Base, Limit = descriptor.Limit, PrivilegeLevel = descriptor.PrivilegeLevel, IsPresent = descriptor.IsPresent,
            });
        }
        return shown;
    }

    public static IReadOnlyList<GuestGate> Interrupt(Guest guest)
    {
        List<GuestGate> shown = [];
        for (int vector = 0; vector <= byte.MaxValue; vector++)
        {
            if (guest.Machine.Gates[vector] is not { } gate) continue;
            shown.Add(new GuestGate
            {
                Guest = guest.Name, Vector = (byte)vector, Name = Vector.Name((byte)vector),
                Handler = gate.Offset, Symbol = guest.Machine.Symbols?.Describe(gate.Offset),
                DisablesInterrupts = gate.DisablesInterrupts, PrivilegeLevel = gate.PrivilegeLevel,
            });
        }
        return shown;
    }
}
