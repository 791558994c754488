using LguestPS.Help;

if (args is not [string docs, string module, string references, string output])
{
    Console.Error.WriteLine("usage: LguestPS.Help <folder of *.md> <module.dll> <file listing reference assemblies> <output folder>");
    return 2;
}

Directory.CreateDirectory(output);
using CommandMetadata metadata = new(module, File.ReadAllLines(references));
List<CommandPage> pages = [];
List<string> problems = [];
foreach (string file in Directory.EnumerateFiles(docs, "*.md").Order(StringComparer.Ordinal))
{
    string name = Path.GetFileNameWithoutExtension(file);
    if (name.StartsWith("about_", StringComparison.Ordinal))
        AboutTopic.Write(file, Path.Combine(output, name + ".help.txt"), problems);
    else if (metadata.Commands.TryGetValue(name, out CommandInfo? command))
        pages.Add(CommandPage.Read(file, command, problems));
}
foreach (string missing in metadata.Commands.Keys.Except(pages.Select(page => page.Command.Name)))
    problems.Add($"{docs}: no page for {missing}");

// The form MSBuild reads as an error.
foreach (string problem in problems) Console.Error.WriteLine($"{problem.Replace(": ", ": error HELP001: ")}");
if (problems.Count > 0) return 1;

new MamlWriter(pages).Write(Path.Combine(output, Path.GetFileName(module) + "-Help.xml"));
return 0;
