using System.Globalization;

namespace LguestPS.Fleets;

/// <summary>Makes the cells of a matrix: definitions outermost, then parameters as they are written, repetitions innermost.</summary>
internal static class MatrixExpansion
{
    /// <exception cref="LguestException">InvalidDefinition: there are too many, or one of them cannot be a guest.</exception>
    public static IReadOnlyList<MatrixCell> Of(GuestMatrix matrix)
    {
        Check(matrix);
        List<MatrixCell> cells = [];
        foreach (GuestDefinition definition in matrix.Definitions)
        {
            foreach (MatrixValue[] values in Combinations(matrix.Parameters))
            {
                OrderedDictionary<string, string> parameters = new(StringComparer.OrdinalIgnoreCase);
                string name = definition.Name;
                GuestDefinition applied = definition;
                foreach ((MatrixParameter parameter, MatrixValue value) in matrix.Parameters.Zip(values))
                {
                    name += $" {parameter.Name}={value.Label}";
                    parameters.Add(parameter.Name, value.Text);
                    applied = Apply(matrix, parameter, value, applied);
                }
                applied = Finish(matrix, name, applied);
                for (int run = 1; run <= matrix.Repeat; run++)
                {
                    OrderedDictionary<string, string> own = new(parameters, StringComparer.OrdinalIgnoreCase);
                    if (matrix.Repeat > 1) own.Add(MatrixParameter.Run, run.ToString(CultureInfo.InvariantCulture));
                    cells.Add(new MatrixCell(matrix, cells.Count, matrix.Repeat > 1 ? $"{name} {MatrixParameter.Run}={run}" : name, definition.Name, own, applied));
                }
            }
        }
        return cells;
    }

    private static void Check(GuestMatrix matrix)
    {
        if (matrix.Definitions is null or []) throw Problem($"matrix '{matrix.Name}' has no definition");
        if (matrix.Repeat < 1) throw Problem($"matrix '{matrix.Name}' cannot be run {matrix.Repeat} times; give at least 1");
        if (matrix.Definitions.GroupBy(definition => definition.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw Problem($"matrix '{matrix.Name}' has two definitions named '{twice.Key}'; give one of them another name");
        if (matrix.Parameters.GroupBy(parameter => parameter.Name).FirstOrDefault(same => same.Count() > 1) is { } same)
            throw Problem($"matrix '{matrix.Name}' has parameter '{same.Key}' twice");
        if (matrix.Checks.GroupBy(check => check.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } checks)
            throw Problem($"matrix '{matrix.Name}' has two checks named '{checks.Key}'");
        double count = matrix.Parameters.Aggregate((double)matrix.Definitions.Count * matrix.Repeat, (product, parameter) => product * parameter.Values.Count);
        if (count > GuestMatrix.MostCells) throw Problem($"matrix '{matrix.Name}' has {count:N0} cells; at most {GuestMatrix.MostCells:N0} are possible");
    }

    private static IEnumerable<MatrixValue[]> Combinations(IReadOnlyList<MatrixParameter> parameters)
    {
        IEnumerable<MatrixValue[]> all = [[]];
        foreach (MatrixParameter parameter in parameters)
            all = all.SelectMany(_ => parameter.Values, (before, value) => (MatrixValue[])[.. before, value]);
        return all;
    }

    private static GuestDefinition Apply(GuestMatrix matrix, MatrixParameter parameter, MatrixValue value, GuestDefinition definition)
    {
        try
        {
            return parameter.Apply(definition, value, path => Path.GetFullPath(path, matrix.Folder));
        }
        catch (LguestException e)
        {
            throw Problem($"parameter '{parameter.Name}' of matrix '{matrix.Name}': {e.Message}");
        }
    }

    private static GuestDefinition Finish(GuestMatrix matrix, string name, GuestDefinition definition)
    {
        if (definition.Limits.Time is null && matrix.TimeLimit is { } time) definition = definition with { Limits = definition.Limits with { Time = time } };
        // What is recorded is the matrix's decision.
        definition = definition with { Record = false };
        foreach ((_, string problem) in definition.Validate()) throw Problem($"cell '{name}' of matrix '{matrix.Name}': {problem}");
        return CellFiles.Obstacle(definition) is { } obstacle ? throw Problem($"cell '{name}' of matrix '{matrix.Name}': {obstacle}") : definition;
    }

    private static LguestException Problem(string text) => new(LguestError.InvalidDefinition, text);
}
