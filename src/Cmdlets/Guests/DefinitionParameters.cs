namespace LguestPS.Cmdlets;

/// <summary>The parameters that say of a new guest what its definition may say, too.</summary>
internal interface IDefinitionParameters
{
    string Initrd { get; }

    long Memory { get; }

    string CommandLine { get; }

    string Abi { get; }

    CpuChoice Cpu { get; }

    ClockKind Clock { get; }

    TscChoice Tsc { get; }

    DirectTrapChoice DirectTraps { get; }

    CompileChoice Compile { get; }

    long SampleEvery { get; }

    long InstructionLimit { get; }

    int SocketLimit { get; }

    long RebootLimit { get; }
}

/// <summary>Puts what was given as a parameter before what a definition says.</summary>
internal static class DefinitionParameters
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. typeof(IDefinitionParameters).GetProperties().Select(property => property.Name)];

    /// <param name="parameters">What may have been given.</param>
    /// <param name="definition">The definition.</param>
    /// <param name="given">Whether a parameter was given.</param>
    /// <param name="toPath">Makes an absolute path of what the user wrote.</param>
    public static GuestDefinition Apply(IDefinitionParameters parameters, GuestDefinition definition, Func<string, bool> given, Func<string, string> toPath) => definition with
    {
        Initrd = given(nameof(parameters.Initrd)) ? toPath(parameters.Initrd) : definition.Initrd,
        Memory = given(nameof(parameters.Memory)) ? parameters.Memory : definition.Memory,
        CommandLine = given(nameof(parameters.CommandLine)) ? parameters.CommandLine : definition.CommandLine,
        Abi = given(nameof(parameters.Abi)) ? parameters.Abi : definition.Abi,
        Cpu = given(nameof(parameters.Cpu)) ? parameters.Cpu : definition.Cpu,
        Clock = given(nameof(parameters.Clock)) ? parameters.Clock : definition.Clock,
        Tsc = given(nameof(parameters.Tsc)) ? parameters.Tsc : definition.Tsc,
        DirectTraps = given(nameof(parameters.DirectTraps)) ? parameters.DirectTraps : definition.DirectTraps,
        Compile = given(nameof(parameters.Compile)) ? parameters.Compile : definition.Compile,
        SampleEvery = given(nameof(parameters.SampleEvery)) ? parameters.SampleEvery : definition.SampleEvery,
        Limits = definition.Limits with
        {
            Instructions = given(nameof(parameters.InstructionLimit)) ? parameters.InstructionLimit : definition.Limits.Instructions,
            Sockets = given(nameof(parameters.SocketLimit)) ? parameters.SocketLimit : definition.Limits.Sockets,
            Reboots = given(nameof(parameters.RebootLimit)) ? parameters.RebootLimit : definition.Limits.Reboots,
        },
    };

    /// <summary>Refuses what a file and the parameters say together, and names the parameters that made it wrong: each was right by itself.</summary>
    /// <param name="definition">The definition with what was given.</param>
    /// <param name="given">The parameters of a definition that were given.</param>
    /// <exception cref="LguestException">InvalidDefinition.</exception>
    public static void Check(GuestDefinition definition, IReadOnlyCollection<string> given)
    {
        if (definition.Source is not { } file || given.Count == 0) return;
        foreach ((string property, string problem) in definition.Validate())
        {
            string culprit = ParameterOf(property);
            string cause = given.Contains(culprit) ? $"-{culprit}" : string.Join(", ", given.Select(name => $"-{name}"));
            throw new LguestException(LguestError.InvalidDefinition, $"{Path.GetFileName(file)} with {cause}: {problem}") { Path = file };
        }
    }

    private static string ParameterOf(string property) => property switch
    {
        $"{nameof(GuestDefinition.Limits)}.{nameof(GuestLimits.Time)}" => "TimeLimit",
        $"{nameof(GuestDefinition.Limits)}.{nameof(GuestLimits.Instructions)}" => nameof(IDefinitionParameters.InstructionLimit),
        $"{nameof(GuestDefinition.Limits)}.{nameof(GuestLimits.Sockets)}" => nameof(IDefinitionParameters.SocketLimit),
        $"{nameof(GuestDefinition.Limits)}.{nameof(GuestLimits.Reboots)}" => nameof(IDefinitionParameters.RebootLimit),
        nameof(GuestDefinition.Devices) => "Device",
        nameof(GuestDefinition.Symbols) => "SymbolPath",
        _ => property,
    };
}
