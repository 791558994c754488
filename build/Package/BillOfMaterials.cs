using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LguestPS.Package;

/// <summary>What the module is made of, in the format CycloneDX 1.6 (JSON): every assembly with its hash, and for a package's with version and licence.</summary>
/// <remarks>Without time and serial number, so that the same module has the same bill.</remarks>
internal static class BillOfMaterials
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(ModuleManifest manifest, IReadOnlyList<ModuleFile> files, string packages, List<string> problems)
    {
        string module = Address("LguestPS", manifest["ModuleVersion"]);
        List<JsonNode> libraries = [];
        List<string> addresses = [];
        foreach (IGrouping<(string?, string?), ModuleFile> library in Assemblies(ours: false).GroupBy(file => (file.Package, file.PackageVersion)).OrderBy(group => group.Key.Item1, StringComparer.Ordinal))
        {
            NuGetPackage package = NuGetPackage.Open(packages, library.Key.Item1!, library.Key.Item2!);
            if (package.License is null && package.LicenseAddress is null) problems.Add($"{package.Id}: the package {package.Version} does not say its licence");
            addresses.Add(Address(package.Id, package.Version));
            libraries.Add(Library(package, library));
        }

        JsonObject bill = new()
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["version"] = 1,
            ["metadata"] = new JsonObject
            {
                ["component"] = new JsonObject
                {
                    ["type"] = "application",
                    ["bom-ref"] = module,
                    ["authors"] = new JsonArray(new JsonObject { ["name"] = manifest["Author"] }),
                    ["name"] = "LguestPS",
                    ["version"] = manifest["ModuleVersion"],
                    ["description"] = manifest["Description"],
                    ["licenses"] = Licenses("MIT", null),
                    ["copyright"] = manifest["Copyright"],
                    ["purl"] = module,
                    ["components"] = new JsonArray([.. Assemblies(ours: true).Select(file => File(file, module))]),
                },
            },
            ["components"] = new JsonArray([.. libraries]),
            ["dependencies"] = new JsonArray(
            [
                new JsonObject { ["ref"] = module, ["dependsOn"] = new JsonArray([.. addresses.Select(address => JsonValue.Create(address))]) },
                .. addresses.Select(address => new JsonObject { ["ref"] = address }),
            ]),
        };
        return bill.ToJsonString(Layout) + "\n";

        IEnumerable<ModuleFile> Assemblies(bool ours) => files.Where(file => file.IsAssembly && file.Package is null == ours);
    }

    private static JsonObject Library(NuGetPackage package, IEnumerable<ModuleFile> assemblies) => new()
    {
        ["type"] = "library",
        ["bom-ref"] = Address(package.Id, package.Version),
        ["name"] = package.Id,
        ["version"] = package.Version,
        ["hashes"] = Hashes("SHA-512", package.Hash),
        ["licenses"] = Licenses(package.License, package.LicenseAddress),
        ["copyright"] = package.Copyright,
        ["purl"] = Address(package.Id, package.Version),
        ["components"] = new JsonArray([.. assemblies.Select(file => File(file, Address(package.Id, package.Version)))]),
    };

    private static JsonObject File(ModuleFile file, string owner) => new()
    {
        ["type"] = "file",
        ["bom-ref"] = $"{owner}#{file.ModulePath}",
        ["name"] = file.ModulePath,
        ["version"] = System.Reflection.AssemblyName.GetAssemblyName(file.Source).Version!.ToString(),
        ["hashes"] = Hashes("SHA-256", Convert.ToHexStringLower(SHA256.HashData(System.IO.File.ReadAllBytes(file.Source)))),
    };

    private static JsonArray Hashes(string algorithm, string hash) => new(new JsonObject { ["alg"] = algorithm, ["content"] = hash });

    /// <summary>A licence by its SPDX name; or, if it has none, by where it can be read.</summary>
    private static JsonArray Licenses(string? expression, string? address)
    {
        if (expression is null) return new JsonArray(new JsonObject { ["license"] = new JsonObject { ["name"] = "as the package's address says", ["url"] = address } });
        return expression.Contains(' ')
            ? new JsonArray(new JsonObject { ["expression"] = expression })
            : new JsonArray(new JsonObject { ["license"] = new JsonObject { ["id"] = expression } });
    }

    private static string Address(string name, string version) => $"pkg:nuget/{name}@{version}";
}
