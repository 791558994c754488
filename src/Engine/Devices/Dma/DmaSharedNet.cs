using LguestPS.Errors;
using LguestPS.Networks;

namespace LguestPS.Devices.Dma;

/// <summary>A card in a network that guests share: what is sent to a key in its page goes to the other guest that has bound it (ABI §7).</summary>
/// <remarks>
/// While a recorded guest is in its past it has no part in the network: it gets what was recorded, what it sends was sent already,
/// and what others send meanwhile waits until the guest is at the recording's end again.
/// </remarks>
internal sealed class DmaSharedNet(SharedWire wire) : DmaNet(wire, NoChecksums)
{
    private SharedNetwork.SharedFrame? announced;

    public SharedWire Wire => wire;

    protected override int Slot => wire.Slot;

    /// <summary>Does a SEND_DMA, within the hypercall.</summary>
    /// <exception cref="GuestKilledException">The sender's struct or a range in it is bad, and somebody has bound the key.</exception>
    public void Send(DmaTransport transport, uint key, uint address)
    {
        if (!transport.Host.IsInPast) ShowMac(transport);
        uint offset = key - PageAddress;
        if (!Answer(transport, () => wire.IsConnected && wire.Network.IsBound(offset)))
        {
            transport.Host.Events.ServedInside(key, address, wire.Name, [], usedLength: null);
            return;
        }
        DmaList sent = DmaList.ReadBetweenGuests(transport.Host.Memory, transport.Layout, address);
        byte[] frame = sent.ReadAll();
        uint? used = Answer(transport, () => frame.Length > 0 && wire.IsConnected && wire.Network.Send(offset, frame)) ? (uint)frame.Length : null;
        if (used is { } length) sent.UsedLength = length;
        if (used is not null && !transport.Host.IsInPast) wire.CountSent(frame);
        transport.Host.Events.ServedInside(key, address, wire.Name, transport.Host.Events.WantsDma(wire.Name) ? sent.Sections(uint.MaxValue) : null, used);
    }

    public override void BindingsChanged(DmaTransport transport)
    {
        if (!transport.Host.IsInPast) ShowKeys(transport);
    }

    /// <summary>Moves what came in into the guest's page and buffers, as far as they go.</summary>
    public override void DeliverInput(DmaTransport transport)
    {
        while (transport.Host.Tape?.InputAgain(wire.Index, isTyped: false) is { } recorded)
            Enter(transport, SharedNetInput.Read(recorded) ?? throw transport.Host.Tape.Diverged($"{wire.Name} got something that a card of its kind cannot get"));
        if (wire.IsConnected && !transport.Host.IsInPast) TakeNew(transport, wire.Network);
    }

    /// <summary>To the others it has left, until its driver binds buffers again; what they have sent meanwhile is lost, as on a wire.</summary>
    public override void Reset(DmaTransport transport)
    {
        if (!transport.Host.IsInPast) BeginNewFuture(transport);
    }

    public override void BeginNewFuture(DmaTransport transport)
    {
        wire.Network?.StartAnew();
        announced = null;
        ShowMac(transport);
        ShowKeys(transport);
    }

    private void TakeNew(DmaTransport transport, SharedNetwork from)
    {
        ShowMac(transport);
        bool news = from.Look();
        if (news && WithOwnMac(transport, from.Macs) is var macs && !transport.Host.Memory.Read(MacAddressOf(0), (uint)macs.Length).SequenceEqual(macs))
            EnterNew(transport, new SharedNetInput.Macs(macs));
        while (from.Next() is { } frame)
        {
            ushort key = (ushort)frame.Key;
            switch (HasBuffer(transport, key))
            {
                case null:
                    from.Drop();
                    break;
                case true:
                    byte[] taken = from.Take().ToArray();
                    wire.CountReceived(taken.Length);
                    EnterNew(transport, new SharedNetInput.Frame(key, taken));
                    break;
                default:
                    // The guest hears of it once, so that it can make room; more often would only keep it from that.
                    if (news || announced != frame) EnterNew(transport, new SharedNetInput.Knock(key));
                    announced = frame;
                    return;
            }
        }
    }

    /// <summary>Whether what was sent to a key has a free buffer, or null if nothing is bound there.</summary>
    private bool? HasBuffer(DmaTransport transport, ushort key)
    {
        try
        {
            return BindingOf(transport, key) is { } binding ? transport.Bindings.FindNextFree(binding, transport.Layout) is not null : null;
        }
        catch (GuestKilledException)
        {
            Note(transport, new SharedNetInput.Frame(key, []));
            throw;
        }
    }

    private void EnterNew(DmaTransport transport, SharedNetInput input)
    {
        Note(transport, input);
        Enter(transport, input);
    }

    private void Enter(DmaTransport transport, SharedNetInput input)
    {
        switch (input)
        {
            case SharedNetInput.Macs(byte[] page):
                page.CopyTo(transport.Host.Memory.Write(MacAddressOf(0), (uint)page.Length));
                break;
            case SharedNetInput.Frame(ushort key, byte[] bytes) when BindingOf(transport, key) is { } binding:
                Receive(transport, binding, bytes);
                break;
            case SharedNetInput.Knock(ushort key) when BindingOf(transport, key) is { } binding:
                transport.Host.Raise(binding.Irq);
                break;
        }
    }

    private void Receive(DmaTransport transport, DmaBinding binding, byte[] frame)
    {
        if (transport.Bindings.FindNextFree(binding, transport.Layout) is not { } buffer) return;
        uint length = (uint)buffer.WriteAll(frame);
        if (length == 0) return;
        buffer.UsedLength = length;
        binding.Next++;
        transport.Host.Raise(binding.Irq);
        transport.Received(binding.Key, wire.Name, buffer, length);
    }

    /// <summary>What the network answers now or, in the guest's past, answered then.</summary>
    private bool Answer(DmaTransport transport, Func<bool> ask)
    {
        if (transport.Host.IsInPast)
        {
            return transport.Host.Tape!.InputAgain(wire.Index, isTyped: false) is { } recorded && SharedNetInput.Read(recorded) is SharedNetInput.Answer then
                ? then.Yes
                : throw transport.Host.Tape.Diverged($"it sends to {wire.Name} where it sent nothing");
        }
        bool answer = ask();
        Note(transport, new SharedNetInput.Answer(answer));
        return answer;
    }

    private void Note(DmaTransport transport, SharedNetInput input) => transport.Host.Tape?.NoteInput(wire.Index, input.ToBytes());

    private DmaBinding? BindingOf(DmaTransport transport, ushort key) => transport.Bindings.Find(PageAddress + key);

    private void ShowMac(DmaTransport transport) => wire.Network?.ShowMac(transport.Host.Memory.Read(MacAddressOf(Slot), MacAddress.Size));

    private void ShowKeys(DmaTransport transport) =>
        wire.Network?.ShowKeys(transport.Bindings.All.Where(binding => HasKey(binding.Key)).Select(binding => binding.Key - PageAddress));

    private byte[] WithOwnMac(DmaTransport transport, ReadOnlySpan<byte> macs)
    {
        byte[] page = macs.ToArray();
        transport.Host.Memory.Read(MacAddressOf(Slot), MacAddress.Size).CopyTo(page.AsSpan(Slot * MacAddress.Size));
        return page;
    }
}
