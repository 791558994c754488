using System.Text.RegularExpressions;
using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Tests.Virtio;
using LguestPS.Tests.Virtio.Pci;

namespace LguestPS.Tests.Fuzz;

/// <summary>Virtqueues, descriptor pages and kicks of the lguest bus, in each of its eras.</summary>
internal sealed class QueueTarget : FuzzTarget
{
    private static readonly AbiProfile[] profiles = [.. AbiProfile.All.Where(profile => profile.Bus is not null)];

    private readonly DiskImageFile image = new();

    public override string Name => "virtqueues";

    public override string Promise => "whatever a guest writes into rings and descriptors, it is served or ends itself";

    public override int CasesInSuite => 800;

    public override string? Try(TapeRandom random)
    {
        using BusRig rig = HostileRingTests.Make(random.Pick(profiles).Bus!, image.Path);
        try
        {
            for (int left = 1 + random.Next(12); left > 0; left--)
            {
                HostileRingTests.Step(random, rig);
                Parts++;
            }
        }
        catch (GuestKilledException ended)
        {
            Observation?.Add(ended.Message);        // its own end
        }
        Observation?.Add(rig.Memory.Read(0, rig.Memory.Size));
        return image.Problem;
    }

    public override void Dispose() => image.Dispose();
}

/// <summary>Configuration space, registers and virtqueues of the PCI eras.</summary>
internal sealed class PciTarget : FuzzTarget
{
    private readonly DiskImageFile image = new();

    public override string Name => "pci";

    public override string Promise => "whatever a guest does to ports, registers and queues of PCI devices, it is served or ends itself";

    public override int CasesInSuite => 800;

    public override string? Try(TapeRandom random)
    {
        using PciRig rig = HostilePciTests.Make(random, image.Path);
        try
        {
            for (int left = 1 + random.Next(40); left > 0; left--)
            {
                HostilePciTests.Step(random, rig);
                Parts++;
            }
        }
        catch (GuestKilledException ended)
        {
            Observation?.Add(ended.Message);
            if (!Regex.IsMatch(ended.Message, HostilePciTests.ReasonsStart)) return $"the reason names no device: {ended.Message}";
        }
        Observation?.Add(rig.Memory.Read(0, rig.Memory.Size));
        return image.Problem;
    }

    public override void Dispose() => image.Dispose();
}

/// <summary>An image that devices read, and that nothing may write.</summary>
internal sealed class DiskImageFile : IDisposable
{
    private const int Sectors = 64;

    private readonly TempFolder folder = new(inMemory: true);

    public DiskImageFile() => Path = folder.Write("disk", new byte[Sectors * 512]);

    public string Path { get; }

    public string? Problem => File.ReadAllBytes(Path).AsSpan().IndexOfAnyExcept((byte)0) < 0 && new FileInfo(Path).Length == Sectors * 512 ? null : "the image of a snapshot was written";

    public void Dispose() => folder.Dispose();
}
