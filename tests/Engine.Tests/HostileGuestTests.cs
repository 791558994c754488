using CsCheck;
using LguestPS.Devices.Dma;
using LguestPS.Memory;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Whatever a guest does ends at worst in its own end: nothing is thrown, and no host memory but its own is touched.</summary>
public sealed unsafe class HostileGuestTests : IDisposable
{
    private const int Rounds = 400;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Numbers around every border a guest could aim at.
    private static readonly Gen<uint> Nasty = Gen.Frequency(
        (3, Gen.UInt[0, 64]),
        (3, Gen.UInt[0, ScriptedGuest.MemorySize + 0x4000]),
        (2, Gen.UInt[0, 0x800].Select(word => word * 4 + ScriptedGuest.DataAddress)),
        (2, Gen.UInt[0, 0x1000].Select(below => uint.MaxValue - below)),
        (2, Gen.UInt[0, ScriptedGuest.MemorySize].Select(offset => offset + ScriptedGuest.PageOffset)),
        (1, Gen.UInt[0, 0x2000].Select(offset => 0xFFC00000 - 0x1000 + offset)),
        (1, Gen.UInt));

    private static readonly Gen<uint> Number = Gen.Frequency((30, Gen.UInt[0, 16]), (1, Gen.UInt[0, 64]), (1, Gen.UInt));

    /// <summary>Something a guest does between two traps, and the trap.</summary>
    private sealed record Deed(uint Kind, uint Number, uint A, uint B, uint C, uint D);

    private static readonly Gen<Deed> AnyDeed =
        Gen.Select(Gen.UInt[0, 9], Number, Nasty, Nasty, Nasty, Nasty).Select((kind, number, a, b, c, d) => new Deed(kind, number, a, b, c, d));

    [Theory]
    [InlineData("dma-2007-10", ClockKind.Virtual)]
    [InlineData("dma-2.6.23", ClockKind.Events)]
    public void Any_deeds_end_at_worst_in_the_guests_own_end(string abi, ClockKind clock)
    {
        string image = folder.Write("disk.img", new byte[8 * 512]);
        GuestDefinition definition = ScriptedGuest.Definition with
        {
            Abi = abi, Clock = clock, Devices = [new BlockDefinition(image, BlockMode.ReadWrite), new ConsoleDefinition()],
        };
        AnyDeed.Array[1, 60].Sample(deeds =>
        {
            using ScriptedGuest guest = ScriptedGuest.Initialised(definition);
            using Fence fence = new(guest.Memory);
            foreach (Deed deed in deeds) Add(guest, deed);
            guest.Guest.SendConsole("typed by somebody who knows nothing of this");
            Drive(guest);
            Assert.True(fence.IsIntact);
            return new FileInfo(image).Length == 8 * 512;
        }, iter: Rounds, threads: 1);
    }

    [Fact]
    public void Before_LGUEST_INIT_too() =>
        AnyDeed.Array[1, 20].Sample(deeds =>
        {
            using ScriptedGuest guest = ScriptedGuest.Fresh(ClockKind.Virtual);
            foreach (Deed deed in deeds) Add(guest, deed);
            Drive(guest);
        }, iter: Rounds, threads: 1);

    [Fact]
    public void A_ring_full_of_noise_does_no_harm() =>
        Gen.Select(Number, Nasty, Nasty, Nasty).Array[64].Sample(entries =>
        {
            using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
            for (int slot = 0; slot < 64; slot++) guest.Ring(slot, entries[slot].Item1, entries[slot].Item2, entries[slot].Item3, entries[slot].Item4);
            guest.Hypercall(Call.FlushAsync);
            Drive(guest);
        }, iter: Rounds, threads: 1);

    [Fact]
    public void A_DMA_full_of_noise_does_no_harm() =>
        Gen.Select(Gen.Byte.Array[100], Nasty.Array[16], Gen.Bool).Sample((bytes, addresses, mostlyValid) =>
        {
            using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
            using Fence fence = new(guest.Memory);
            guest.Memory.Write(ScriptedGuest.DmaAddress, bytes);
            if (mostlyValid)
                for (uint i = 0; i < 16; i++) guest.Memory.Write32(ScriptedGuest.DmaAddress + 36 + i * 4, addresses[i]);
            guest.Hypercall(Call.SendDma, 0, ScriptedGuest.DmaAddress)
                .Hypercall(() => guest.Memory.Write32(ScriptedGuest.DmaAddress, 0), Call.BindDma, 0, ScriptedGuest.DmaAddress, 0x101).Code();
            guest.Guest.SendConsole(new string('x', 5000));
            Drive(guest);
            return fence.IsIntact;
        }, iter: Rounds, threads: 1);

    [Fact]
    public void Lists_are_read_and_filled_inside_memory_or_refused() =>
        Gen.Select(Gen.Byte.Array[100], Nasty, Gen.Byte.Array[0, 3000]).Sample((bytes, address, data) =>
        {
            using GuestMemory memory = new(16 << 12, devicePages: 1);
            using Fence fence = new(memory);
            try
            {
                memory.Write(address % memory.Size, bytes);
                DmaList list = DmaList.Read(memory, Abi.DmaLayout.October2007, address % memory.Size);
                list.WriteAll(data);
                Assert.Equal(list.Length, (uint)list.ReadAll().Length);
            }
            catch (Errors.GuestKilledException)
            {
                // refused
            }
            return fence.IsIntact;
        }, iter: 2000, threads: 1);

    private static void Add(ScriptedGuest guest, Deed deed)
    {
        switch (deed.Kind)
        {
            case <= 4:
                guest.Hypercall(deed.Number, deed.A, deed.B, deed.C);
                break;
            case 5:
                guest.Hypercall(() => Scribble(guest, deed), Call.FlushAsync);
                break;
            case 6:
                guest.Code(cpu => cpu.Registers = new GuestRegisters
                {
                    Eip = deed.A, Esp = deed.B, Eflags = deed.C, Cs = (ushort)deed.D, Ss = (ushort)deed.A, Eax = deed.D, Ebx = deed.C, Ecx = deed.B, Edx = deed.A,
                });
                break;
            case 7:
                guest.Gate((int)(deed.A % 256), deed.B, 0xE + (deed.C & 1), deed.D & 3).Trap((byte)deed.A, deed.C & 0xFFFF, deed.D);
                break;
            case 8:
                guest.Trap((byte)deed.Number, deed.B & 0xFFFF, deed.C);
                break;
            default:
                guest.Guest.Machine.Interrupts.Raise((int)(deed.A % 32));
                guest.Code(_ => Scribble(guest, deed));
                break;
        }
    }

    /// <summary>The guest's own stores: to lguest_data, its page tables and its devices.</summary>
    private static void Scribble(ScriptedGuest guest, Deed deed)
    {
        uint[] targets = [ScriptedGuest.DataAddress, guest.Guest.Machine.PageDirectory, ScriptedGuest.DmaAddress, ScriptedGuest.MemorySize, ScriptedGuest.MemorySize + 0x1000];
        uint address = targets[deed.Number % (uint)targets.Length] + (deed.A & 0xFFC);
        if (guest.Memory.Contains(address, 4)) guest.Memory.Write32(address, deed.B);
        guest.Ring((int)(deed.C % 64), deed.Number, deed.A, deed.B, deed.D);
    }

    private static void Drive(ScriptedGuest guest)
    {
        // Half by stepping, which looks at the guest in between, as PowerShell would.
        for (int i = 0; i < 20 && !guest.Guest.HasEnded; i++)
        {
            foreach (LguestEvent happened in guest.Step(StepUnit.Instruction, count: 2)) _ = happened.ToString();
            _ = guest.Guest.NextCall?.ToString();
            _ = guest.Guest.StateReason;
        }
        if (!guest.Guest.HasEnded) guest.Play();
        _ = guest.Guest.ConsoleText;
    }

    /// <summary>Watches the bytes right after a guest's memory.</summary>
    private sealed class Fence : IDisposable
    {
        private const byte Mark = 0xA5;

        private readonly GuestMemory memory;

        public Fence(GuestMemory memory)
        {
            this.memory = memory;
            Before.Fill(Mark);
            Behind.Fill(Mark);
        }

        public bool IsIntact => Before.IndexOfAnyExcept(Mark) < 0 && Behind.IndexOfAnyExcept(Mark) < 0;

        private Span<byte> Before => new(memory.Base - GuestMemory.Margin, GuestMemory.Margin);

        private Span<byte> Behind => new(memory.Base + memory.Size, GuestMemory.Margin);

        public void Dispose()
        {
            Before.Clear();
            Behind.Clear();
        }
    }
}
