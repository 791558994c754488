using LguestPS.Native;

namespace LguestPS.Cpu.Kvm;

/// <summary>What the guest's four data segment registers hold.</summary>
internal readonly record struct DataSelectors(ushort Ds, ushort Es, ushort Fs, ushort Gs)
{
    public static DataSelectors Of(in GuestRegisters registers) => new(registers.Ds, registers.Es, registers.Fs, registers.Gs);

    public static DataSelectors Of(in kvm_sregs special) => new(special.ds.selector, special.es.selector, special.fs.selector, special.gs.selector);
}
