using System.Buffers;
using LguestPS.Abi;

namespace LguestPS.Devices.Virtio;

/// <summary>The console (virtio 1.0, 5.3): virtqueue 0 takes what is typed, virtqueue 1 has what the guest writes.</summary>
internal sealed class VirtioConsole(ConsoleFunction console, VirtioRules rules) : VirtioDevice(console)
{
    private const int Input = 0;
    private const int Output = 1;
    private const int PieceSize = 4096;

    /// <summary>Where in its configuration a guest without a driver writes: after the size of the screen and the number of ports.</summary>
    public const uint EmergencyWriteAt = 8;

    public override byte Type => 3;

    public override int QueueCount => 2;

    public override uint Features => rules.ConsoleFeatures;

    public override bool IsServed(int queue) => queue == Output;

    public override void Serve(DeviceQueue queue)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        while (queue.Take() is { } chain)
        {
            for (uint from = 0; from < chain.ReadableLength;)
            {
                int length = chain.Read(from, piece);
                console.Write(Host, piece.AsMemory(0, length));
                from += (uint)length;
            }
            queue.Return(chain, written: 0);
        }
        ArrayPool<byte>.Shared.Return(piece);
    }

    /// <summary>Shows a character that the guest writes before its driver runs, or while it has failed.</summary>
    public override bool TryWriteConfig(uint offset, uint value, uint address)
    {
        if (offset != EmergencyWriteAt || (rules.ConsoleFeatures & ConsoleFeature.EmergencyWrite) == 0) return false;
        byte[] text = [(byte)value];
        Host.Events.Kicked(new PendingKick(KickPurpose.EarlyConsole, address, console.Name, Queue: null), text: text);
        console.Write(Host, text);
        return true;
    }

    public override void DeliverInput() => console.DeliverInput(Host, Queues[Input]);
}
