using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Machines;

/// <summary>The kernel's linear addresses as its own page tables have them now, for the host to use in its place.</summary>
internal static class KernelAddresses
{
    /// <summary>The guest-physical address of one of the kernel's linear addresses.</summary>
    /// <exception cref="GuestKilledException">The page is not mapped so; the reason is <paramref name="why"/> and the address.</exception>
    public static uint Translate(Machine machine, uint linear, PageAccess access, string why)
    {
        Translation translation = machine.PageTables.Walk(machine.PageDirectory, linear, access);
        if (translation.Bad is { } bad) throw new GuestKilledException(bad);
        return translation.Ok ? translation.Physical : throw new GuestKilledException($"{why} 0x{linear:x8}");
    }

    /// <summary>Makes sure that a trap from user mode will find its stack.</summary>
    /// <exception cref="GuestKilledException">A page of it is not mapped writable.</exception>
    public static void CheckStack(Machine machine)
    {
        // The first byte pushed lies below esp, so a page-aligned esp belongs to the page before.
        for (uint page = 0; page < machine.Stack.Pages; page++)
            Translate(machine, machine.Stack.Esp - 1 - page * GuestMemory.PageSize, PageAccess.Write, "bad stack page");
    }
}
