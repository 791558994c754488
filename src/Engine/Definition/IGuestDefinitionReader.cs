namespace LguestPS;

/// <summary>Reads guest definitions; implemented by LguestPS.Definitions, which alone knows YAML.</summary>
public interface IGuestDefinitionReader
{
    /// <summary>Reads and checks a whole definition. Opens no other file.</summary>
    /// <param name="path">Path of a YAML file; relative paths in it are relative to its folder.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column, also if it defines several guests.</exception>
    GuestDefinition Read(string path);

    /// <summary>Reads and checks all guests that a file defines, in the file's order: one, or those below <c>guests</c>. Opens no other file.</summary>
    /// <param name="path">As for <see cref="Read"/>.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column.</exception>
    IReadOnlyList<GuestDefinition> ReadAll(string path);

    /// <summary>Adds to a problem with a file the place in the definition that names the file.</summary>
    /// <param name="problem">What making a guest threw.</param>
    /// <param name="definition">The definition the guest was made of.</param>
    /// <returns>The problem with file, line and column; itself if it is about no file that a definition's text names.</returns>
    LguestException Locate(LguestException problem, GuestDefinition definition);
}
