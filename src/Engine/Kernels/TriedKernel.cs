using LguestPS.Boot;

namespace LguestPS.Kernels;

/// <summary>A Linux that was booted to its end with all checks passed. docs/notes/linux.md says how; a test holds that its table and the help's say the same.</summary>
/// <param name="Name">Its release, and what is special about its configuration.</param>
/// <param name="Cpus">What it was tried on.</param>
/// <param name="Profile">Its ABI profile, if that does not follow from the release.</param>
internal sealed record TriedKernel(string Name, string[] Cpus, string? Profile = null)
{
    public const string EmulatedCpu = "emulated";

    private static readonly string[] Emulated = [EmulatedCpu];
    private static readonly string[] EmulatedAndAmd = [EmulatedCpu, "kvm_amd"];

    /// <summary>A line for each, oldest first.</summary>
    public static readonly TriedKernel[] All =
    [
        new("2.6.23", EmulatedAndAmd),
        new("October 2007", EmulatedAndAmd, AbiProfile.DefaultName),
        new("2.6.24", Emulated),
        new("2.6.25", Emulated),
        new("2.6.27", Emulated),
        new("2.6.29", Emulated),
        new("2.6.30", EmulatedAndAmd),
        new("2.6.31-rc8", Emulated),
        new("2.6.31-rc8 PAE", EmulatedAndAmd),
        new("2.6.37.6", Emulated),
        new("3.2.65", Emulated),
        new("3.11.10", EmulatedAndAmd),
        new("3.11.10 PAE", EmulatedAndAmd),
        new("4.1.18", EmulatedAndAmd),
        new("4.1.18 as a distribution has it", Emulated),
        new("4.10.0", EmulatedAndAmd),
        new("4.10.0 PAE as a distribution has it", Emulated),
    ];

    /// <summary>The modules of KVM it was tried on.</summary>
    public IEnumerable<string> Modules => Cpus.Where(cpu => cpu != EmulatedCpu);

    /// <summary>Whether it is of an era.</summary>
    public bool IsOf(AbiProfile profile) => (Profile is null ? AbiProfile.OfKernel(LinuxVersion.Parse(Name)!.Number) : AbiProfile.Find(Profile)) == profile;

    /// <summary>Whether a release differs from it at most in what was repaired: 3.2.65 from 3.2.</summary>
    public bool IsLike(Version release) =>
        LinuxVersion.Parse(Name)?.Number is { } number && (number.Major, number.Minor) == (release.Major, release.Minor) && (number.Major > 2 || number.Build == release.Build);
}
