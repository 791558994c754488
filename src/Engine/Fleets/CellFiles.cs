namespace LguestPS.Fleets;

/// <summary>The files a guest of a matrix reads. It writes none: many run at once, and some elsewhere.</summary>
internal static class CellFiles
{
    /// <summary>Why guests of this definition cannot be run side by side, or null.</summary>
    public static string? Obstacle(GuestDefinition definition)
    {
        foreach (DeviceDefinition device in definition.Devices)
        {
            switch (device)
            {
                case BlockDefinition { Mode: BlockMode.ReadWrite } disk:
                    return $"disk '{disk.Path}' has mode 'readWrite', and guests of a matrix run side by side; use 'snapshot' or 'readOnly'";
                case BlockDefinition { Overlay: { } overlay }:
                    return $"overlay '{overlay}' would be written, and guests of a matrix run side by side; take it away";
                case SharedNetDefinition net:
                    return $"network '{net.Path}' would join guests that are to be apart; use 'net: user' or none";
                case HostNetDefinition { Record: { } frames }:
                    return $"frames would be recorded in '{frames}' by each guest; take 'record' of the network away";
            }
        }
        return null;
    }

    /// <summary>Each file, as what it is for: <c>kernel</c>, <c>initrd</c>, <c>symbols</c>, <c>disk</c>, <c>frames</c>.</summary>
    public static IReadOnlyList<(string Purpose, string Path)> Of(GuestDefinition definition)
    {
        List<(string, string)> files = [];
        Map(definition, (purpose, path) =>
        {
            files.Add((purpose, path));
            return path;
        });
        return files;
    }

    /// <summary>The definition with other paths.</summary>
    public static GuestDefinition Map(GuestDefinition definition, Func<string, string> toPath) => Map(definition, (_, path) => toPath(path));

    private static GuestDefinition Map(GuestDefinition definition, Func<string, string, string> toPath) => definition with
    {
        Kernel = toPath("kernel", definition.Kernel),
        Initrd = definition.Initrd is { } initrd ? toPath("initrd", initrd) : null,
        Symbols = definition.Symbols is { } symbols ? toPath("symbols", symbols) : null,
        Devices = [.. definition.Devices.Select(device => device switch
        {
            BlockDefinition disk => disk with { Path = toPath("disk", disk.Path) },
            UserNetDefinition { Replay: { } frames } net => net with { Replay = toPath("frames", frames) },
            _ => device,
        })],
    };
}
