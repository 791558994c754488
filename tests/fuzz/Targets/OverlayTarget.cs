using LguestPS.Tests.Disks;

namespace LguestPS.Tests.Fuzz;

/// <summary>The files that keep a snapshot's writes.</summary>
internal sealed class OverlayTarget : FileTarget
{
    private const int Sectors = 20;

    private string image = "";

    public override string Name => "overlays";

    public override int CasesInSuite => 100;

    protected override string What => "an overlay";

    protected override string FileName => "changes.ovl";

    protected override IEnumerable<byte[]> MakeSamples()
    {
        image = Beside("disk.img");
        File.WriteAllBytes(image, [.. Enumerable.Repeat((byte)1, Sectors * 512)]);
        string overlay = Beside("valid.ovl");
        using (DiskGuest guest = new(new BlockDefinition(image, BlockMode.Snapshot) { Overlay = overlay }))
        {
            guest.Fill(3, 33);
            guest.Fill(Sectors - 1, 99);
        }
        yield return File.ReadAllBytes(overlay);
    }

    protected override void Use(string path, TapeRandom random)
    {
        using DiskGuest guest = new(new BlockDefinition(image, BlockMode.Snapshot) { Overlay = path });
        for (uint sector = 0; sector < Sectors; sector++) Observation?.Add(guest.Read(sector, out _));
        guest.Fill((uint)random.Next(Sectors), 5);
        if (File.ReadAllBytes(image).AsSpan().IndexOfAnyExcept((byte)1) >= 0) throw new InvalidDataException("the image was written");
    }
}
