using System.Buffers.Binary;
using LguestPS.Boot;
using LguestPS.Cpu.Scripted;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The guest's descriptors, made safe for ring 1 (ABI §6).</summary>
public class SegmentTests
{
    private const ulong FlatCode = 0x00CF9A000000FFFF;
    private const ulong FlatData = 0x00CF92000000FFFF;
    private const ulong UserCode = 0x00CFFA000000FFFF;
    private const ulong UserData = 0x00CFF2000000FFFF;
    private const ulong Accessed = 1UL << 40;
    private const ulong Ring1 = 1UL << 45;

    [Fact]
    public void A_guest_starts_in_ring_1_with_flat_segments()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        GuestRegisters registers = guest.Cpu.Registers;
        uint entry = ScriptedGuest.PageOffset + KernelFiles.Physical + 13;
        GuestRegisters expected = new()
        {
            Eip = entry, Eflags = 0x202, Cs = 0x61, Ds = 0x69, Es = 0x69, Ss = 0x69,
            Esp = registers.Esp,        // the harness set this
        };
        Assert.Equal(expected, registers);
        Assert.Equal(FlatCode | Accessed | Ring1, guest.Cpu.Descriptors[12]);
        Assert.Equal(FlatData | Accessed | Ring1, guest.Cpu.Descriptors[13]);
        Assert.All(guest.Cpu.Descriptors.Where((_, i) => i is not (12 or 13)), descriptor => Assert.Equal(0UL, descriptor));
    }

    [Fact]
    public void The_stack_pointer_starts_at_0()
    {
        using Guest guest = GuestBuilder.Build(ScriptedGuest.Definition, (_, _) => new ScriptedCpu());
        Assert.Equal(0u, guest.Registers.Esp);
    }

    [Fact]
    public void LOAD_GDT_takes_the_table_and_fixes_it_up()
    {
        ulong[] loaded = Load(table =>
        {
            table[12] = FlatCode;
            table[13] = FlatData;
            table[14] = UserCode;
            table[15] = UserData;
        });
        Assert.Equal(
            [FlatCode | Ring1 | Accessed, FlatData | Ring1 | Accessed, UserCode | Accessed, UserData | Accessed],
            loaded[12..16]);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(16)]
    [InlineData(31)]
    public void The_hosts_own_slots_are_never_taken(int slot)
    {
        ulong[] loaded = Load(table => Array.Fill(table, UserData));
        Assert.Equal(0UL, loaded[slot]);
        Assert.Equal(28, loaded.Count(descriptor => descriptor == (UserData | Accessed)));
    }

    [Theory]
    [InlineData(0x00008B0000000000UL)]      // busy TSS
    [InlineData(0x0000890000000000UL)]      // TSS
    [InlineData(0x0000820000000000UL)]      // LDT
    [InlineData(0x0000EC0000081234UL)]      // call gate from ring 3
    [InlineData(0x0000E50000080000UL)]      // task gate
    [InlineData(0x0000EE0000081234UL)]      // interrupt gate
    [InlineData(0x0000000000000000UL)]
    public void System_descriptors_are_dropped(ulong descriptor) => Assert.Equal(0UL, Load(table => table[20] = descriptor)[20]);

    [Fact]
    public void No_descriptor_stays_in_ring_0_whatever_its_type()
    {
        for (ulong type = 0x10; type < 0x20; type++)
        {
            ulong descriptor = 0x00CF80000000FFFF | type << 40;
            ulong loaded = Load(table => table[20] = descriptor)[20];
            Assert.Equal(descriptor | Ring1 | Accessed, loaded);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Another_privilege_level_is_kept(int level)
    {
        ulong descriptor = FlatData | (ulong)level << 45;
        Assert.Equal(descriptor | Accessed, Load(table => table[20] = descriptor)[20]);
    }

    [Fact]
    public void A_shorter_table_leaves_the_slots_behind_it()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Write(guest, ScriptedGuest.TableAddress, Enumerable.Repeat(UserData, 3));
        guest.Hypercall(Call.LoadGdt, ScriptedGuest.TableAddress, 3).Play();
        Assert.Equal(UserData | Accessed, guest.Cpu.Descriptors[2]);
        Assert.Equal(0UL, guest.Cpu.Descriptors[3]);
        Assert.Equal(FlatCode | Ring1 | Accessed, guest.Cpu.Descriptors[12]);
    }

    [Theory]
    [InlineData(33u)]
    [InlineData(uint.MaxValue)]
    [InlineData(0x20000001u)]               // times 8 this is 8
    public void Too_many_entries_kill(uint entries)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadGdt, ScriptedGuest.TableAddress, entries).Play();
        Assert.Equal($"too many gdt entries {entries}", guest.Ending);
    }

    [Fact]
    public void A_table_outside_memory_kills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint address = guest.Memory.Size - 255;
        guest.Hypercall(Call.LoadGdt, address, 32).Play();
        Assert.Equal($"bad read address 0x{address:x8} len 256", guest.Ending);
    }

    [Fact]
    public void LOAD_TLS_fills_slots_6_to_8_with_the_same_care()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Write(guest, ScriptedGuest.TableAddress, [UserData, FlatData, 0x00008B0000000000UL, UserData]);
        guest.Hypercall(Call.LoadTls, ScriptedGuest.TableAddress, 0).Play();
        Assert.Equal([0, UserData | Accessed, FlatData | Ring1 | Accessed, 0, 0], guest.Cpu.Descriptors[5..10]);
    }

    [Fact]
    public void LOAD_TLS_from_outside_memory_kills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.LoadTls, 0xFFFFFFF0).Play();
        Assert.Equal("bad read address 0xfffffff0 len 24", guest.Ending);
    }

    private static ulong[] Load(Action<ulong[]> fill)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        ulong[] table = new ulong[32];
        fill(table);
        Write(guest, ScriptedGuest.TableAddress, table);
        guest.Hypercall(Call.LoadGdt, ScriptedGuest.TableAddress, 32).Play();
        return guest.Cpu.Descriptors;
    }

    private static void Write(ScriptedGuest guest, uint address, IEnumerable<ulong> descriptors)
    {
        foreach (ulong descriptor in descriptors)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(guest.Memory.Write(address, 8), descriptor);
            address += 8;
        }
    }
}
