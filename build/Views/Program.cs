using LguestPS.ViewFiles;

if (args is not [string descriptions, string output, string forwards])
{
    Console.Error.WriteLine("usage: LguestPS.Views <folder of *.views> <output folder> <output file of type forwards>");
    return 2;
}

List<TypeView> views = [];
List<string> problems = [];
foreach (string file in Directory.EnumerateFiles(descriptions, "*.views").Order(StringComparer.Ordinal))
    views.AddRange(new ViewParser(file, problems).Read());

// The form MSBuild reads as an error.
foreach (string problem in problems) Console.Error.WriteLine(problem);
if (problems.Count > 0) return 1;

Directory.CreateDirectory(output);
FormatWriter.Write(views, Path.Combine(output, "LguestPS.format.ps1xml"));
TypesWriter.Write(views, Path.Combine(output, "LguestPS.types.ps1xml"));
ForwardWriter.Write(forwards);
return 0;
