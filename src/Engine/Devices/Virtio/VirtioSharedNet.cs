using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Networks;

namespace LguestPS.Devices.Virtio;

/// <summary>A card in a network that guests share, of whatever era each of them is.</summary>
/// <remarks>
/// The network is what the DMA eras know: a page of addresses and a key for each slot (ABI §8). A guest of those eras reads the page and
/// chooses the keys of those that a frame is for; here that is done for the guest. What others leave out of their checksums is completed.
/// While a recorded guest is in its past it has no part in the network: it gets what was recorded, and what it sends was sent already.
/// </remarks>
internal sealed class VirtioSharedNet(SharedWire wire, VirtioRules rules) : VirtioNet(wire, rules)
{
    private const byte Group = 1;       // in an address of the page it means that the slot wants every frame
    private const uint KeySize = 4;

    private readonly byte[] received = new byte[SharedNetwork.LongestFrame];
    private bool isListening;

    private uint OwnKey => (uint)wire.Slot * KeySize;

    public override void DeliverInput()
    {
        while (Host.Tape?.InputAgain(wire.Index, isTyped: false) is { } recorded)
        {
            if (SharedNetInput.Read(recorded) is not SharedNetInput.Frame frame) throw Host.Tape.Diverged($"{wire.Name} got something that a card of its kind cannot get");
            Enter(frame.Bytes);
        }
        if (!wire.IsConnected || Host.IsInPast) return;
        if (!isListening) Listen(wire.Network);
        if (isListening) TakeNew(wire.Network);
    }

    public override void Reset()
    {
        isListening = false;
        if (!Host.IsInPast) wire.Network?.ShowKeys([]);
    }

    public override void BeginNewFuture()
    {
        wire.Network?.StartAnew();
        isListening = false;
    }

    protected override void Send(Span<byte> frame)
    {
        if (frame.Length < NetworkPort.ShortestFrame || !wire.IsConnected || Host.IsInPast) return;
        wire.CountSent(frame);
        wire.Network.Look();
        MacAddress to = MacAddress.Read(frame);
        // The address it sends from is its own, whoever gave it that.
        if (MacAddress.Read(frame[MacAddress.Size..]) is { IsGroup: false } from) Show(wire.Network, from);
        for (int slot = 0; slot < SharedNetFile.Slots; slot++)
            if (slot != wire.Slot && IsFor(slot, to, wire.Network.Macs)) wire.Network.Send((uint)slot * KeySize, frame);
    }

    private static bool IsFor(int slot, MacAddress to, ReadOnlySpan<byte> macs)
    {
        ReadOnlySpan<byte> its = macs.Slice(slot * MacAddress.Size, MacAddress.Size);
        if (!its.ContainsAnyExcept((byte)0)) return false;
        return to.IsGroup || (its[0] & Group) != 0 || MacAddress.Read(its) == to;
    }

    /// <summary>Lets the others find the guest once its driver has given the card a buffer.</summary>
    private void Listen(SharedNetwork network)
    {
        if (Queues[Receive].IsEmpty) return;
        isListening = true;
        Show(network, wire.GuestMac);
        network.ShowKeys([OwnKey]);
    }

    private static void Show(SharedNetwork network, MacAddress own)
    {
        Span<byte> mac = stackalloc byte[MacAddress.Size];
        own.Write(mac);
        network.ShowMac(mac);
    }

    private void TakeNew(SharedNetwork network)
    {
        network.Look();
        while (network.Next() is { } frame)
        {
            if (frame.Key != OwnKey)
            {
                network.Drop();
                continue;
            }
            if (!HasBuffer()) return;       // it waits for one
            ReadOnlySpan<byte> taken = network.Take();
            Span<byte> bytes = received.AsSpan(0, taken.Length);
            taken.CopyTo(bytes);
            TransportChecksum.Complete(bytes);
            Note(bytes);
            wire.CountReceived(bytes.Length);
            Enter(bytes);
        }
    }

    private bool HasBuffer()
    {
        try
        {
            return Input.Next() is not null;
        }
        catch (GuestKilledException)
        {
            Note([]);
            throw;
        }
    }

    private void Note(ReadOnlySpan<byte> bytes) => Host.Tape?.NoteInput(wire.Index, new SharedNetInput.Frame((ushort)OwnKey, bytes.ToArray()).ToBytes());

    private void Enter(ReadOnlySpan<byte> bytes)
    {
        // Too long for the buffer: lost, as on a wire.
        if (Input.Next() is not { } buffer || bytes.Length == 0 || bytes.Length > buffer.WritableLength) return;
        Input.Complete(buffer, (uint)buffer.WriteAll(bytes));
    }
}
