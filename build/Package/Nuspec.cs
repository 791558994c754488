using System.Xml.Linq;

namespace LguestPS.Package;

/// <summary>The description of the package, as Publish-PSResource makes it of the manifest.</summary>
internal static class Nuspec
{
    private static readonly XNamespace Schema = "http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd";

    /// <param name="manifest">The manifest.</param>
    /// <param name="notes">What is new.</param>
    /// <param name="files">The paths of all files in the module.</param>
    public static string Write(ModuleManifest manifest, string notes, IEnumerable<string> files) =>
        new XElement(Schema + "package",
            new XElement(Schema + "metadata",
                Text("id", "LguestPS"),
                Text("version", manifest["ModuleVersion"]),
                Text("authors", manifest["Author"]),
                Text("owners", manifest["CompanyName"]),
                Text("requireLicenseAcceptance", "false"),
                Text("licenseUrl", manifest["LicenseUri"]),
                Text("projectUrl", manifest["ProjectUri"]),
                Text("iconUrl", manifest["IconUri"]),
                Text("description", manifest["Description"]),
                Text("releaseNotes", notes),
                Text("copyright", manifest["Copyright"]),
                Text("tags", $"PSModule {manifest["Tags"]}")),
            new XElement(Schema + "files", files.Order(StringComparer.Ordinal)
                .Select(file => new XElement(Schema + "file", new XAttribute("src", file), new XAttribute("target", file))))).ToString();

    private static XElement Text(string name, string value) => new(Schema + name, value);
}
