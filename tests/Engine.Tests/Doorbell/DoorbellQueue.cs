using LguestPS.Devices;
using LguestPS.Errors;
using LguestPS.Memory;

namespace LguestPS.Tests.Doorbell;

/// <summary>A queue in guest memory: how many buffers the guest has given, how many the device has used, and 64 buffers of four words, used in a circle.</summary>
internal sealed class DoorbellQueue(IDeviceHost host, uint address, int irq) : IBufferQueue
{
    public const uint Given = 0, Used = 4, FirstBuffer = 16, BufferSize = 16, Buffers = 64;

    // Of a buffer: where it is, bytes to read, bytes to write after them, bytes that were written.
    public const uint At = 0, Readable = 4, Writable = 8, Written = 12;

    public uint Address => address;

    private uint Current => address + FirstBuffer + host.Memory.Read32(address + Used) % Buffers * BufferSize;

    public IGuestBuffer? Next()
    {
        if (host.Memory.Read32(address + Used) == host.Memory.Read32(address + Given)) return null;
        DoorbellBuffer buffer = new(host.Memory, host.Memory.Read32(Current + At), host.Memory.Read32(Current + Readable), host.Memory.Read32(Current + Writable));
        return buffer.IsInMemory ? buffer : throw new GuestKilledException($"bad buffer at 0x{Current:x8}");
    }

    public void Complete(IGuestBuffer buffer, uint written)
    {
        host.Memory.Write32(Current + Written, written);
        host.Memory.Write32(address + Used, host.Memory.Read32(address + Used) + 1);
        host.Raise(irq);
    }
}

/// <summary>A buffer in one piece: first what the device reads, then what it writes.</summary>
internal sealed class DoorbellBuffer(GuestMemory memory, uint address, uint readable, uint writable) : IGuestBuffer
{
    public uint ReadableLength => readable;

    public uint WritableLength => writable;

    public bool IsInMemory => (ulong)readable + writable is var length && length <= uint.MaxValue && memory.Contains(address, (uint)length);

    public byte[] ReadAll() => memory.Read(address, readable).ToArray();

    public byte[] ReadWritten(uint length) => memory.Read(address + readable, length).ToArray();

    public int WriteAll(ReadOnlySpan<byte> bytes)
    {
        int length = (int)Math.Min(writable, (uint)bytes.Length);
        memory.Write(address + readable, bytes[..length]);
        return length;
    }
}
