namespace LguestPS;

/// <summary>Reads guest definitions; implemented by LguestPS.Definitions, which alone knows YAML.</summary>
public interface IGuestDefinitionReader
{
    /// <summary>Reads and checks a whole definition. Opens no other file.</summary>
    /// <param name="path">Path of a YAML file; relative paths in it are relative to its folder.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column.</exception>
    GuestDefinition Read(string path);
}
