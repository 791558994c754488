using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>A vCPU on the machine's KVM, alone: what it reports, and what it keeps from a guest.</summary>
[Trait("Cpu", "kvm")]
public class KvmCpuTests
{
    [SkippableFact]
    public void A_trap_comes_with_its_registers()
    {
        using CpuMachine machine = KvmMachine.Make(ring: 1);
        machine.Cpu.SetGatePrivilege(Vector.Hypercall, 1);
        machine.Assemble(a =>
        {
            a.mov(eax, 1);
            a.mov(ecx, 2);
            a.mov(edx, 3);
            a.mov(ebx, 4);
            a.mov(ebp, 5);
            a.mov(esi, 6);
            a.mov(edi, 7);
            a.stc();
            a.@int(Vector.Hypercall);
        });
        uint behind = CpuMachine.Code + 7 * 5 + 1 + 2;

        Assert.Equal(CpuExit.Trap(Vector.Hypercall), KvmMachine.Run(machine));

        GuestRegisters r = machine.Registers;
        Assert.Equal((1u, 2u, 3u, 4u, 5u, 6u, 7u), (r.Eax, r.Ecx, r.Edx, r.Ebx, r.Ebp, r.Esi, r.Edi));
        Assert.Equal((behind, CpuMachine.StackTop, 0x203u), (r.Eip, r.Esp, r.Eflags));
        Assert.Equal((CpuMachine.KernelCode, CpuMachine.KernelData, CpuMachine.KernelData), (r.Cs, r.Ss, r.Ds));
    }

    [SkippableTheory]
    [InlineData(3, Vector.GeneralProtection, Vector.Hypercall * 8 + 2)]
    [InlineData(1, Vector.Hypercall, 0)]
    public void A_gates_privilege_is_kept(int ring, byte vector, uint errorCode)
    {
        using CpuMachine machine = KvmMachine.Make(ring);
        machine.Cpu.SetGatePrivilege(Vector.Hypercall, 1);
        machine.Bytes(CpuMachine.Code, 0xCD, Vector.Hypercall);
        Assert.Equal(CpuExit.Trap(vector, errorCode), KvmMachine.Run(machine));
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_accessed_and_dirty_bits_are_set_as_pages_are_used(int ring)
    {
        using CpuMachine machine = KvmMachine.Make(ring);
        machine.Assemble(a =>
        {
            a.mov(eax, __dword_ptr[CpuMachine.Data]);
            a.@int(0x80);
            a.mov(__dword_ptr[CpuMachine.Data], eax);
            a.@int(0x80);
        });
        machine.Cpu.SetGatePrivilege(0x80, 3);

        KvmMachine.Run(machine);
        Assert.Equal(PageFlags.Accessed, machine.TableEntry(CpuMachine.Data) & (PageFlags.Accessed | PageFlags.Dirty));
        KvmMachine.Run(machine);
        Assert.Equal(PageFlags.Accessed | PageFlags.Dirty, machine.TableEntry(CpuMachine.Data) & (PageFlags.Accessed | PageFlags.Dirty));
    }

    [SkippableTheory]
    [InlineData(1, CpuMachine.Data, PageFlags.Present | PageFlags.User, true, 3u)]
    [InlineData(3, CpuMachine.Data, PageFlags.Present | PageFlags.User, true, 7u)]
    [InlineData(3, CpuMachine.Data, PageFlags.Present | PageFlags.Writable, false, 5u)]
    [InlineData(1, CpuMachine.Data, PageFlags.Writable, false, 0u)]
    [InlineData(1, 0xFFC00000u, 0u, true, 2u)]
    [InlineData(3, 0xFFFFF000u, 0u, false, 4u)]
    public void A_page_fault_has_the_error_code_that_the_guests_tables_give(int ring, uint address, uint rights, bool write, uint errorCode)
    {
        using CpuMachine machine = KvmMachine.Make(ring);
        if (rights != 0) machine.Map(CpuMachine.Data, machine.Physical(CpuMachine.Data), rights);
        machine.Assemble(a =>
        {
            if (write) a.mov(__dword_ptr[address], eax);
            else a.mov(eax, __dword_ptr[address]);
        });
        Assert.Equal(CpuExit.Trap(Vector.PageFault, errorCode, address), KvmMachine.Run(machine));
    }

    [SkippableTheory]
    [InlineData(PageFlags.Present | PageFlags.LargePage, "bad page table entry")]
    [InlineData(PageFlags.Present | PageFlags.WriteThrough, "bad page table entry")]
    [InlineData(PageFlags.Present | 0x7FFFF000, "bad page table entry")]
    [InlineData(PageFlags.Present | 1 << 20, "bad page table entry")]        // right after its memory
    [InlineData(PageFlags.Present | 0xFFFFF000, "bad page table entry")]
    public void A_bad_page_table_entry_ends_the_guest(uint entry, string reason)
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Memory.Write32(machine.TableEntryAddress(CpuMachine.Data), entry);
        machine.Assemble(a => a.mov(eax, __dword_ptr[CpuMachine.Data]));
        CpuExit exit = KvmMachine.Run(machine);
        Assert.Equal(CpuExitKind.Dead, exit.Kind);
        Assert.StartsWith(reason, exit.Reason);
    }

    [SkippableFact]
    public void A_page_directory_outside_memory_ends_the_guest()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Cpu.SetAddressSpace(0x40000000);
        CpuExit exit = KvmMachine.Run(machine);
        Assert.Equal((CpuExitKind.Dead, "bad page directory 40000000"), (exit.Kind, exit.Reason));
    }

    [SkippableFact]
    public void A_changed_page_is_seen_after_the_flush_that_names_it()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Cpu.SetGatePrivilege(0x80, 3);
        uint other = machine.Frame();
        machine.Memory.Write32(other, 2);
        machine.Write32(CpuMachine.Data, 1);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.mov(eax, __dword_ptr[CpuMachine.Data]);
            a.@int(0x80);
            a.jmp(again);
        });

        KvmMachine.Run(machine);
        Assert.Equal(1u, machine.Registers.Eax);
        foreach (Action flush in (Action[])
        [
            () => machine.Cpu.FlushPage(CpuMachine.Directory, CpuMachine.Data),
            () => machine.Cpu.FlushPage(null, CpuMachine.Data + 5),
            () => machine.FlushTable(CpuMachine.Data),
            () => machine.Cpu.FlushUser(0xC0000000),
            machine.Cpu.FlushAll,
        ])
        {
            uint before = machine.Registers.Eax;
            uint frame = machine.Physical(CpuMachine.Data);
            machine.Map(CpuMachine.Data, other);
            other = frame;
            flush();
            KvmMachine.Run(machine);
            Assert.Equal(3 - before, machine.Registers.Eax);
        }
    }

    [SkippableFact]
    public void A_fault_brings_the_pages_beside_it_that_were_used_before_and_no_others()
    {
        KvmCpu cpu = null!;
        KvmHost.Require();
        using CpuMachine machine = new(ring: 3, make: (memory, timeStamp) => cpu = KvmHost.Make(memory, timeStamp));
        cpu.SetGatePrivilege(0x80, 3);
        const uint first = 0x20000000, used = 8, untouched = first + used * GuestMemory.PageSize;
        for (uint page = first; page <= untouched; page += GuestMemory.PageSize) machine.Page(page);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel(), next = a.CreateLabel();
            a.Label(ref again);
            a.mov(edi, first);
            a.Label(ref next);
            a.inc(__dword_ptr[edi]);
            a.add(edi, GuestMemory.PageSize);
            a.cmp(edi, untouched);
            a.jb(next);
            a.@int(0x80);
            a.jmp(again);
        });
        Assert.Equal(CpuExit.Trap(0x80), KvmMachine.Run(machine));
        Assert.InRange(cpu.Fills, used, long.MaxValue);

        long before = cpu.Fills;
        cpu.FlushAll();
        Assert.Equal(CpuExit.Trap(0x80), KvmMachine.Run(machine));
        Assert.InRange(cpu.Fills - before, 1, 3);       // the code, the data, and perhaps what one store saw twice
        Assert.Equal((2u, 0u), (machine.Read32(first), machine.TableEntry(untouched) & (PageFlags.Accessed | PageFlags.Dirty)));

        // What lies there without having been used is looked up when it is touched, as it is then.
        uint frame = machine.Frame();
        machine.Map(untouched, frame, PageFlags.Present | PageFlags.User);
        machine.Assemble(a => a.mov(__dword_ptr[untouched], eax));
        cpu.FlushPage(null, CpuMachine.Code);
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 7, untouched), KvmMachine.Run(machine));
    }

    [SkippableFact]
    public void The_task_switched_flag_makes_the_next_FPU_instruction_trap()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Cpu.SetGatePrivilege(0x80, 3);
        machine.Cpu.TaskSwitched = true;
        machine.Assemble(a => { a.fld1(); a.@int(0x80); });
        Assert.Equal(CpuExit.Trap(Vector.DeviceNotAvailable), KvmMachine.Run(machine));
        machine.Cpu.TaskSwitched = false;
        Assert.Equal(CpuExit.Trap(0x80), KvmMachine.Run(machine));
    }

    [SkippableFact]
    public void Cpuid_shows_what_the_emulated_CPU_shows()
    {
        foreach (uint leaf in (uint[])[0, 1, 2, 4, 7, 0xD, 0x40000000, 0x80000000, 0x80000001, 0x80000008, 0xFFFFFFFF])
        {
            using CpuMachine machine = KvmMachine.Make();
            machine.Cpu.SetGatePrivilege(0x80, 3);
            machine.Assemble(a => { a.mov(eax, leaf); a.cpuid(); a.@int(0x80); });
            Assert.Equal(CpuExit.Trap(0x80), KvmMachine.Run(machine));
            GuestRegisters r = machine.Registers;
            Assert.Equal(CpuIdentity.Leaf(leaf), (r.Eax, r.Ebx, r.Ecx, r.Edx));
        }
    }

    [SkippableFact]
    public void Rdtsc_reads_the_guests_clock()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Cpu.SetGatePrivilege(0x80, 3);
        machine.TimeStamp = _ => 0x0000_1234_5678_9ABC;
        machine.Assemble(a => { a.rdtsc(); a.@int(0x80); });
        Assert.Equal(CpuExit.Trap(0x80), KvmMachine.Run(machine));
        Assert.Equal((0x1234u, 0x56789ABCu), (machine.Registers.Edx, machine.Registers.Eax));
    }

    [SkippableFact]
    public void One_instruction_is_one_step()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Assemble(a => { a.inc(eax); a.inc(eax); a.fld1(); a.ud2(); });
        foreach (uint eip in (uint[])[1, 2, 4])
        {
            Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
            Assert.Equal(CpuMachine.Code + eip, machine.Registers.Eip);
        }
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run(1));
    }

    [SkippableFact]
    public void No_address_of_the_guest_reaches_the_engines_pages()
    {
        // Segment bases wrap at 4 GiB: the highest address above one is a low linear address, not one of the engine's.
        using CpuMachine machine = KvmMachine.Make(ring: 1);
        machine.Descriptors[6] = CpuMachine.Segment(0xFFFFF000, 0xFFFFF, 0xB3, 0xC);
        machine.LoadDescriptors();
        machine.Assemble(a =>
        {
            a.mov(eax, 6 << 3 | 1);
            a.mov(fs, ax);
            a.mov(__dword_ptr.fs[0x5000], eax);
        });
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 2, 0x4000), KvmMachine.Run(machine));
    }

    [SkippableTheory]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(34)]
    public void The_engines_descriptors_are_none_of_the_guests(int entry)
    {
        using CpuMachine machine = KvmMachine.Make(ring: 1);
        uint selector = (uint)entry << 3;
        machine.Assemble(a => { a.mov(eax, selector); a.mov(ds, ax); });
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, selector), KvmMachine.Run(machine));

        machine.Bytes(CpuMachine.Code, [0xEA, 0, 0, 0, 0, (byte)selector, (byte)(selector >> 8)]);     // far jump
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, selector), KvmMachine.Run(machine));
    }

    [SkippableFact]
    public void Segments_the_host_cannot_load_are_a_trap_and_not_the_hosts_end()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Registers.Cs = 0x1F3;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, 0x1F0), KvmMachine.Run(machine));
        machine.Registers.Cs = CpuMachine.UserCode;
        machine.Registers.Ss = CpuMachine.KernelData;       // of another ring: only iretq finds out
        CpuExit exit = KvmMachine.Run(machine);
        Assert.Equal((CpuExitKind.Trap, Vector.GeneralProtection), (exit.Kind, exit.Vector));
    }

    [SkippableFact]
    public void More_pages_than_the_shadow_tables_hold_are_only_slower()
    {
        KvmHost.Require();
        using CpuMachine machine = new(ring: 3, make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp, tablePages: ShadowTables.FewestPages));
        machine.Cpu.SetGatePrivilege(0x80, 3);
        // One table for all: the same frame every 4 MiB.
        const uint first = 0x20000000, slots = 64;
        uint frame = machine.Page(first);
        for (uint slot = 1; slot < slots; slot++) machine.Memory.Write32(CpuMachine.DirectoryEntryAddress(first + (slot << 22)), machine.DirectoryEntry(first));
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.mov(ecx, 3 * slots);
            a.mov(edi, first);
            a.Label(ref again);
            a.inc(__dword_ptr[edi]);
            a.add(edi, 1 << 22);
            a.and(edi, (int)(first | (slots - 1) << 22));
            a.dec(ecx);
            a.jne(again);
            a.@int(0x80);
        });
        Assert.Equal(CpuExit.Trap(0x80), KvmMachine.Run(machine));
        Assert.Equal(3 * slots, machine.Memory.Read32(frame));
    }
}
