using System.Buffers.Binary;
using LguestPS.Files;

namespace LguestPS.Networks;

/// <summary>Writes frames with guest time and direction to a pcapng file.</summary>
internal sealed class FrameRecorder : IDisposable
{
    private const int LongestBlock = 2048;

    private readonly string path;
    private readonly FileStream file;
    private readonly byte[] block = new byte[LongestBlock];
    private int length;

    /// <exception cref="LguestException">FileUnavailable: it cannot be written.</exception>
    public FrameRecorder(string path)
    {
        this.path = path;
        try
        {
            file = new WrittenFile(HostFile.Open(path, FileMode.Create, FileAccess.Write, FileShare.Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"record '{path}': {e.Message}", e) { Path = path };
        }
        WriteSectionHeader();
        WriteInterface();
    }

    /// <summary>Writes a frame. If that fails the guest is stopped, because the rest of its recording would be worthless.</summary>
    /// <param name="stop">Ends the guest, for a reason.</param>
    /// <param name="now">Guest time in nanoseconds.</param>
    /// <param name="direction">Which way it goes.</param>
    /// <param name="frame">At most <see cref="NetworkPort.LongestFrame"/> bytes.</param>
    public void Write(Action<string> stop, long now, FrameDirection direction, ReadOnlySpan<byte> frame)
    {
        Begin(Pcapng.EnhancedPacket);
        Put(0);                     // the interface
        Put((uint)(now >> 32));
        Put((uint)now);
        Put((uint)frame.Length);    // in the file
        Put((uint)frame.Length);    // on the wire
        Put(frame);
        PutOption(Pcapng.PacketFlags, BitConverter.GetBytes((uint)direction));
        PutOption(Pcapng.EndOfOptions, []);
        try
        {
            End();
        }
        catch (IOException e)
        {
            stop($"stopped: its frames cannot be recorded in '{path}': {e.Message}");
        }
    }

    public void Dispose()
    {
        try
        {
            file.Dispose();
        }
        catch (IOException)
        {
            // The guest is gone already; what could be written is there.
        }
    }

    private void WriteSectionHeader()
    {
        Begin(Pcapng.SectionHeader);
        Put(Pcapng.ByteOrderMagic);
        Put(Pcapng.Version);        // the minor version, 0, is the upper half
        Put(uint.MaxValue);         // the section's length
        Put(uint.MaxValue);         // is not said
        PutOption(Pcapng.UserApplication, "LguestPS"u8);
        PutOption(Pcapng.EndOfOptions, []);
        End();
    }

    private void WriteInterface()
    {
        Begin(Pcapng.InterfaceDescription);
        Put(Pcapng.LinkTypeEthernet);
        Put(NetworkPort.LongestFrame);
        PutOption(Pcapng.InterfaceName, "guest"u8);
        PutOption(Pcapng.TimeResolution, [Pcapng.Nanoseconds]);
        PutOption(Pcapng.EndOfOptions, []);
        End();
    }

    private void Begin(uint type)
    {
        length = 0;
        Put(type);
        Put(0);                     // the block's length, known at its end
    }

    private void End()
    {
        uint total = (uint)length + sizeof(uint);
        Put(total);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(sizeof(uint)), total);
        file.Write(block, 0, length);
    }

    private void Put(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(length), value);
        length += sizeof(uint);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        Span<byte> place = block.AsSpan(length, Pcapng.Padded(bytes.Length));
        place.Clear();
        bytes.CopyTo(place);
        length += place.Length;
    }

    private void PutOption(ushort code, ReadOnlySpan<byte> value)
    {
        Put(code | (uint)value.Length << 16);
        Put(value);
    }
}
