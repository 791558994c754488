using System.Buffers.Binary;

namespace LguestPS.Networks;

/// <summary>One guest's place in a shared network (design §4): its slot, what it sees of the others, and the queues from and to them.</summary>
/// <remarks>
/// Between two guests there is one queue for each direction, so that each counter has one writer and nothing needs a lock.
/// All that comes from others comes in by <see cref="Look"/>, and is checked there or where it is used: a guest's clock decides
/// when, and what it sends in between depends on nothing but what was seen then.
/// </remarks>
internal sealed class SharedNetwork : IDisposable
{
    /// <summary>The longest frame: what a struct lguest_dma of whole pages holds (ABI §7).</summary>
    public const int LongestFrame = 16 * 4096;

    private const int Slots = SharedNetFile.Slots;

    // A frame in a queue: length u32, key u32 (an offset in the page), the data, padding to 4.
    private const int RecordHeader = 8;
    private const int Alignment = 4;

    // A card: a bit for each key in the page that the guest has bound, then its number in v2.6.23's sense.
    private const int KeyBits = PageSize / KeyAlignment / 8;
    private const int IdOffset = KeyBits;
    private const int PageSize = 4096;
    private const int KeyAlignment = 4;

    private readonly SharedNetFile file;
    private readonly SharedNetListener listener;

    private readonly byte[] card = new byte[SharedNetFile.CardSize];
    private readonly byte[] mac = new byte[MacAddress.Size];
    private readonly uint[] written = new uint[Slots];      // by us, for each of the others
    private readonly uint[] taken = new uint[Slots];        // by us, from each of the others
    private uint rings;

    // As they were when last looked at.
    private readonly byte[] cards = new byte[Slots * SharedNetFile.CardSize];
    private readonly byte[] macs = new byte[Slots * MacAddress.Size];
    private readonly uint[] writtenByOthers = new uint[Slots];
    private readonly uint[] takenByOthers = new uint[Slots];
    private ushort present;
    private bool recount;
    private bool lookAgain;

    private readonly byte[] record = new byte[RecordHeader + LongestFrame];
    private SharedFrame? next;
    private int turn;
    private bool left;

    private SharedNetwork(SharedNetFile file, int slot)
    {
        this.file = file;
        Slot = slot;
        IsConnected = true;
        Enter();
        listener = new SharedNetListener(this, file, slot);
    }

    /// <summary>The guest's slot, from 0.</summary>
    public int Slot { get; }

    /// <summary>False once the guest has left, or the file is unusable.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>What <see cref="SharedNetListener"/> calls, on its own thread, when there may be news.</summary>
    public Action? OnNews { get; set; }

    /// <summary>Which slots other guests have that show anything, as last seen.</summary>
    public ushort Present => Volatile.Read(ref present);

    /// <summary>The MAC addresses of all slots, as last seen; zeros where there is no guest.</summary>
    public ReadOnlySpan<byte> Macs => macs;

    /// <summary>Frames that came in for a key that was not bound (any longer), or damaged.</summary>
    public long Dropped { get; private set; }

    /// <summary>Joins a network, as the first free slot.</summary>
    /// <exception cref="LguestException">As for <see cref="SharedNetFile.Open"/>; NotSupported if all slots are taken.</exception>
    public static SharedNetwork Join(string path)
    {
        SharedNetFile file = SharedNetFile.Open(path);
        try
        {
            for (int slot = 0; slot < Slots; slot++)
                if (file.TryTakeSlot(slot)) return new SharedNetwork(file, slot);
        }
        catch (IOException e)
        {
            file.Dispose();
            throw new LguestException(LguestError.NotSupported, $"network '{path}': its slots cannot be locked: {e.Message}", e) { Path = path };
        }
        file.Dispose();
        throw new LguestException(LguestError.NotSupported, $"network '{path}': all {Slots} slots are taken") { Path = path };
    }

    /// <summary>Whether this can be a key, as an offset in the page.</summary>
    public static bool IsKey(uint offset) => offset % KeyAlignment == 0 && offset < PageSize;

    /// <summary>Takes a number for the guest, from which the driver of v2.6.23 makes its MAC address.</summary>
    /// <returns>False if another guest here has it.</returns>
    public bool TryClaim(ushort id)
    {
        if (!IsConnected) return true;      // there is no one to be mistaken for
        try
        {
            return file.Alone(() =>
            {
                Span<byte> theirs = stackalloc byte[sizeof(ushort)];
                for (int other = 0; other < Slots; other++)
                {
                    if (other == Slot || !file.IsTaken(other) || !file.TryRead(SharedNetFile.Card(other) + IdOffset, theirs)) continue;
                    if (BinaryPrimitives.ReadUInt16LittleEndian(theirs) == id) return false;
                }
                BinaryPrimitives.WriteUInt16LittleEndian(card.AsSpan(IdOffset), id);
                return Check(file.TryWrite(SharedNetFile.Card(Slot), card));
            });
        }
        catch (IOException)
        {
            return Check(false);
        }
    }

    /// <summary>Lets the others see this guest's MAC address and what it has bound.</summary>
    /// <param name="address">Six bytes.</param>
    public void ShowMac(ReadOnlySpan<byte> address)
    {
        if (!IsConnected || address.SequenceEqual(mac)) return;
        address.CopyTo(mac);
        if (Check(file.TryWrite(SharedNetFile.Mac(Slot), mac))) RingAll();
    }

    /// <param name="keys">Offsets in the page, multiples of 4.</param>
    public void ShowKeys(IEnumerable<uint> keys)
    {
        if (!IsConnected) return;
        Span<byte> bits = stackalloc byte[KeyBits];
        bits.Clear();
        foreach (uint key in keys) bits[(int)(key / KeyAlignment / 8)] |= (byte)(1 << (int)(key / KeyAlignment % 8));
        if (bits.SequenceEqual(card.AsSpan(0, KeyBits))) return;
        bits.CopyTo(card);
        if (Check(file.TryWrite(SharedNetFile.Card(Slot), card))) RingAll();
    }

    /// <summary>Takes note of what the others have done since.</summary>
    /// <returns>Whether there may be anything new.</returns>
    public bool Look()
    {
        if (!IsConnected) return false;
        bool news = listener.TakeNews() | lookAgain;
        lookAgain = false;
        if (recount || news)
        {
            recount = false;
            if (!Check(file.TryReadWords(SharedNetFile.TakenBy(receiver: 0, sender: Slot), takenByOthers))) return false;
        }
        if (!news) return false;
        if (!Check(file.IsIntact()
            && file.TryRead(SharedNetFile.Cards, cards)
            && file.TryRead(SharedNetFile.Macs, macs)
            && file.TryReadWords(SharedNetFile.WrittenBy(sender: 0, Slot), writtenByOthers))) return false;

        ushort seen = 0;
        for (int slot = 0; slot < Slots; slot++)
        {
            if (slot == Slot) continue;
            Span<byte> itsCard = cards.AsSpan(slot * SharedNetFile.CardSize, SharedNetFile.CardSize);
            Span<byte> itsMac = macs.AsSpan(slot * MacAddress.Size, MacAddress.Size);
            if (!itsCard.ContainsAnyExcept((byte)0) && !itsMac.ContainsAnyExcept((byte)0)) continue;
            if (file.IsTaken(slot))
            {
                seen |= (ushort)(1 << slot);
                continue;
            }
            itsCard.Clear();
            itsMac.Clear();
        }
        Volatile.Write(ref present, seen);
        return true;
    }

    /// <summary>Whether another guest has bound this key.</summary>
    public bool IsBound(uint key)
    {
        for (int slot = 0; slot < Slots; slot++)
            if (HasBound(slot, key)) return true;
        return false;
    }

    /// <summary>Queues a frame for every other guest that has bound this key.</summary>
    /// <returns>False if no queue had room for it.</returns>
    public bool Send(uint key, ReadOnlySpan<byte> frame)
    {
        bool any = false;
        for (int slot = 0; slot < Slots; slot++)
            if (HasBound(slot, key)) any |= Append(slot, key, frame);
        return any;
    }

    /// <summary>The frame to take next, if there is one.</summary>
    public SharedFrame? Next()
    {
        for (int tried = 0; IsConnected && next is null && tried < Slots; tried++)
        {
            next = First(turn);
            if (next is null) turn = (turn + 1) % Slots;
        }
        return next;
    }

    /// <summary>Takes the frame that <see cref="Next"/> gave.</summary>
    /// <returns>Its bytes, until the next call; empty if they can no longer be read.</returns>
    public ReadOnlySpan<byte> Take()
    {
        SharedFrame frame = next!.Value;
        Span<byte> bytes = record.AsSpan(0, frame.Length);
        bool read = Check(file.TryReadQueue(frame.Sender, Slot, taken[frame.Sender] + RecordHeader, bytes));
        Finish(frame);
        return read ? bytes : [];
    }

    /// <summary>Takes the frame that <see cref="Next"/> gave without reading it.</summary>
    public void Drop()
    {
        Dropped++;
        Finish(next!.Value);
    }

    /// <summary>The guest was taken back: what waits was meant for the one it was, and the neighbours are new to it.</summary>
    public void StartAnew()
    {
        if (!IsConnected) return;
        next = null;
        lookAgain = true;
        Skip();
    }

    /// <summary>Leaves the network; the others see an empty slot.</summary>
    public void Dispose()
    {
        if (left) return;
        left = true;
        if (IsConnected)
        {
            card.AsSpan().Clear();
            mac.AsSpan().Clear();
            if (Check(file.TryWrite(SharedNetFile.Card(Slot), card) && file.TryWrite(SharedNetFile.Mac(Slot), mac))) RingAll();
        }
        IsConnected = false;
        file.ReleaseSlot(Slot);
        listener.Close();
    }

    /// <summary>Makes the slot ours: nothing is shown, nothing of what was sent to its last guest remains.</summary>
    private void Enter()
    {
        bool entered = file.TryWrite(SharedNetFile.Card(Slot), card) && file.TryWrite(SharedNetFile.Mac(Slot), mac);
        for (int other = 0; entered && other < Slots; other++)
            entered = file.TryReadWords(SharedNetFile.WrittenBy(Slot, other), written.AsSpan(other, 1));
        if (Check(entered) && Skip()) RingAll();
    }

    /// <summary>Takes all that waits, unseen.</summary>
    private bool Skip()
    {
        bool skipped = file.TryReadWords(SharedNetFile.WrittenBy(sender: 0, Slot), writtenByOthers);
        for (int other = 0; skipped && other < Slots; other++)
        {
            taken[other] = writtenByOthers[other];
            skipped = file.TryWriteWord(SharedNetFile.TakenBy(Slot, other), taken[other]);
        }
        return Check(skipped);
    }

    private bool HasBound(int slot, uint key) =>
        slot != Slot && (cards[slot * SharedNetFile.CardSize + (int)(key / KeyAlignment / 8)] >> (int)(key / KeyAlignment % 8) & 1) != 0;

    private bool Append(int slot, uint key, ReadOnlySpan<byte> frame)
    {
        uint size = (uint)(RecordHeader + (frame.Length + Alignment - 1) / Alignment * Alignment);
        uint waiting = written[slot] - takenByOthers[slot];
        recount = true;
        if (!IsConnected || waiting > SharedNetFile.QueueSize || size > SharedNetFile.QueueSize - waiting) return false;

        BinaryPrimitives.WriteInt32LittleEndian(record, frame.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), key);
        frame.CopyTo(record.AsSpan(RecordHeader));
        if (!Check(file.TryWriteQueue(Slot, slot, written[slot], record.AsSpan(0, RecordHeader + frame.Length)))) return false;
        written[slot] += size;
        if (!Check(file.TryWriteWord(SharedNetFile.WrittenBy(Slot, slot), written[slot]))) return false;
        Ring(slot);
        return true;
    }

    /// <summary>The first frame in the queue from a slot; a queue that makes no sense is emptied.</summary>
    private SharedFrame? First(int sender)
    {
        uint waiting = writtenByOthers[sender] - taken[sender];
        if (sender == Slot || waiting == 0) return null;
        Span<byte> header = stackalloc byte[RecordHeader];
        if (!Check(file.TryReadQueue(sender, Slot, taken[sender], header))) return null;

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        uint key = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        bool good = waiting <= SharedNetFile.QueueSize && length is > 0 and <= LongestFrame && IsKey(key);
        if (good && new SharedFrame(sender, key, (int)length) is var frame && frame.Size <= waiting) return frame;
        Dropped++;
        taken[sender] = writtenByOthers[sender];
        Check(file.TryWriteWord(SharedNetFile.TakenBy(Slot, sender), taken[sender]));
        return null;
    }

    private void Finish(SharedFrame frame)
    {
        next = null;
        turn = (turn + 1) % Slots;
        taken[frame.Sender] += frame.Size;
        Check(file.TryWriteWord(SharedNetFile.TakenBy(Slot, frame.Sender), taken[frame.Sender]));
    }

    private void RingAll()
    {
        for (int slot = 0; slot < Slots; slot++)
            if (slot != Slot) Ring(slot);
    }

    // The slot in the low bits makes the value ours alone.
    private void Ring(int slot) => file.Ring(slot, ++rings * Slots + (uint)Slot);

    /// <summary>Without its file the network is dead: the guest is alone then, but runs on.</summary>
    private bool Check(bool worked)
    {
        IsConnected &= worked;
        return worked;
    }

    /// <summary>A frame that waits.</summary>
    /// <param name="Sender">Slot of the guest it comes from.</param>
    /// <param name="Key">The key it was sent to, as an offset in the page.</param>
    /// <param name="Length">Bytes of data.</param>
    internal readonly record struct SharedFrame(int Sender, uint Key, int Length)
    {
        /// <summary>Bytes it takes up in the queue.</summary>
        public uint Size => (uint)(RecordHeader + (Length + Alignment - 1) / Alignment * Alignment);
    }
}
