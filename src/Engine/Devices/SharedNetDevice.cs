using System.Diagnostics.CodeAnalysis;
using LguestPS.Dma;
using LguestPS.Errors;
using LguestPS.Networks;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A card in a network that guests share: what is sent to a key in its page goes to the other guest that has bound it (ABI §7).</summary>
/// <remarks>
/// While a recorded guest is in its past it has no part in the network: it gets what was recorded, what it sends was sent already,
/// and what others send meanwhile waits until the guest is at the recording's end again.
/// </remarks>
internal sealed class SharedNetDevice : NetDevice
{
    private readonly SharedNetwork? network;
    private SharedNetwork.SharedFrame? announced;

    /// <param name="index">Which of the guest's cards it is, from 0.</param>
    /// <param name="network">The guest's place in it; null for a guest that does again what was recorded and brings its slot along.</param>
    public SharedNetDevice(int index, SharedNetwork? network)
        : base(index, network?.Slot ?? 0, NoChecksums)
    {
        this.network = network;
        network?.OnNews = () => WakeGuest?.Invoke();
    }

    public SharedNetwork? Network => network;

    public override GuestNetwork State => new(Name, Slot, IsConnected, network?.Dropped ?? 0);

    public override bool ExpectsInput => IsConnected;

    /// <summary>True while there are neighbours: they live in the host's time, and would never be quick enough for a guest that skips its own.</summary>
    public override bool AwaitsAnswer => network is { Present: not 0 };

    public override string CheckpointObstacle => "shares its network with other guests, who would not go back with this one";

    public override string? RecordingObstacle => null;

    [MemberNotNullWhen(true, nameof(network))]
    private bool IsConnected => network is { IsConnected: true };

    /// <summary>Does a SEND_DMA, within the hypercall.</summary>
    /// <exception cref="GuestKilledException">The sender's struct or a range in it is bad, and somebody has bound the key.</exception>
    public void Send(Guest guest, uint key, uint address)
    {
        if (!guest.IsInPast) ShowMac(guest);
        uint offset = key - PageAddress;
        if (!Answer(guest, () => IsConnected && network.IsBound(offset)))
        {
            guest.Events.ServedInside(key, address, Name, [], usedLength: null);
            return;
        }
        DmaList sent = DmaList.ReadBetweenGuests(guest.Memory, guest.Abi.Dma!, address);
        byte[] frame = sent.ReadAll();
        uint? used = Answer(guest, () => frame.Length > 0 && IsConnected && network.Send(offset, frame)) ? (uint)frame.Length : null;
        if (used is { } length) sent.UsedLength = length;
        guest.Events.ServedInside(key, address, Name, guest.Events.WantsDma(Name) ? sent.Sections(uint.MaxValue) : null, used);
    }

    public override void BindingsChanged(Guest guest)
    {
        if (!guest.IsInPast) ShowKeys(guest);
    }

    /// <summary>Moves what came in into the guest's page and buffers, as far as they go.</summary>
    public override void DeliverInput(Guest guest)
    {
        while (guest.Recording?.InputAgain(Index, isTyped: false) is { } recorded)
            Enter(guest, SharedNetInput.Read(recorded) ?? throw guest.Recording.Diverged($"{Name} got what none of its kind can get"));
        if (IsConnected && !guest.IsInPast) TakeNew(guest, network);
    }

    public override void BeginNewFuture(Guest guest)
    {
        network?.StartAnew();
        announced = null;
        ShowMac(guest);
        ShowKeys(guest);
    }

    public override void Save(StateWriter state) => state.Write(Slot);

    public override void Load(StateReader state) => Slot = state.ReadInt32(0, SharedNetFile.Slots - 1, "the slot in a network");

    public override void Unplug() => network?.Dispose();

    public override void Dispose() => network?.Dispose();

    private void TakeNew(Guest guest, SharedNetwork from)
    {
        ShowMac(guest);
        bool news = from.Look();
        if (news && WithOwnMac(guest, from.Macs) is var macs && !guest.Memory.Read(MacAddressOf(0), (uint)macs.Length).SequenceEqual(macs))
            EnterNew(guest, new SharedNetInput.Macs(macs));
        while (from.Next() is { } frame)
        {
            ushort key = (ushort)frame.Key;
            switch (HasBuffer(guest, key))
            {
                case null:
                    from.Drop();
                    break;
                case true:
                    EnterNew(guest, new SharedNetInput.Frame(key, from.Take().ToArray()));
                    break;
                default:
                    // The guest hears of it once, so that it can make room; more often would only keep it from that.
                    if (news || announced != frame) EnterNew(guest, new SharedNetInput.Knock(key));
                    announced = frame;
                    return;
            }
        }
    }

    /// <summary>Whether what was sent to a key has a free buffer, or null if nothing is bound there.</summary>
    private bool? HasBuffer(Guest guest, ushort key)
    {
        try
        {
            return BindingOf(guest, key) is { } binding ? guest.Bindings.FindNextFree(binding, guest.Abi.Dma!) is not null : null;
        }
        catch (GuestKilledException)
        {
            Note(guest, new SharedNetInput.Frame(key, []));
            throw;
        }
    }

    private void EnterNew(Guest guest, SharedNetInput input)
    {
        Note(guest, input);
        Enter(guest, input);
    }

    private void Enter(Guest guest, SharedNetInput input)
    {
        switch (input)
        {
            case SharedNetInput.Macs(byte[] page):
                page.CopyTo(guest.Memory.Write(MacAddressOf(0), (uint)page.Length));
                break;
            case SharedNetInput.Frame(ushort key, byte[] bytes) when BindingOf(guest, key) is { } binding:
                Receive(guest, binding, bytes);
                break;
            case SharedNetInput.Knock(ushort key) when BindingOf(guest, key) is { } binding:
                guest.Interrupts.Raise(binding.Irq);
                break;
        }
    }

    private void Receive(Guest guest, DmaBinding binding, byte[] frame)
    {
        if (guest.Bindings.FindNextFree(binding, guest.Abi.Dma!) is not { } buffer) return;
        uint length = (uint)buffer.WriteAll(frame);
        if (length == 0) return;
        buffer.UsedLength = length;
        binding.Next++;
        guest.Interrupts.Raise(binding.Irq);
        guest.Events.Received(binding.Key, Name, buffer, length);
    }

    /// <summary>What the network answers now or, in the guest's past, answered then.</summary>
    private bool Answer(Guest guest, Func<bool> ask)
    {
        if (guest.IsInPast)
        {
            return guest.Recording!.InputAgain(Index, isTyped: false) is { } recorded && SharedNetInput.Read(recorded) is SharedNetInput.Answer then
                ? then.Yes
                : throw guest.Recording.Diverged($"it sends to {Name} where it sent nothing");
        }
        bool answer = ask();
        Note(guest, new SharedNetInput.Answer(answer));
        return answer;
    }

    private void Note(Guest guest, SharedNetInput input) => guest.Recording?.NoteInput(Index, input.ToBytes());

    private DmaBinding? BindingOf(Guest guest, ushort key) => guest.Bindings.Find(PageAddress + key);

    private void ShowMac(Guest guest) => network?.ShowMac(guest.Memory.Read(MacAddressOf(Slot), MacSize));

    private void ShowKeys(Guest guest) =>
        network?.ShowKeys(guest.Bindings.All.Where(binding => HasKey(binding.Key)).Select(binding => binding.Key - PageAddress));

    private byte[] WithOwnMac(Guest guest, ReadOnlySpan<byte> macs)
    {
        byte[] page = macs.ToArray();
        guest.Memory.Read(MacAddressOf(Slot), MacSize).CopyTo(page.AsSpan(Slot * MacSize));
        return page;
    }
}
