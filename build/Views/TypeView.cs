namespace LguestPS.ViewFiles;

/// <summary>How the objects of some types are shown and cross to other processes.</summary>
/// <param name="Types">Their names without the leading <c>LguestPS.</c></param>
internal sealed record TypeView(IReadOnlyList<string> Types)
{
    /// <summary>In order: the first is what is shown if nothing is asked for.</summary>
    public List<Control> Controls { get; } = [];

    /// <summary>How deep they are serialised; null for PowerShell's default.</summary>
    public int? Depth { get; set; }

    /// <summary>Properties that a static method of <c>LguestPS.Cmdlets.Views</c> of the same name works out.</summary>
    public List<string> CodeProperties { get; } = [];
}

/// <summary>A table, a list or a text.</summary>
internal sealed record Control(ControlShape Shape, bool Wraps)
{
    public List<Item> Items { get; } = [];

    public Item? Group { get; set; }
}

internal enum ControlShape
{
    Table,
    List,
    Text,
}

/// <summary>A column of a table, or a line of a list.</summary>
/// <param name="Label">What it is called.</param>
/// <param name="Property">The property it shows, if it shows one as it is; else null.</param>
/// <param name="Script">The PowerShell that works out what to show; else null.</param>
/// <param name="Width">Characters; null for what is left of the line.</param>
/// <param name="IsRight">Whether it is aligned to the right.</param>
/// <param name="Condition">The PowerShell that says whether a list has it; null if it always has.</param>
internal sealed record Item(string Label, string? Property, string? Script, int? Width = null, bool IsRight = false, string? Condition = null);
