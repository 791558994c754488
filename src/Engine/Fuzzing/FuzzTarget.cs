using LguestPS.Devices;
using LguestPS.Inspection;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS;

/// <summary>What of a guest is changed before each run of a fuzzer: the same bytes there make the same run.</summary>
public abstract class FuzzTarget
{
    private protected FuzzTarget()
    {
    }

    /// <summary>A name that can be a part of a file's: <c>console</c>, <c>memory-c0123456</c>, <c>eax</c>, <c>net0</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The most bytes it can have.</summary>
    public abstract int MostBytes { get; }

    /// <summary>Whether it always has so many.</summary>
    internal virtual bool IsFixed => false;

    /// <summary>Whether its bytes are typed, and so go in by themselves later in the run.</summary>
    internal virtual bool IsInput => false;

    /// <summary>What it is shown as.</summary>
    internal virtual bool IsText => false;

    /// <summary>What is typed into the console.</summary>
    /// <param name="mostBytes">The most bytes, at least 1.</param>
    /// <param name="wholeLines">Whether a line feed is added to what does not end with one: then a shell looks at all of it.</param>
    public static FuzzTarget Console(int mostBytes = 256, bool wholeLines = true) => new ConsoleTarget(mostBytes, wholeLines);

    /// <summary>Bytes of memory.</summary>
    /// <param name="address">Linear address of the first, as people write it: a number, a symbol or a register with a number added; that of the guest at the checkpoint.</param>
    /// <param name="length">How many, 1 to 1 MiB; null for as many as the symbol has.</param>
    public static FuzzTarget Memory(string address, int? length = null) => new MemoryTargetBytes(address, length);

    /// <summary>A general register, eip or eflags.</summary>
    public static FuzzTarget Register(string name) => new RegisterTarget(name);

    /// <summary>A frame that comes in over a network card.</summary>
    /// <param name="device">The card's name, such as net0.</param>
    public static FuzzTarget Frame(string device) => new FrameTarget(device);

    /// <summary>Finds out where it is in a guest that stands at the checkpoint.</summary>
    /// <exception cref="LguestException">The guest does not have it.</exception>
    internal abstract FuzzTarget In(Guest guest);

    /// <summary>What is there at the checkpoint; for input, what a fuzzer begins with.</summary>
    internal virtual byte[] Original(Guest guest) => [];

    /// <summary>Puts bytes there.</summary>
    internal abstract void Apply(Guest guest, byte[] bytes);

    /// <summary>Makes bytes those that such a target can have.</summary>
    internal virtual byte[] Fit(byte[] bytes) => bytes.Length <= MostBytes ? bytes : bytes[..MostBytes];

    public override string ToString() => Name;

    private sealed class ConsoleTarget(int mostBytes, bool wholeLines) : FuzzTarget
    {
        public override string Name => "console";

        public override int MostBytes => mostBytes;

        internal override bool IsInput => true;

        internal override bool IsText => true;

        internal override FuzzTarget In(Guest guest) =>
            guest.Devices.Console is not null ? this : throw new LguestException(LguestError.NotSupported, $"Guest '{guest.Name}' has no console, so nothing can be typed into it.");

        internal override void Apply(Guest guest, byte[] bytes) => guest.Devices.Console!.Input.TryEnter(bytes);

        internal override byte[] Fit(byte[] bytes)
        {
            byte[] fitting = base.Fit(bytes);
            if (!wholeLines || fitting is [.., (byte)'\n'] or [.., (byte)'\r']) return fitting;
            if (fitting.Length < MostBytes) return [.. fitting, (byte)'\n'];
            fitting = [.. fitting];
            fitting[^1] = (byte)'\n';
            return fitting;
        }
    }

    private sealed class MemoryTargetBytes(string address, int? length, uint linear = 0) : FuzzTarget
    {
        private const int Longest = 1 << 20;

        public override string Name => $"memory-{linear:x8}";

        public override int MostBytes => length ?? 0;

        internal override bool IsFixed => true;

        internal override FuzzTarget In(Guest guest)
        {
            uint first = AddressExpression.Evaluate(guest, address, physical: false);
            uint bytes = (uint?)length ?? (guest.Symbols?.EndOf(first) ?? first) - first;
            if (bytes == 0) throw new LguestException(LguestError.InvalidAddress, $"'{address}' is not the address of a symbol, so its length is not known; give one.");
            if (bytes > Longest) throw new LguestException(LguestError.InvalidAddress, $"'{address}' has {bytes} bytes; at most {Longest} can be changed. Give a length.");
            if (first + (ulong)bytes > GuestMemory.SwitcherBase || !LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, first, new byte[bytes]))
                throw new LguestException(LguestError.AddressNotMapped, $"Guest '{guest.Name}' has no memory at all of 0x{first:x8} to 0x{first + bytes - 1:x8} where its checkpoint was taken.");
            return new MemoryTargetBytes(address, (int)bytes, first);
        }

        internal override byte[] Original(Guest guest)
        {
            byte[] bytes = new byte[MostBytes];
            LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, linear, bytes);
            return bytes;
        }

        internal override void Apply(Guest guest, byte[] bytes) => LinearMemory.TryWrite(guest.Machine.PageTables, guest.Machine.PageDirectory, linear, bytes);

        internal override byte[] Fit(byte[] bytes)
        {
            if (bytes.Length == MostBytes) return bytes;
            byte[] fitting = new byte[MostBytes];
            bytes.AsSpan(0, Math.Min(bytes.Length, MostBytes)).CopyTo(fitting);
            return fitting;
        }
    }

    private sealed class RegisterTarget(string name) : FuzzTarget
    {
        public override string Name { get; } = name.ToLowerInvariant();

        public override int MostBytes => sizeof(uint);

        internal override bool IsFixed => true;

        internal override FuzzTarget In(Guest guest) =>
            Name == "eflags" || (Name != "cr3" && RegisterFile.TryRead(guest, Name) is not null) ? this
                : throw new LguestException(LguestError.InvalidValue, $"'{Name}' is no register that can be fuzzed; those are eax, ebx, ecx, edx, esi, edi, ebp, esp, eip and eflags.");

        internal override byte[] Original(Guest guest) => BitConverter.GetBytes(Name == "eflags" ? guest.Cpu.Registers.Eflags : RegisterFile.TryRead(guest, Name) ?? 0);

        internal override void Apply(Guest guest, byte[] bytes) => RegisterFile.TryWrite(guest, Name, BitConverter.ToUInt32(bytes));

        internal override byte[] Fit(byte[] bytes)
        {
            if (bytes.Length == MostBytes) return bytes;
            byte[] fitting = new byte[MostBytes];
            bytes.AsSpan(0, Math.Min(bytes.Length, MostBytes)).CopyTo(fitting);
            return fitting;
        }
    }

    private sealed class FrameTarget(string device) : FuzzTarget
    {
        private const int LongestFrame = 1514;
        private const int ShortestFrame = 14;
        private const int UsualFrame = 60;
        private const int AddressBytes = 6;

        private static ReadOnlySpan<byte> HostAddress => [2, 0, 0, 0, 0, 1];

        public override string Name { get; } = device.ToLowerInvariant();

        public override int MostBytes => LongestFrame;

        internal override bool IsInput => true;

        internal override FuzzTarget In(Guest guest)
        {
            if (Card(guest) is not null) return this;
            throw guest.Devices.Networks.Any(card => card.Name == Name)
                ? new LguestException(LguestError.NotSupported, $"{Name} of guest '{guest.Name}' is on a network between guests; frames can be made only for a card whose network is the host's.")
                : new LguestException(LguestError.NotSupported, $"Guest '{guest.Name}' has no network card '{Name}'. It has: {string.Join(", ", guest.DeviceNames)}.");
        }

        /// <summary>To begin with: an empty IPv4 packet for everybody.</summary>
        internal override byte[] Original(Guest guest)
        {
            byte[] frame = new byte[UsualFrame];
            frame.AsSpan(0, AddressBytes).Fill(0xFF);
            HostAddress.CopyTo(frame.AsSpan(AddressBytes));
            frame[2 * AddressBytes] = 8;        // 0x0800
            frame[ShortestFrame] = 0x45;
            return frame;
        }

        internal override void Apply(Guest guest, byte[] bytes)
        {
            if (bytes.Length >= ShortestFrame) Card(guest)!.Inject(bytes);
        }

        private HostWire? Card(Guest guest) => guest.Devices.Networks.OfType<HostWire>().FirstOrDefault(card => card.Name == Name);
    }
}
