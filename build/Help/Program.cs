using LguestPS.Help;

if (args is not [string docs, string module, string references, string output])
{
    Console.Error.WriteLine("usage: LguestPS.Help <folder of *.md> <module.dll> <file listing reference assemblies> <output folder, or --complete to fill in the pages>");
    return 2;
}

bool completes = output == "--complete";
if (!completes) Directory.CreateDirectory(output);
using CommandMetadata metadata = new(module, File.ReadAllLines(references));
List<CommandPage> pages = [];
List<string> problems = [];
// Once pages are complete, all have to be.
bool areComplete = metadata.Commands.Keys.Select(name => Path.Combine(docs, name + ".md")).Any(file => File.Exists(file) && File.ReadLines(file).FirstOrDefault() == "---");
foreach (string file in Directory.EnumerateFiles(docs, "*.md").Order(StringComparer.Ordinal))
{
    string name = Path.GetFileNameWithoutExtension(file);
    if (metadata.Commands.TryGetValue(name, out CommandInfo? described))
    {
        string page = File.ReadAllText(file), complete = new PageWriter(described, Path.GetFileNameWithoutExtension(module)).Complete(page);
        if (completes) File.WriteAllText(file, complete);
        else if (areComplete && page.ReplaceLineEndings("\n") != complete) problems.Add($"{file}: the page lacks what follows from the cmdlet itself, or says it of an older one; run 'dotnet build src/Cmdlets -t:CompleteHelpPages', which fills it in");
    }
    if (completes) continue;
    if (name.StartsWith("about_", StringComparison.Ordinal))
        AboutTopic.Write(file, Path.Combine(output, name + ".help.txt"), problems);
    else if (metadata.Commands.TryGetValue(name, out CommandInfo? command))
        pages.Add(CommandPage.Read(file, command, problems));
}
if (completes) return 0;
foreach (string missing in metadata.Commands.Keys.Except(pages.Select(page => page.Command.Name)))
    problems.Add($"{docs}: no page for {missing}");

// The form MSBuild reads as an error.
foreach (string problem in problems) Console.Error.WriteLine($"{problem.Replace(": ", ": error HELP001: ")}");
if (problems.Count > 0) return 1;

new MamlWriter(pages).Write(Path.Combine(output, Path.GetFileName(module) + "-Help.xml"));
return 0;
