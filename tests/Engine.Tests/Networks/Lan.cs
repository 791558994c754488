using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Devices.Dma;
using LguestPS.Memory;
using LguestPS.Networks;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>Scripted guests with one card each in a network of their own, and no other device.</summary>
internal sealed class Lan : IDisposable
{
    public const uint Page = ScriptedGuest.MemorySize + GuestMemory.PageSize;
    public const int Irq = 1;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TempFolder folder = new();
    private readonly List<ScriptedGuest> guests = [];

    public string Path => folder.Path("lan0");

    /// <summary>Address of the buffer array that <see cref="Listen"/> binds.</summary>
    public static uint Buffers => ScriptedGuest.FreePages;

    public static uint KeyOf(int slot) => Page + (uint)slot * 4;

    public ScriptedGuest Join(ClockKind clock = ClockKind.Host, string abi = AbiProfile.DefaultName)
    {
        ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Clock = clock, Abi = abi, Devices = [new SharedNetDefinition(Path)] });
        guests.Add(guest);
        guest.IrqEnabled = 0;       // interrupts stay where a test can see them
        return guest;
    }

    /// <summary>Binds buffers of 2000 bytes to a guest's own slot, or another.</summary>
    public static void Listen(ScriptedGuest guest, int slot, int buffers = 1)
    {
        for (uint i = 0; i < buffers; i++)
            guest.Dma(Buffers + i * DmaLayout.Size, (Buffers + (i + 1) * GuestMemory.PageSize, 2000));
        guest.Hypercall(Call.BindDma, KeyOf(slot), Buffers, (uint)(buffers << 8 | Irq)).Play();
    }

    /// <summary>The bytes in a buffer that <see cref="Listen"/> bound.</summary>
    public static byte[] Buffer(ScriptedGuest guest, uint index) =>
        guest.Memory.Read(Buffers + (index + 1) * GuestMemory.PageSize, guest.UsedLength(Buffers + index * DmaLayout.Size)).ToArray();

    public static List<LguestEvent> Send(ScriptedGuest guest, int slot, string text) =>
        guest.Hypercall(Call.SendDma, KeyOf(slot), guest.TextDma(text)).Play();

    public static byte[] Mac(ScriptedGuest guest, int slot) => guest.Memory.Read(Page + (uint)slot * MacAddress.Size, MacAddress.Size).ToArray();

    /// <summary>Lets a guest run on until something has come true that another guest's doing leads to.</summary>
    public static List<LguestEvent> Until(ScriptedGuest guest, Func<bool> come)
    {
        List<LguestEvent> events = [];
        Assert.True(SpinWait.SpinUntil(() =>
        {
            events.AddRange(guest.Code().Play());
            return come();
        }, Patience), "it did not come");
        return events;
    }

    /// <summary>Two guests in slots 0 and 1; both listen, and each knows that the other does.</summary>
    public (ScriptedGuest First, ScriptedGuest Second) Pair(int buffers = 1)
    {
        ScriptedGuest first = Join(), second = Join();
        Listen(first, 0, buffers);
        Listen(second, 1, buffers);
        Until(first, () => NetworkOf(first).IsBound(4));
        Until(second, () => NetworkOf(second).IsBound(0));
        return (first, second);
    }

    public static SharedNetwork NetworkOf(ScriptedGuest guest) => CardOf(guest).Network!;

    public static SharedWire CardOf(ScriptedGuest guest) => ((DmaTransport)guest.Guest.Transport).FindShared(Page)!.Wire;

    public void Dispose()
    {
        foreach (ScriptedGuest guest in guests) guest.Dispose();
        folder.Dispose();
    }
}
