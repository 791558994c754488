using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>An argument of a verb's own that has a position after the guest's; where the guest is piped, it moves up by one.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Get">What the parameter has.</param>
/// <param name="Set">Gives it what was written; throws PSInvalidCastException if it cannot be that.</param>
internal sealed record OwnArgument(string Name, Func<object?> Get, Action<object?> Set)
{
    public static OwnArgument Of<T>(string name, Func<object?> get, Action<T> set) => new(name, get, written => set(LanguagePrimitives.ConvertTo<T>(written)));
}
