using System.Text;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests.Eras;

/// <summary>abi: auto: the era is found in the kernel's image, and a profile that does not fit is refused before the guest runs.</summary>
public sealed class KernelEraTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("2.6.23", "dma-2.6.23", "dma-2.6.23")]
    [InlineData("2.6.24", Era.Virtio2624, Era.Virtio2624)]
    [InlineData("2.6.25.20", Era.Virtio2624, Era.Virtio2625)]
    [InlineData("2.6.28", Era.Virtio2624, Era.Virtio2625)]
    [InlineData("2.6.29-2-686", Era.Virtio2624, Era.Virtio2629)]
    [InlineData("2.6.30", Era.Virtio2624, Era.Virtio2630)]
    [InlineData("2.6.31-rc8", Era.Virtio2631, Era.Virtio2631)]
    [InlineData("2.6.32-5-686", Era.Virtio2631, Era.Virtio2631)]
    [InlineData("2.6.37.6", Era.Virtio2631, Era.Virtio2634)]
    [InlineData("3.0.101", Era.Virtio2631, Era.Virtio2634)]
    [InlineData("3.1.0", Era.Virtio31, Era.Virtio31)]
    [InlineData("3.11.10-301.fc20.i686", Era.Virtio31, Era.Virtio31)]
    [InlineData("3.19.8", Era.Virtio31, Era.Virtio31)]
    [InlineData("4.0.0", Era.Pci40, Era.Pci40)]
    [InlineData("4.0.9-100.fc20.i686", Era.Pci40, Era.Pci40)]
    [InlineData("4.1.15", Era.Pci41, Era.Pci41)]
    [InlineData("4.4.0-210-generic", Era.Pci41, Era.Pci41)]
    [InlineData("4.10.0", Era.Pci41, Era.Pci41)]
    [InlineData("4.13.16", Era.Pci41, Era.Pci41)]
    public void A_version_tells_the_era(string version, string data, string era)
    {
        using ScriptedGuest guest = Boot(Kernel(version, data));
        Assert.Equal(era, guest.Guest.Abi.Name);
        Assert.Equal(era, guest.Guest.Definition.Abi);
    }

    [Fact] // it calls itself 2.6.23, too
    public void The_seed_is_told_from_2_6_23_by_where_its_data_has_the_addresses_of_code()
    {
        using ScriptedGuest seed = Boot(Kernel("2.6.23", Era.October));
        using ScriptedGuest first = Boot(Kernel("2.6.23", "dma-2.6.23"));
        Assert.Equal((Era.October, "dma-2.6.23"), (seed.Guest.Abi.Name, first.Guest.Abi.Name));
    }

    [Fact]
    public void A_kernel_that_says_no_version_is_told_by_its_data_where_only_one_era_has_such()
    {
        using ScriptedGuest guest = Boot(Elf(new Segment(Physical, [.. Signature, .. LguestData("dma-2.6.23")])));
        Assert.Equal("dma-2.6.23", guest.Guest.Abi.Name);
    }

    [Fact] // 4.0 has the struct of 3.1, 4.1 has one of its own
    public void A_kernel_of_4_1_is_told_without_its_version()
    {
        using ScriptedGuest guest = Boot(Elf(new Segment(Physical, LguestData(Era.Pci41))));
        Assert.Equal(Era.Pci41, guest.Guest.Abi.Name);
    }

    [Fact]
    public void A_kernel_that_says_no_version_and_whose_data_several_eras_have_must_be_named()
    {
        byte[] kernel = Elf(new Segment(Physical, LguestData(Era.Virtio2624)));
        Assert.EndsWith(
            "does not tell which Linux it is, but its lguest_data is that of virtio-2.6.24 or virtio-2.6.25 or virtio-2.6.29 or virtio-2.6.30; name its ABI profile with --abi, or 'abi' in its definition",
            Refused(kernel).Message);
        using ScriptedGuest guest = Boot(kernel, Era.Virtio2629);
        Assert.Equal(Era.Virtio2629, guest.Guest.Abi.Name);
    }

    [Theory] // garbage, or silence, is what each of these would have given
    [InlineData("2.6.23", "dma-2.6.23", Era.October)]
    [InlineData("2.6.23", Era.October, "dma-2.6.23")]
    [InlineData("2.6.24", Era.Virtio2624, Era.Virtio2625)]
    [InlineData("2.6.27", Era.Virtio2624, Era.Virtio2624)]
    [InlineData("2.6.27", Era.Virtio2624, Era.October)]
    [InlineData("2.6.31", Era.Virtio2631, Era.Virtio2630)]
    [InlineData("3.2.65", Era.Virtio31, Era.Virtio2634)]
    [InlineData("3.19.8", Era.Virtio31, Era.Pci40)]
    [InlineData("4.0.0", Era.Pci40, Era.Virtio31)]
    [InlineData("4.0.0", Era.Pci40, Era.Pci41)]
    [InlineData("4.4.1", Era.Pci41, Era.Pci40)]
    public void A_wrong_profile_is_refused_with_the_right_one(string version, string data, string asked)
    {
        using ScriptedGuest guest = Boot(Kernel(version, data));
        AbiProfile right = guest.Guest.Abi;
        LguestException refused = Refused(Kernel(version, data), asked);
        Assert.EndsWith(
            $"is Linux {version} of ABI profile {right.Name} ({right.Kernels}), not of {asked}; leave out 'abi', or use --abi={right.Name}, or 'abi: {right.Name}' in its definition",
            refused.Message);
    }

    [Theory]
    [InlineData("2.6.24-rc1")]
    [InlineData("2.6.24-g4ba9b9d")]
    [InlineData("2.6.24+")]
    public void A_kernel_between_two_releases_may_be_said_to_be_of_the_next_era(string version)
    {
        using ScriptedGuest guest = Boot(Kernel(version, Era.Virtio2624), Era.Virtio2625);
        Assert.Equal(Era.Virtio2625, guest.Guest.Abi.Name);
        Refused(Kernel(version, Era.Virtio2624), Era.Virtio31);
    }

    [Fact]
    public void A_kernel_of_no_Linux_is_of_the_first_era_or_of_any_that_is_named()
    {
        using ScriptedGuest first = Boot(Smallest);
        using ScriptedGuest named = Boot(Smallest, Era.Virtio31);
        Assert.Equal((Era.October, Era.Virtio31), (first.Guest.Abi.Name, named.Guest.Abi.Name));
    }

    [Fact] // 64 bytes of 0xFF stand in many places
    public void Only_a_whole_struct_counts_as_lguests()
    {
        byte[] longer = [0xFF, .. LguestData(Era.Virtio31)[24..]];
        byte[] unblocked = LguestData(Era.Virtio31);
        unblocked[4] = 0;
        byte[] cutOff = LguestData(Era.Virtio31)[..1300];
        byte[] filled = LguestData(Era.Virtio31);
        filled[300] = 1;
        foreach (byte[] data in (byte[][])[longer, unblocked, cutOff, filled])
            Assert.Contains("is Linux 3.2.0 without lguest support", Refused(Elf(new Segment(Physical, [.. Banner("3.2.0"), .. data]))).Message);
    }

    private static byte[] Banner(string version) => Encoding.ASCII.GetBytes($"Linux version {version} (a@b) #1\0");

    private static byte[] Kernel(string version, string data) => Elf(new Segment(Physical, [.. Signature, .. Banner(version), .. LguestData(data)]));

    private ScriptedGuest Boot(byte[] kernel, string abi = "auto") =>
        ScriptedGuest.Fresh(new GuestDefinition { Name = "era", Kernel = folder.Write("kernel", kernel), Memory = 4 << 20, Abi = abi });

    private LguestException Refused(byte[] kernel, string abi = "auto")
    {
        LguestException refused = Assert.Throws<LguestException>(() => Boot(kernel, abi).Dispose());
        Assert.Equal((LguestError.InvalidImage, folder.Path("kernel")), (refused.Error, refused.Path));
        return refused;
    }
}
