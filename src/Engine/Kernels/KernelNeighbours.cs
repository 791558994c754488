namespace LguestPS.Kernels;

/// <summary>The files that builds and distributions put beside a kernel, named after it: System.map and config beside bzImage, System.map-3.11.10 beside vmlinuz-3.11.10.</summary>
internal static class KernelNeighbours
{
    /// <summary>Those that exist, the likeliest first.</summary>
    /// <param name="kernel">The kernel's path.</param>
    /// <param name="name">Their name, to which the kernel's ending is added where it has one.</param>
    public static IEnumerable<string> Of(string kernel, string name)
    {
        string path = Path.GetFullPath(kernel);
        string folder = Path.GetDirectoryName(path) ?? path, file = Path.GetFileName(path);
        int dash = file.IndexOf('-');
        string[] names = dash > 0 ? [name + file[dash..]] : [name, $".{name}"];
        return names.Select(other => Path.Combine(folder, other)).Where(File.Exists);
    }
}
