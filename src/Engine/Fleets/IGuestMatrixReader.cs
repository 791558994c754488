namespace LguestPS;

/// <summary>Reads matrices from files; implemented by the reader of definitions, which alone knows YAML.</summary>
public interface IGuestMatrixReader
{
    /// <summary>Reads and checks a matrix, with the definitions it names. Opens no other file.</summary>
    /// <param name="path">Path of a YAML file; relative paths in it are relative to its folder.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column.</exception>
    GuestMatrix ReadMatrix(string path);
}
