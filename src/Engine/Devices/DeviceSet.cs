using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A guest's devices, whatever its era, in the order of their slots.</summary>
internal sealed class DeviceSet : IDisposable
{
    private readonly DeviceFunction[] devices;

    public DeviceSet(IReadOnlyList<DeviceFunction> devices)
    {
        this.devices = [.. devices];
        for (int i = 0; i < this.devices.Length; i++) this.devices[i].Index = i;
        Console = devices.OfType<ConsoleFunction>().FirstOrDefault();
        Disks = [.. devices.OfType<DiskFunction>()];
        Networks = [.. devices.OfType<NetFunction>()];
    }

    public IReadOnlyList<DeviceFunction> All => devices;

    public ConsoleFunction? Console { get; }

    public IReadOnlyList<DiskFunction> Disks { get; }

    public IReadOnlyList<NetFunction> Networks { get; }

    /// <summary>What a device calls, from any thread, when it has something for the guest.</summary>
    public Action WakeGuest
    {
        set
        {
            foreach (DeviceFunction device in devices) device.WakeGuest = value;
        }
    }

    /// <summary>True while something may still come in from outside.</summary>
    public bool ExpectInput => devices.Any(device => device.ExpectsInput);

    /// <summary>True while an answer from outside is under way.</summary>
    public bool AwaitAnswer => devices.Any(device => device.AwaitsAnswer);

    /// <summary>When the first of them will have something to do by itself: guest time in nanoseconds, or null.</summary>
    public long? NextDue => devices.Min(device => device.NextDue);

    /// <summary>Their names, in the order of their slots.</summary>
    public IReadOnlyList<string> Names => [.. devices.Select(device => device.Name)];

    /// <summary>Why this guest cannot be taken back to an earlier moment, or null.</summary>
    public string? CheckpointObstacle => FirstObstacle(device => device.CheckpointObstacle);

    /// <summary>Why it can no longer become what one of its checkpoints is, or null.</summary>
    public string? RestoreObstacle => FirstObstacle(device => device.RestoreObstacle);

    /// <summary>Why the guest cannot be booted again once it has ended, or null.</summary>
    public string? RebootObstacle => FirstObstacle(device => device.RebootObstacle);

    /// <summary>Why its run cannot be recorded, or null.</summary>
    public string? RecordingObstacle => FirstObstacle(device => device.RecordingObstacle);

    public void Save(StateWriter state)
    {
        foreach (DeviceFunction device in devices)
        {
            state.Part(device.Name);
            device.Save(state);
        }
    }

    /// <exception cref="InvalidStateException">A device cannot be in this state.</exception>
    public void Load(StateReader state)
    {
        foreach (DeviceFunction device in devices)
        {
            state.Part(device.Name);
            device.Load(state);
        }
    }

    public void BeginNewFuture(IDeviceHost host)
    {
        foreach (DeviceFunction device in devices) device.BeginNewFuture(host);
    }

    public void Resume(IDeviceHost host)
    {
        foreach (DeviceFunction device in devices) device.Resume(host);
    }

    /// <summary>The guest has ended and will never run again.</summary>
    public void Unplug()
    {
        foreach (DeviceFunction device in devices) device.Unplug();
    }

    /// <summary>The guest had ended, and is booted again.</summary>
    public void Replug(IDeviceHost host)
    {
        foreach (DeviceFunction device in devices) device.Replug(host);
    }

    /// <summary>Puts everything the guest has written to its disks where it survives the machine; <paramref name="warn"/> is told, in a sentence, where that is not certain.</summary>
    public void Sync(Action<string> warn)
    {
        foreach (DiskFunction disk in Disks)
            if (disk.Sync() is { } problem) warn(problem);
    }

    public void Dispose()
    {
        foreach (DeviceFunction device in devices) device.Dispose();
    }

    private string? FirstObstacle(Func<DeviceFunction, string?> obstacleOf) =>
        devices.Select(device => obstacleOf(device) is { } obstacle ? $"{device.Name} {obstacle}" : null).FirstOrDefault(obstacle => obstacle is not null);
}
