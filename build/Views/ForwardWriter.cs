namespace LguestPS.ViewFiles;

/// <summary>Writes the attributes by which the cmdlets' assembly answers for the engine's types.</summary>
/// <remarks>PowerShell looks for <c>[LguestPS.Guest]</c> in the default load context, where the engine is not.</remarks>
internal static class ForwardWriter
{
    public static void Write(string path) => File.WriteAllLines(path,
        Engine.All.Select(type => $"[assembly: System.Runtime.CompilerServices.TypeForwardedTo(typeof(global::{Unbound(type)}))]"));

    /// <summary>As C# writes it: <c>Pair&lt;,&gt;</c>.</summary>
    private static string Unbound(Type type)
    {
        if (!type.IsGenericType) return type.FullName!;
        return $"{type.FullName![..type.FullName!.IndexOf('`')]}<{new string(',', type.GetGenericArguments().Length - 1)}>";
    }
}
