namespace LguestPS.Launcher;

/// <summary>What a kernel's file tells of it, as lines for a terminal.</summary>
internal static class KernelLines
{
    private const int NameWidth = 15;

    public static IEnumerable<string> Of(KernelReport kernel)
    {
        yield return kernel.Path;
        foreach ((string name, string? text) in Facts(kernel))
            if (!string.IsNullOrEmpty(text)) yield return $"  {name.PadRight(NameWidth)}{text}";
    }

    private static IEnumerable<(string Name, string? Text)> Facts(KernelReport kernel)
    {
        yield return ("runs", kernel.Runs);
        for (int i = 0; i < kernel.Needs.Count; i++) yield return (i == 0 ? "needs" : "", kernel.Needs[i]);
        if (kernel.Format == KernelFormat.None) yield break;
        yield return ("version", kernel.Release);
        yield return ("build", kernel.Build);
        yield return ("file", $"{DefinitionText.NameOf(kernel.Format)}{(kernel.Bits is { } bits ? $", {bits}-bit" : "")}{(kernel.Packing is { } packing ? $", packed with {packing}" : "")}");
        yield return ("lguest", DefinitionText.NameOf(kernel.Lguest));
        yield return ("page offset", kernel.PageOffset is { } offset ? $"0x{offset:x8}" : null);
        yield return ("built with", string.Join(", ", Traits(kernel)));
        yield return ("drivers", string.Join(", ", kernel.Drivers));
        yield return ("symbols", kernel.Symbols is { } symbols ? $"{kernel.SymbolCount} in {symbols}" : null);
        yield return ("configuration", kernel.ConfigurationSource);
    }

    private static IEnumerable<string> Traits(KernelReport kernel)
    {
        (string Name, bool? Is)[] traits =
        [
            ("PAE", kernel.Pae), ("SMP", kernel.Smp), ("stack protector", kernel.StackProtector), ("early microcode", kernel.Microcode), ("KASLR", kernel.Kaslr), ("modules", kernel.Modules),
        ];
        return traits.Where(trait => trait.Is is true).Select(trait => trait.Name);
    }
}
