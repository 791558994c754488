using System.Text;

namespace LguestPS;

/// <summary>One guest of a matrix: a definition with one value for each parameter.</summary>
public sealed class MatrixCell
{
    internal MatrixCell(GuestMatrix matrix, int index, string name, string definitionName, OrderedDictionary<string, string> parameters, GuestDefinition definition)
    {
        Matrix = matrix;
        Index = index;
        Name = name;
        DefinitionName = definitionName;
        Parameters = parameters;
        Definition = definition;
    }

    /// <summary>Which of the matrix's cells it is, from 0.</summary>
    public int Index { get; }

    /// <summary>The definition, and each parameter with its value: <c>hello memory=32MiB run=2</c>.</summary>
    public string Name { get; }

    /// <summary>The name of the definition before the parameters were applied.</summary>
    public string DefinitionName { get; }

    /// <summary>The parameters' values as they are written, by name.</summary>
    public OrderedDictionary<string, string> Parameters { get; }

    /// <summary>The guest, with the parameters applied.</summary>
    public GuestDefinition Definition { get; }

    /// <summary>The matrix it is of.</summary>
    internal GuestMatrix Matrix { get; }

    /// <summary>How files of this cell's begin: the index, as wide as the largest, and the name as far as a file's may have it.</summary>
    internal string FileStem
    {
        get
        {
            StringBuilder stem = new($"{Index}".PadLeft($"{Matrix.CellCount - 1}".Length, '0') + "-");
            foreach (char c in Name.Take(80)) stem.Append(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '=' ? c : '-');
            return stem.ToString();
        }
    }

    public override string ToString() => $"{Index}: {Name}";
}
