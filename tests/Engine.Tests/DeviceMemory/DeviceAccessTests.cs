using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Traps;
using Xunit;

namespace LguestPS.Tests.DeviceMemory;

/// <summary>Instructions at device memory and ports do the same on every CPU: what they would do with memory, or trap 14.</summary>
[Trait("Cpu", "kvm")]
public class DeviceAccessTests
{
    public static TheoryData<string, int> CpusAndRings => DeviceGuest.CpusAndRings;

    public static TheoryData<string> Cpus => DeviceGuest.Cpus;

    /// <summary>Instructions that are not done for the guest, what of the operand lies there, and whether they write. ebx is the address.</summary>
    public static TheoryData<string, string, uint, bool> Others
    {
        get
        {
            TheoryData<string, string, uint, bool> others = [];
            foreach (string cpu in (string[])[DeviceGuest.Chains, DeviceGuest.Compiled, DeviceGuest.Kvm])
            {
                others.Add(cpu, "01 03", DeviceGuest.At, true);                 // add [ebx], eax
                others.Add(cpu, "03 03", DeviceGuest.At, false);                // add eax, [ebx]
                others.Add(cpu, "87 03", DeviceGuest.At + 8, true);             // xchg [ebx], eax
                others.Add(cpu, "FF 33", DeviceGuest.At + 4, false);            // push [ebx]
                others.Add(cpu, "8F 03", DeviceGuest.At + 4, true);             // pop [ebx]
                others.Add(cpu, "FF 23", DeviceGuest.At + 4, false);            // jmp [ebx]
                others.Add(cpu, "0F 18 03 80 3B 00", DeviceGuest.At, false);    // prefetchnta [ebx], which faults never; cmp byte [ebx], 0
                others.Add(cpu, "DD 03", DeviceGuest.At, false);                // fld qword [ebx]
                others.Add(cpu, "0F 6F 03", DeviceGuest.At, false);             // movq mm0, [ebx]
                others.Add(cpu, "89 DF F3 AA", DeviceGuest.At, true);           // mov edi, ebx; rep stosb
                others.Add(cpu, "89 DE 89 DF AC", DeviceGuest.At + 3, false);   // mov esi, ebx; lodsb
                others.Add(cpu, "F3 8B 03", DeviceGuest.At, false);             // a prefix that means nothing
                others.Add(cpu, "FF E3", DeviceGuest.At + 5, false);            // jmp ebx
                others.Add(cpu, "8B 03", DeviceGuest.Absent - 1, false);        // mov eax, [ebx], of which one byte is there
            }
            return others;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(CpusAndRings))]
    public void Every_form_does_with_device_memory_what_it_does_with_memory(string cpu, int ring)
    {
        using DeviceGuest guest = new(cpu), reference = new(DeviceGuest.Chains, hasDevices: false);
        Random random = new(ring);
        foreach (int opcode in DrawnAccess.Opcodes)
        {
            for (int i = 0; i < 20; i++)
            {
                DrawnAccess drawn = DrawnAccess.Draw(random, opcode, ring, DeviceGuest.At + (uint)random.Next(GuestMemory.PageSize - 8));
                random.NextBytes(guest.Registers);
                guest.Registers.CopyTo(reference.Registers);
                foreach (DeviceGuest each in (DeviceGuest[])[guest, reference])
                {
                    each.Prepare(drawn.Registers, drawn.Code);
                    each.Entry &= ~(PageFlags.Accessed | PageFlags.Dirty);
                }

                List<TrapEvent> traps = guest.ToHandler();
                Assert.Single(reference.ToHandler());
                Assert.Equal((drawn, reference.State()), (drawn, guest.State()));
                Assert.Equal((Vector.PageFault, TrapOutcome.DeviceAccessed, drawn.Linear, DeviceGuest.Code), (traps[0].Vector, traps[0].Outcome, traps[0].Address!.Value, traps[0].Eip));
                Assert.Equal((Vector.InvalidOpcode, TrapOutcome.Reflected), (traps[1].Vector, traps[1].Outcome));
                Assert.Single(guest.Devices.Done);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(CpusAndRings))]
    public void An_access_is_done_once_and_no_handler_of_the_guest_learns_of_it(string cpu, int ring)
    {
        using DeviceGuest guest = new(cpu);
        for (int i = 0; i < 3; i++)
        {
            // mov [0x300010], eax; mov cl, [0x300011], with nobody looking: on KVM its monitor hands out page faults
            guest.Prepare(DeviceGuest.InRing(ring) with { Eax = 0x12345678 }, 0xA3, 0x10, 0, 0x30, 0, 0x8A, 0x0D, 0x11, 0, 0x30, 0);
            guest.ToHandler(EventFilter.Nothing);
            Assert.Equal(["write 201010 4 12345678", "read 201011 1"], guest.Devices.Done);
            Assert.Equal((0x56u, DeviceGuest.HandlerOf(Vector.InvalidOpcode) + 2), (guest.Guest.Registers.Ecx, guest.Guest.Registers.Eip));
        }
    }

    [Fact]
    public void Whatever_instruction_it_is_a_device_is_asked_once_or_not_at_all()
    {
        Random random = new(1);
        byte[] bytes = new byte[DeviceInstruction.Longest];
        int done = 0, reflected = 0;
        DeviceGuest guest = new(DeviceGuest.Chains);
        for (int i = 0; i < 5000; i++)
        {
            random.NextBytes(bytes);
            if (random.Next(2) == 0) bytes[random.Next(3)] = (byte)DrawnAccess.Opcodes[random.Next(DrawnAccess.Opcodes.Count)];
            bytes[random.Next(1, 5)] &= 0x3F;        // a form without a displacement, perhaps
            uint Near() => DeviceGuest.At + (uint)random.Next(-4, GuestMemory.PageSize + 4);
            GuestRegisters registers = DeviceGuest.InRing(random.Next(2) == 0 ? 1 : 3) with
            {
                Eax = Near(), Ecx = Near(), Edx = Near(), Ebx = Near(), Ebp = Near(), Esi = Near(), Edi = Near(),
            };
            guest.Prepare(registers, bytes);
            guest.Guest.Machine.Pending.Trap = null;
            TrapEvent[] traps = [.. guest.Guest.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Instruction }).OfType<TrapEvent>()];
            Assert.Equal((i, traps.Count(trap => trap.Outcome is TrapOutcome.DeviceAccessed or TrapOutcome.PortAccessed)), (i, guest.Devices.Done.Count));
            done += guest.Devices.Done.Count;
            reflected += traps.Count(trap => trap is { Vector: Vector.PageFault, Outcome: TrapOutcome.Reflected });
            if (!guest.Guest.HasEnded) continue;
            guest.Dispose();
            guest = new DeviceGuest(DeviceGuest.Chains);
        }
        guest.Dispose();
        Assert.True(done > 200 && reflected > 200, $"{done} were done, {reflected} not");
    }

    [SkippableTheory]
    [MemberData(nameof(Others))]
    public void Any_other_instruction_is_trap_14(string cpu, string code, uint address, bool writes)
    {
        foreach (int ring in (int[])[1, 3])
        {
            using DeviceGuest guest = new(cpu);
            GuestRegisters registers = DeviceGuest.InRing(ring) with { Ebx = address, Ecx = 4 };
            guest.Prepare(registers, Convert.FromHexString(code.Replace(" ", "")));
            TrapEvent trap = Assert.Single(guest.ToHandler());
            // A processor that QEMU emulates, as that of tests/kvm-vm, faults where such an instruction reads, before it writes.
            if (cpu == DeviceGuest.Kvm && code is "01 03" or "87 03" && (trap.ErrorCode & (uint)PageAccess.Write) == 0) writes = false;
            uint error = (writes ? (uint)PageAccess.Write : 0) | (ring == 3 ? (uint)PageAccess.User : 0);
            Assert.Equal((Vector.PageFault, TrapOutcome.Reflected, error, address), (trap.Vector, trap.Outcome, trap.ErrorCode!.Value, trap.Address!.Value));
            Assert.Equal((address, DeviceGuest.HandlerOf(Vector.PageFault) + 2), (guest.Cr2, guest.Guest.Registers.Eip));
            Assert.Empty(guest.Devices.Done);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void An_operand_that_begins_in_memory_is_trap_14_where_the_devices_begin(string cpu)
    {
        foreach (byte opcode in (byte[])[0x89, 0x8B])
        {
            using DeviceGuest guest = new(cpu);
            guest.Prepare(DeviceGuest.InRing(3) with { Ebx = DeviceGuest.At - 2, Eax = uint.MaxValue }, opcode, 0x03);
            TrapEvent trap = Assert.Single(guest.ToHandler());
            Assert.Equal((Vector.PageFault, TrapOutcome.Reflected, DeviceGuest.At, DeviceGuest.At), (trap.Vector, trap.Outcome, trap.Address!.Value, guest.Cr2));
            Assert.Empty(guest.Devices.Done);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void A_repeated_instruction_stops_before_the_first_byte_there(string cpu)
    {
        using DeviceGuest guest = new(cpu);
        guest.Prepare(DeviceGuest.InRing(1) with { Edi = DeviceGuest.At - 6, Ecx = 20, Eax = 0x41 }, 0xF3, 0xAA);
        TrapEvent trap = Assert.Single(guest.ToHandler());
        Assert.Equal((DeviceGuest.At, DeviceGuest.Code, 14u, DeviceGuest.At), (trap.Address!.Value, trap.Eip, guest.Guest.Registers.Ecx, guest.Guest.Registers.Edi));
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void Code_that_reaches_into_device_memory_is_trap_14(string cpu)
    {
        using DeviceGuest guest = new(cpu);
        guest.Prepare(DeviceGuest.InRing(1) with { Eip = DeviceGuest.At - 2 });
        guest.Guest.Memory.Write(0x181FFE, [0x8B, 0x05]);        // mov eax, [what is there]
        TrapEvent trap = Assert.Single(guest.ToHandler());
        Assert.Equal((DeviceGuest.At, DeviceGuest.At - 2, TrapOutcome.Reflected), (trap.Address!.Value, trap.Eip, trap.Outcome));
    }

    [SkippableTheory]
    [MemberData(nameof(CpusAndRings))]
    public void The_page_tables_say_who_may(string cpu, int ring)
    {
        foreach ((uint rights, byte opcode) in (ReadOnlySpan<(uint, byte)>)[(PageFlags.Present | PageFlags.User, 0x89), (PageFlags.Present | PageFlags.Writable, 0x8B), (0, 0x8B)])
        {
            bool allowed = ring == 1 && rights == (PageFlags.Present | PageFlags.Writable);
            using DeviceGuest guest = new(cpu);
            guest.Entry = RegisterTransport.Address | rights;
            guest.Prepare(DeviceGuest.InRing(ring) with { Ebx = DeviceGuest.At }, opcode, 0x03);
            TrapEvent trap = guest.ToHandler()[0];
            uint error = (rights & PageFlags.Present) | (opcode == 0x89 ? 2u : 0) | (ring == 3 ? 4u : 0);
            Assert.Equal(allowed ? (TrapOutcome.DeviceAccessed, 0) : (TrapOutcome.Reflected, error), (trap.Outcome, trap.ErrorCode!.Value));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void Beyond_the_devices_an_entry_is_bad(string cpu)
    {
        using DeviceGuest guest = new(cpu);
        guest.Entry = RegisterTransport.Address + GuestMemory.PageSize | DeviceGuest.Everybody;
        guest.Prepare(DeviceGuest.InRing(1), 0xA1, 0, 0, 0x30, 0);
        guest.ToHandler();
        Assert.Equal($"bad page table entry {guest.Entry:x8} for {DeviceGuest.At:x8}", guest.Guest.StateReason);
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void A_kernel_stack_in_device_memory_ends_the_guest(string cpu)
    {
        using DeviceGuest guest = new(cpu);
        guest.Prepare(DeviceGuest.InRing(1) with { Esp = DeviceGuest.At + 0x100 });
        guest.ToHandler();
        Assert.Equal($"bad stack page 0x{DeviceGuest.At + 0xFC:x8}", guest.Guest.StateReason);
    }

    [SkippableTheory]
    [MemberData(nameof(CpusAndRings))]
    public void Who_traces_itself_is_told_of_the_instruction(string cpu, int ring)
    {
        using DeviceGuest guest = new(cpu);
        GuestRegisters traced = DeviceGuest.InRing(ring);
        traced.Eflags |= Eflags.Trap;
        guest.Prepare(traced, 0xA1, 0x10, 0, 0x30, 0);
        List<TrapEvent> traps = guest.ToHandler();
        Assert.Equal([(Vector.PageFault, DeviceGuest.Code), (Vector.Debug, DeviceGuest.Code + 5)], traps.Select(trap => (trap.Vector, trap.Eip)));
        Assert.Single(guest.Devices.Done);
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void Port_instructions_of_the_kernel_reach_the_ports_with_their_width(string cpu)
    {
        using DeviceGuest guest = new(cpu);
        guest.Devices.PortValue = 0xAABBCCDD;
        foreach ((string code, string done, uint eax) in (ReadOnlySpan<(string, string, uint)>)
        [
            ("E4 64", "in 64 1", 0x112233DD), ("E5 64", "in 64 4", 0xAABBCCDD), ("66 E5 64", "in 64 2", 0x1122CCDD),
            ("EC", "in cf8 1", 0x112233DD), ("ED", "in cf8 4", 0xAABBCCDD), ("66 ED", "in cf8 2", 0x1122CCDD),
            ("E6 80", "out 80 1 44", 0x11223344), ("E7 80", "out 80 4 11223344", 0x11223344), ("66 E7 80", "out 80 2 3344", 0x11223344),
            ("EE", "out cf8 1 44", 0x11223344), ("EF", "out cf8 4 11223344", 0x11223344), ("66 EF", "out cf8 2 3344", 0x11223344),
        ])
        {
            guest.Prepare(DeviceGuest.InRing(1) with { Eax = 0x11223344, Edx = 0x99990CF8 }, Convert.FromHexString(code.Replace(" ", "")));
            List<TrapEvent> traps = guest.ToHandler();
            Assert.Equal((code, TrapOutcome.PortAccessed, Vector.GeneralProtection), (code, traps[0].Outcome, traps[0].Vector));
            Assert.Equal((code, Vector.InvalidOpcode), (code, traps[1].Vector));
            Assert.Equal((code, eax, done), (code, guest.Guest.Registers.Eax, Assert.Single(guest.Devices.Done)));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void A_program_reaches_no_port(string cpu)
    {
        using DeviceGuest guest = new(cpu);
        guest.Prepare(DeviceGuest.InRing(3), 0xE4, 0x64);
        Assert.Equal((Vector.GeneralProtection, TrapOutcome.Reflected), Assert.Single(guest.ToHandler().Select(trap => (trap.Vector, trap.Outcome))));
        Assert.Empty(guest.Devices.Done);
    }

    [SkippableTheory]
    [MemberData(nameof(Cpus))]
    public void A_guest_that_breaks_a_devices_rule_ends_at_the_instruction_after_its_event(string cpu)
    {
        using DeviceGuest guest = new(cpu);
        guest.Prepare(DeviceGuest.InRing(1), 0xA3, 0xFC, 0x0F, 0x30, 0);
        Assert.Equal(TrapOutcome.DeviceAccessed, Assert.Single(guest.ToHandler()).Outcome);
        Assert.Equal(("the register is forbidden", DeviceGuest.Code), (guest.Guest.StateReason, guest.Guest.Registers.Eip));
    }
}
