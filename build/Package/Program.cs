using LguestPS.Package;

if (args is not [string manifestFile, string changelog, string version, string list, string packages, string output])
{
    Console.Error.WriteLine("usage: LguestPS.Package <manifest> <changelog> <version> <list of files> <folder of NuGet packages> <output folder>");
    return 2;
}

List<string> problems = [];
ModuleManifest manifest = ModuleManifest.Read(manifestFile, problems);
if (manifest["ModuleVersion"] != version) problems.Add($"{manifestFile}: ModuleVersion is {manifest["ModuleVersion"]}, but Directory.Build.props says {version}; change both");
string notes = Changelog.NotesOf(changelog, version, problems);
IReadOnlyList<ModuleFile> files = ModuleFile.ReadList(list);
string materials = BillOfMaterials.Write(manifest, files, packages, problems);

// The form MSBuild reads as an error.
foreach (string problem in problems) Console.Error.WriteLine(problem.Replace(": ", ": error PACKAGE001: "));
if (problems.Count > 0) return 1;

Directory.CreateDirectory(output);
File.WriteAllText(Path.Combine(output, "LguestPS.psd1"), manifest.With("ReleaseNotes", notes));
File.WriteAllText(Path.Combine(output, "LguestPS.cdx.json"), materials);
File.WriteAllText(Path.Combine(output, "LguestPS.nuspec"), Nuspec.Write(manifest, notes, files.Select(file => file.ModulePath).Append("LguestPS.psd1").Append("LguestPS.cdx.json")));
return 0;
