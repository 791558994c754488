using System.Runtime.InteropServices;

namespace LguestPS;

/// <summary>The registers a guest can see, as they stand between two instructions.</summary>
/// <remarks>
/// Selectors are what the guest loaded; the descriptors they select are the vCPU's business.
/// The privilege level is the low two bits of <see cref="Cs"/>: 1 for the guest's kernel, 3 for its programs.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public struct GuestRegisters
{
    public uint Eax;
    public uint Ecx;
    public uint Edx;
    public uint Ebx;
    public uint Esp;
    public uint Ebp;
    public uint Esi;
    public uint Edi;
    public uint Eip;
    public uint Eflags;
    public ushort Cs;
    public ushort Ss;
    public ushort Ds;
    public ushort Es;
    public ushort Fs;
    public ushort Gs;

    /// <summary>The current privilege level, 0 to 3.</summary>
    public readonly int PrivilegeLevel => Cs & 3;
}
