namespace LguestPS.Tests.Soak;

/// <summary>A guest, or what runs it, did not do what was promised.</summary>
internal sealed class SoakException(string message) : Exception(message);
