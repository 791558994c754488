using LguestPS.Boot;
using LguestPS.Devices;
using LguestPS.Memory;

namespace LguestPS;

/// <summary>A place of a run from which new guests go on, each its own way. They share its memory, each but for the pages it has written.</summary>
public sealed class GuestFork : IDisposable
{
    private readonly Checkpoint checkpoint;
    private readonly GuestDefinition definition;
    private readonly IReadOnlyList<RecordedDisk?> disks;
    private readonly SharedMemory memory;

    /// <param name="checkpoint">The guest at the place.</param>
    /// <param name="definition">How it was defined.</param>
    /// <param name="disks">What was read of its disks' images, for where these are not here.</param>
    /// <exception cref="LguestException">CheckpointRefused: some of it lies outside of it, and two guests cannot have that; NotSupported: this machine has not enough memory.</exception>
    internal GuestFork(Checkpoint checkpoint, GuestDefinition definition, IReadOnlyList<RecordedDisk?> disks)
    {
        foreach (DeviceDefinition device in definition.Devices)
        {
            string? obstacle = device switch
            {
                SharedNetDefinition => "is in a network that guests share, where the other one has its place already",
                TapNetDefinition tap => $"uses the TAP interface '{tap.Interface}', which has one user",
                BlockDefinition { Mode: BlockMode.ReadWrite } disk => $"writes to '{disk.Path}', which has one writer; make it a snapshot",
                BlockDefinition { Overlay: { } overlay } => $"writes to '{overlay}', which has one writer; keep the snapshot in memory",
                _ => null,
            };
            if (obstacle is not null) throw new LguestException(LguestError.CheckpointRefused, $"Guest '{definition.Name}' cannot be forked: it {obstacle}.");
        }
        this.checkpoint = checkpoint;
        this.disks = disks;
        // What leads in from outside, and what is written there, stays the other one's.
        this.definition = definition with { Devices = [.. definition.Devices.Select(device => device is UserNetDefinition net ? net with { Forward = [], Record = null } : device)] };
        try
        {
            memory = new SharedMemory(checkpoint.Memory);
        }
        catch (Exception e) when (e is OutOfMemoryException or IOException)
        {
            throw new LguestException(LguestError.NotSupported, $"this machine cannot give {definition.Memory >> 20} MiB for the memory of a fork", e);
        }
    }

    /// <summary>Name of the guest whose run it is.</summary>
    public string Guest => definition.Name;

    /// <summary>The place.</summary>
    public RunPosition Position => checkpoint.Position;

    /// <summary>Makes a guest that stands there and goes on live: it types, and has networks, of its own.</summary>
    /// <remarks>Ports that led to the first guest do not lead to it, its frames are written to no file, and a gateway knows none of its conversations.</remarks>
    /// <param name="name">Its name, or null for the first guest's.</param>
    /// <param name="record">Whether its run is recorded from there on; null if its definition says so.</param>
    /// <exception cref="LguestException">As for <see cref="LguestPS.Guest.CreateFrom"/>.</exception>
    public Guest Make(string? name = null, bool? record = null) =>
        Revival.OfFork(checkpoint, definition with { Name = name ?? definition.Name, Record = record ?? definition.Record }, disks, memory);

    /// <summary>No more guests are made of it; those that were keep what they share.</summary>
    public void Dispose() => memory.Dispose();
}
