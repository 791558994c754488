using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Native;
using LguestPS.Segments;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Guests that want out: each ends at worst, a kick stops it, and nothing of the engine's is written.</summary>
[Trait("Cpu", "kvm")]
public class KvmHostileTests
{
    private const int Seeds = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static TheoryData<int> Seed => [.. Enumerable.Range(1, Seeds)];

    [SkippableTheory]
    [MemberData(nameof(Seed))]
    public void Random_code_stays_in_its_pages(int seed) => RunRandomCode(seed, ownTables: false);

    [SkippableTheory]
    [MemberData(nameof(Seed))]
    public void Random_code_that_can_write_its_page_tables_ends_in_exits(int seed) => RunRandomCode(seed, ownTables: true);

    [SkippableTheory]
    [MemberData(nameof(Seed))]
    public void Random_code_on_page_tables_of_PAE_does_no_more(int seed) => RunRandomCode(seed, ownTables: seed % 2 == 0, pae: true);

    [SkippableFact]
    public void An_address_beyond_4_GiB_is_one_at_the_bottom()
    {
        KvmHost.Require();
        EnginePagesLibC libc = new();
        using CpuMachine machine = Machine(libc);
        machine.Cpu.SetGatePrivilege(0x80, 3);
        machine.Page(0);
        machine.Descriptors[6] = CpuMachine.Segment(0xFFFFF000, 0xFFFFF, 0xB3, 0xC);
        machine.LoadDescriptors();
        machine.Assemble(a =>
        {
            a.mov(eax, 6 << 3 | 1);
            a.mov(fs, ax);
            a.mov(__dword_ptr.fs[0x1008], eax);                 // the engine's descriptors, if it went on
            a.mov(ecx, 0xFFFFFFFF);
            a.mov(__dword_ptr[ecx + ecx * 8 + 0x19], eax);      // -9 + 25: at 16
            a.@int(0x80);
        });
        Assert.Equal(CpuExit.Trap(0x80), machine.Run(Patience));
        Assert.Equal((0x31u, 0x31u), (machine.Read32(8), machine.Read32(16)));
        Assert.True(libc.AreIntact);
    }

    [SkippableFact]
    public void A_store_over_the_end_of_4_GiB_is_a_page_fault()
    {
        KvmHost.Require();
        EnginePagesLibC libc = new();
        using CpuMachine machine = Machine(libc);
        machine.Assemble(a => a.mov(__dword_ptr[0xFFFFFFFE], eax));
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 2, 0xFFFFFFFE), machine.Run(Patience));
        Assert.True(libc.AreIntact);
    }

    [SkippableTheory]
    [InlineData(PageFlags.Present | PageFlags.LargePage)]
    [InlineData(PageFlags.Present | PageFlags.WriteThrough)]
    [InlineData(CpuMachine.PageRights | 1 << 20)]           // right after its memory
    [InlineData(CpuMachine.PageRights | 0xFFFFF000)]
    public void A_page_directory_entry_that_leads_out_of_memory_ends_the_guest(uint entry)
    {
        using CpuMachine machine = Machine();
        machine.Memory.Write32(CpuMachine.DirectoryEntryAddress(CpuMachine.Data), entry);
        machine.Assemble(a => a.mov(__dword_ptr[CpuMachine.Data], eax));
        CpuExit exit = machine.Run(Patience);
        Assert.Equal((CpuExitKind.Dead, $"bad page directory entry {entry:x8} for {CpuMachine.Data:x8}"), (exit.Kind, exit.Reason));
    }

    [SkippableFact]
    public void A_directory_that_is_its_own_table_shows_the_guest_its_memory_and_no_more()
    {
        KvmHost.Require();
        EnginePagesLibC libc = new();
        using CpuMachine machine = Machine(libc);
        const uint slot = 0x200, window = slot << 22, other = 0x3FE;
        machine.Memory.Write32(CpuMachine.Directory + slot * 4, CpuMachine.Directory | CpuMachine.PageRights);
        machine.Assemble(a =>
        {
            // In the window the directory is a page of data: lead another slot out of memory.
            a.mov(__dword_ptr[window + slot * GuestMemory.PageSize + other * 4], 0x7FFFF000 | CpuMachine.PageRights);
            a.mov(eax, __dword_ptr[other << 22]);
        });
        CpuExit exit = machine.Run(Patience);
        Assert.Equal(CpuExitKind.Dead, exit.Kind);
        Assert.StartsWith("bad page directory entry 7ffff", exit.Reason);
        Assert.True(libc.AreIntact);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_descriptor_of_64_bit_code_is_one_of_32_bit_code(bool stepping)
    {
        if (!stepping) KvmHost.RequireReady("a KVM that emulates looks for the next instruction without the code segment's base");
        using CpuMachine machine = Machine();
        machine.Cpu.SetGatePrivilege(0x80, 3);
        const ushort selector = 6 << 3 | 1;
        const byte offset = 0x80;
        new DescriptorTable(machine.Cpu.LoadDescriptors).Load(6, BitConverter.GetBytes(CpuMachine.Segment(CpuMachine.Code, 0xFFFFF, 0xBB, 0xE)));
        machine.Bytes(CpuMachine.Code + offset, 0xB8, 1, 2, 3, 4, 0xCD, 0x80);                  // mov eax, 0x04030201; int 0x80
        machine.Bytes(CpuMachine.Code, 0xEA, offset, 0, 0, 0, selector & 0xFF, selector >> 8);  // far jump; 64-bit code would leave the base behind, or be refused
        if (stepping)
            for (int i = 0; i < 2; i++) Assert.Equal(CpuExit.Budget, machine.Run(1));
        Assert.Equal(CpuExit.Trap(0x80), stepping ? machine.Run(1) : machine.Run(Patience));
        Assert.Equal((0x04030201u, selector), (machine.Registers.Eax, machine.Registers.Cs));
    }

    [SkippableFact]
    public async Task A_kick_ends_a_loop_that_has_tried_to_turn_interrupts_off()
    {
        using CpuMachine machine = Machine();
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.pushfd();
            a.and(__dword_ptr[esp], ~(int)Eflags.Interrupt);
            a.popfd();
            a.Label(ref again);
            a.inc(__dword_ptr[CpuMachine.Data]);
            a.jmp(again);
        });
        for (int i = 0; i < 20; i++)
        {
            uint before = machine.Read32(CpuMachine.Data);
            Task<CpuExit> running = Task.Run(() => machine.Cpu.Run(new CpuBudget(long.MaxValue)));
            if (i % 2 == 0) machine.AwaitChange(CpuMachine.Data, before);
            machine.Cpu.Kick();
            Assert.Equal(CpuExitKind.Kicked, (await running.WaitAsync(Patience)).Kind);
        }
    }

    [SkippableFact]
    public void Interrupts_are_turned_off_for_no_guest()
    {
        using CpuMachine machine = Machine();
        machine.Bytes(CpuMachine.Code, 0xFA);       // cli
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(Patience));
    }

    private static void RunRandomCode(int seed, bool ownTables, bool pae = false)
    {
        KvmHost.Require();
        EnginePagesLibC libc = new();
        HostileCode.Run(seed, ownTables, (memory, timeStamp) => KvmHost.Make(memory, timeStamp, libc, ShadowTables.FewestPages), pieces: 20, pae: pae);
        Assert.True(libc.AreIntact);
    }

    private static CpuMachine Machine(LibC? libc = null)
    {
        KvmHost.Require();
        return new CpuMachine(ring: 1, make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp, libc));
    }
}
