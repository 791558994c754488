using LguestPS.Errors;

namespace LguestPS.Segments;

/// <summary>The ring-1 stack that traps from user mode switch to (hypercall SET_STACK).</summary>
/// <param name="Ss">Stack segment; its requested privilege level is 1.</param>
/// <param name="Esp">Where the first push goes below.</param>
/// <param name="Pages">Pages below <paramref name="Esp"/> that must stay mapped, 0 to 2.</param>
internal readonly record struct KernelStack(ushort Ss, uint Esp, uint Pages)
{
    internal const uint MostPages = 2;

    /// <exception cref="GuestKilledException">The segment is not a ring-1 one, or there are too many pages.</exception>
    public static KernelStack Create(uint ss, uint esp, uint pages)
    {
        if ((ss & 3) != DescriptorTable.GuestPrivilegeLevel) throw new GuestKilledException($"bad stack segment 0x{ss:x}");
        if (pages > MostPages) throw new GuestKilledException($"bad stack pages {pages}");
        return new KernelStack((ushort)ss, esp, pages);
    }
}
