using System.Xml.Linq;

namespace LguestPS.Package;

/// <summary>A package that the module has assemblies of, as NuGet unpacked it.</summary>
internal sealed class NuGetPackage
{
    private readonly XElement metadata;

    private NuGetPackage(string folder, string id, string version)
    {
        Id = id;
        Version = version;
        string name = id.ToLowerInvariant();
        metadata = XDocument.Load(Path.Combine(folder, $"{name}.nuspec")).Root!.Elements().First(element => element.Name.LocalName == "metadata");
        Hash = Convert.ToHexStringLower(Convert.FromBase64String(File.ReadAllText(Path.Combine(folder, $"{name}.{version}.nupkg.sha512"))));
    }

    public string Id { get; }

    public string Version { get; }

    /// <summary>SHA-512 of the package as it was downloaded.</summary>
    public string Hash { get; }

    /// <summary>Its licence as an SPDX expression; null if it only says where to read it.</summary>
    public string? License => Find("license") is { } license && license.Attribute("type")?.Value == "expression" ? license.Value : null;

    public string? LicenseAddress => Find("licenseUrl")?.Value;

    public string? Copyright => Find("copyright")?.Value ?? Find("authors")?.Value;

    /// <param name="packages">The folder of all packages.</param>
    /// <param name="id">Its name.</param>
    /// <param name="version">Its version.</param>
    public static NuGetPackage Open(string packages, string id, string version) =>
        new(Path.Combine(packages, id.ToLowerInvariant(), version), id, version);

    private XElement? Find(string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name);
}
