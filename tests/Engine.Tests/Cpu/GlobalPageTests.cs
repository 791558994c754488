using LguestPS.Cpu;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>The kernel's pages with the G flag stay known when the address space changes, as on a processor with CR4.PGE; whatever a hypercall names goes all the same.</summary>
public class GlobalPageTests
{
    private const uint Other = 0x40000, Page = 0xC0100000, Code = 0xC0200000;
    private const uint KernelRights = PageFlags.Present | PageFlags.Writable;
    private const uint GlobalRights = KernelRights | PageFlags.Global;

    public static TheoryData<string> Flushes => ["page", "page elsewhere", "slot elsewhere", "all"];

    [Fact]
    public void A_global_page_of_the_kernel_stays_known()
    {
        using CpuMachine machine = Reader(GlobalRights);
        machine.Memory.Write32(machine.TableEntryAddress(Page), 0);

        machine.Cpu.SetAddressSpace(Other);

        Assert.Equal(CpuExitKind.Budget, Read(machine).Kind);
        Assert.Equal(7u, machine.Registers.Eax);
    }

    [Fact]
    public void A_page_that_is_not_global_is_looked_up_again()
    {
        using CpuMachine machine = Reader(KernelRights);
        machine.Memory.Write32(machine.TableEntryAddress(Page), 0);

        machine.Cpu.SetAddressSpace(Other);

        Assert.Equal(Vector.PageFault, Read(machine).Vector);
    }

    [Theory]
    [MemberData(nameof(Flushes))]
    public void A_flush_reaches_a_global_page_from_any_address_space(string flush)
    {
        using CpuMachine machine = Reader(GlobalRights);
        machine.Memory.Write32(machine.TableEntryAddress(Page), 0);
        machine.Cpu.SetAddressSpace(Other);

        switch (flush)
        {
            case "page": machine.Cpu.FlushPage(null, Page); break;
            case "page elsewhere": machine.Cpu.FlushPage(CpuMachine.Directory, Page); break;
            case "slot elsewhere": machine.FlushTable(Page); break;
            default: machine.Cpu.FlushAll(); break;
        }

        Assert.Equal(Vector.PageFault, Read(machine).Vector);
    }

    [Fact]
    public void A_place_of_the_TLB_that_had_a_global_page_is_forgotten_with_a_local_one()
    {
        using CpuMachine machine = Reader(GlobalRights);
        const uint Beside = Page + (1 << 22);       // the same place of a TLB with up to 1,024
        machine.Page(Beside, KernelRights);
        CopyTables(machine);
        machine.Registers.Ecx = Beside;
        Assert.Equal(CpuExitKind.Budget, Read(machine).Kind);
        machine.Memory.Write32(machine.TableEntryAddress(Beside), 0);

        machine.Cpu.SetAddressSpace(Other);

        Assert.Equal(Vector.PageFault, Read(machine).Vector);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Code_of_the_kernel_follows_its_page(bool isGlobal)
    {
        using CpuMachine machine = Reader(GlobalRights);
        uint rights = isGlobal ? GlobalRights : KernelRights;
        machine.Memory.Write(machine.Page(Code, rights), [0xB8, 1, 0, 0, 0, 0xEB, 0xF9]);      // mov $1,%eax; jmp to it
        CopyTables(machine);
        machine.Registers.Eip = Code;
        machine.Run(6);
        uint frame = machine.Frame();
        machine.Memory.Write(frame, [0xB8, 2, 0, 0, 0, 0xEB, 0xF9]);
        machine.Memory.Write32(machine.TableEntryAddress(Code), frame | rights);

        machine.Cpu.SetAddressSpace(Other);
        machine.Run(6);

        Assert.Equal(isGlobal ? 1u : 2u, machine.Registers.Eax);
        machine.Cpu.FlushAll();
        machine.Run(6);
        Assert.Equal(2u, machine.Registers.Eax);
    }

    /// <summary>A kernel that has read 7 from a page, and a second page directory with the same page tables.</summary>
    private static CpuMachine Reader(uint rights)
    {
        CpuMachine machine = new(ring: 1);
        machine.Memory.Write32(machine.Page(Page, rights), 7);
        machine.Memory.Write(machine.Physical(CpuMachine.Code), [0x8B, 0x01]);     // mov (%ecx),%eax
        CopyTables(machine);
        machine.Registers.Ecx = Page;
        Assert.Equal(CpuExitKind.Budget, Read(machine).Kind);
        return machine;
    }

    private static void CopyTables(CpuMachine machine) => machine.Memory.Write(Other, machine.Memory.Read(CpuMachine.Directory, 4096).ToArray());

    private static CpuExit Read(CpuMachine machine)
    {
        machine.Registers.Eip = CpuMachine.Code;
        return machine.Run(1);
    }
}
