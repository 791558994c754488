using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Memory;
using LguestPS.State;
using Xunit;

namespace LguestPS.Tests.Eras;

/// <summary>What the hypercalls that came with the virtio eras do (ABI §3).</summary>
public class VirtioCallTests
{
    private const uint Unreadable = 0x40000000;

    [Theory]
    [InlineData(1u)]
    [InlineData(0u)]
    [InlineData(3u)]
    public void SHUTDOWN_with_any_reason_but_restart_ends_as_CRASH_does(uint reason)
    {
        using ScriptedGuest crashed = Era.Initialised(Era.Virtio2625);
        crashed.Hypercall(Call.Shutdown, crashed.CrashText("Attempted to kill init!"), reason).Play();
        Assert.Equal(new GuestEnding(EndingKind.Crashed, "CRASH: Attempted to kill init!"), crashed.Guest.Ending);

        using ScriptedGuest off = Era.Initialised(Era.Virtio2625);
        off.Hypercall(Call.Shutdown, off.CrashText("Power down"), reason).Play();
        Assert.Equal(new GuestEnding(EndingKind.PowerDown, "Power down"), off.Guest.Ending);
    }

    [Fact] // its text is NULL, whose physical address is outside memory
    public void SHUTDOWN_for_a_restart_is_that_whatever_its_text()
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio31);
        guest.Hypercall(Call.Shutdown, Unreadable, 2);
        guest.Guest.Run(new RunOptions { Driver = "test", NoReboot = true }).ToList();
        Assert.Equal(new GuestEnding(EndingKind.Restart, "Restart"), guest.Guest.Ending);
    }

    [Fact]
    public void CRASH_of_2_6_24_knows_no_reason()
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio2624);
        guest.Hypercall(Call.Crash, guest.CrashText("oops"), 2).Play();
        Assert.Equal(new GuestEnding(EndingKind.Crashed, "CRASH: oops"), guest.Guest.Ending);
    }

    [Fact]
    public void LOAD_GDT_ENTRY_loads_one_descriptor_made_safe_for_ring_1()
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio2630);
        ulong[] before = [.. guest.Cpu.Descriptors];
        guest.Hypercall(Call.LoadGdtEntry, 27, 0x0000FFFF, 0x00CF9200).Play();
        before[27] = 0x00CFB3000000FFFF;
        Assert.Null(guest.Ending);
        Assert.Equal(before, guest.Cpu.Descriptors);
    }

    [Theory]
    [InlineData(10u)]
    [InlineData(11u)]
    [InlineData(16u)]
    [InlineData(31u)]
    public void LOAD_GDT_ENTRY_takes_nothing_into_the_hosts_slots(uint entry)
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio31);
        ulong[] before = [.. guest.Cpu.Descriptors];
        guest.Hypercall(Call.LoadGdtEntry, entry, 0x0000FFFF, 0x00CF9200).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(before, guest.Cpu.Descriptors);
    }

    [Theory]
    [InlineData(32u)]
    [InlineData(0x20000001u)]
    [InlineData(uint.MaxValue)]
    public void LOAD_GDT_ENTRY_beyond_the_table_kills_and_touches_nothing(uint entry)
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio31);
        ulong[] before = [.. guest.Cpu.Descriptors];
        guest.Hypercall(Call.LoadGdtEntry, entry, 0x0000FFFF, 0x00CF9200).Play();
        Assert.Equal($"too many gdt entries {entry}", guest.Ending);
        Assert.Equal(before, guest.Cpu.Descriptors);
    }

    [Theory]
    [InlineData(Era.Virtio2624, Call.SetPmd, 768u, "c0000000-c03fffff of 00005000")]
    [InlineData(Era.Virtio2630, Call.SetPmd, 0u, "00000000-003fffff of 00005000")]
    [InlineData(Era.Virtio2631, Call.SetPgd, 1022u, "ff800000-ffbfffff of 00005000")]
    [InlineData(Era.Virtio31, Call.SetPgd, 1u, "00400000-007fffff of 00005000")]
    public void Fifteen_forgets_one_slot_of_a_directory_whatever_it_is_called(string abi, uint number, uint index, string forgotten)
    {
        using ScriptedGuest guest = Era.Initialised(abi);
        guest.Hypercall(number, 0x5000, index).Play();
        Assert.Null(guest.Ending);
        Assert.Equal([forgotten], guest.Cpu.Flushes);
    }

    [Theory]
    [InlineData(1023u)]
    [InlineData(1024u)]
    [InlineData(uint.MaxValue)]
    public void SET_PGD_of_a_slot_that_is_not_the_guests_is_nothing(uint index)
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio2631);
        guest.Hypercall(Call.SetPgd, 0x5000, index).Play();
        Assert.Null(guest.Ending);
        Assert.Empty(guest.Cpu.Flushes);
    }

    [Fact] // it says which table, not whose
    public void Thirteen_is_SET_PMD_from_2_6_31_on_and_forgets_everything()
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio2631);
        guest.Hypercall(Call.SetPmdOfTable, 0x5000, 3).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(["all"], guest.Cpu.Flushes);
    }

    [Theory]
    [InlineData(Era.Virtio2624, 11u)]
    [InlineData(Era.Virtio2624, 12u)]
    [InlineData(Era.Virtio2624, 13u)]
    [InlineData(Era.Virtio2625, 18u)]
    [InlineData(Era.Virtio2630, 3u)]
    [InlineData(Era.Virtio2630, 19u)]
    [InlineData(Era.Virtio31, 3u)]
    [InlineData(Era.Virtio31, 20u)]
    [InlineData(Era.Pci40, 17u)]
    [InlineData(Era.Pci41, 17u)]
    [InlineData(Era.Pci41, 3u)]
    [InlineData(Era.Pci41, 20u)]
    public void A_number_of_another_era_kills(string abi, uint number)
    {
        using ScriptedGuest guest = Era.Initialised(abi);
        guest.Hypercall(number, 0, 0, 0).Play();
        Assert.Equal($"Bad hypercall {number}", guest.Ending);
    }

    [Theory]
    [InlineData(Era.Virtio2624)]
    [InlineData(Era.Virtio2631)]
    [InlineData(Era.Virtio31)]
    public void NOTIFY_goes_to_the_eras_way_to_devices_from_the_ring_too(string abi)
    {
        Listener listener = new();
        using ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Abi = abi }, makeTransport: _ => listener);
        guest.Ring(0, Call.Notify, 0x3000).Hypercall(Call.Notify, 0x4000).Play();
        Assert.Null(guest.Ending);
        Assert.Equal([0x3000u, 0x4000u], listener.Notified);
    }

    [Theory]
    [InlineData(Era.Virtio2624)]
    [InlineData(Era.Virtio2630)]
    [InlineData(Era.Virtio2634)]
    public void The_rings_words_are_told_apart_by_their_registers(string abi)
    {
        using ScriptedGuest guest = Era.Initialised(abi);
        guest.Ring(0, Call.SetPte, 0x6000, 0x2000, 0x77).Hypercall(Call.FlushAsync);
        HypercallEvent call = guest.Play().OfType<HypercallEvent>().First();
        Assert.Equal("directory=0x00006000 address=0x00002000 entry=0x00000077 (frame 0x0 P RW US PAT A D)".Split(' ')[..2], call.Decoded.Split(' ')[..2]);
        Assert.Equal([0x6000u, 0x2000u, 0x77u], call.Arguments);
    }

    /// <summary>A way to devices that only remembers what the guest notified it of.</summary>
    private sealed class Listener : IDeviceTransport, IDeviceOperations
    {
        public List<uint> Notified { get; } = [];

        public int Pages => 1;

        public IDeviceOperations Operations => this;

        public void Notify(uint address) => Notified.Add(address);

        public void Describe(GuestMemory memory)
        {
        }

        public void Attach(IDeviceHost host)
        {
        }

        public void Serve(PendingTransfer transfer) => throw new InvalidOperationException();

        public string Preview(PendingTransfer transfer) => throw new InvalidOperationException();

        public void SavePending(StateWriter state, PendingTransfer transfer) => throw new InvalidOperationException();

        public PendingTransfer LoadPending(StateReader state) => throw new InvalidOperationException();

        public void Reset() => Notified.Clear();

        public void DeliverInput()
        {
        }

        public void BeginNewFuture()
        {
        }

        public void Save(StateWriter state)
        {
        }

        public void Load(StateReader state)
        {
        }
    }
}
