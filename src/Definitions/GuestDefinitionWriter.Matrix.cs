using YamlDotNet.Core.Events;

namespace LguestPS.Definitions;

/// <summary>Matrices, as <see cref="GuestDefinitionReader.ReadMatrix"/> reads them.</summary>
public sealed partial class GuestDefinitionWriter
{
    /// <summary>The text of a file that is the same matrix again, with its definitions written out.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="folder">Absolute path of the folder that the file is for: paths in and below it are written relative to it.</param>
    /// <exception cref="LguestException">InvalidDefinition: it has no cells.</exception>
    public static string Write(GuestMatrix matrix, string folder)
    {
        _ = matrix.Cells;
        GuestDefinitionWriter writer = new(folder);
        writer.emitter.Emit(new StreamStart());
        writer.emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        writer.Mapping(() => writer.Matrix(matrix));
        writer.emitter.Emit(new DocumentEnd(isImplicit: true));
        writer.emitter.Emit(new StreamEnd());
        return writer.text.ToString();
    }

    private void Matrix(GuestMatrix matrix)
    {
        Entry("name", matrix.Name);
        Nested("definitions", () =>
        {
            foreach (GuestDefinition definition in matrix.Definitions) Nested(definition.Name, () => Guest(definition, named: false));
        });
        if (matrix.Parameters.Count > 0) Nested("parameters", () =>
        {
            foreach (MatrixParameter parameter in matrix.Parameters) Nested(parameter.Name, () => Values(parameter, matrix.Folder));
        });
        if (matrix.Repeat > 1) Entry("repeat", Number(matrix.Repeat));
        if (matrix.TimeLimit is { } limit) Entry("timeLimit", Time(limit));
        if (matrix.Record != RecordChoice.OnFailure) Entry("record", DefinitionText.NameOf(matrix.Record));
        Nested("checks", () =>
        {
            foreach (MatrixCheck check in matrix.Checks) Nested(check.Name, () => Check(check));
        });
    }

    private void Values(MatrixParameter parameter, string from)
    {
        foreach (MatrixValue value in parameter.Values)
            Entry(value.Label, parameter.IsPath && value.Text.Length > 0 ? Path(System.IO.Path.GetFullPath(value.Text, from)) : value.Text);
    }

    private void Check(MatrixCheck check)
    {
        if (check.Ending is { } ending) Entry("ending", DefinitionText.NameOf(ending));
        if (check.Reason is { } reason) Entry("reason", reason);
        if (check.Console is { } console) Entry("console", console);
        if (check.ConsoleNot is { } unwanted) Entry("consoleNot", unwanted);
        if (check.EventHash is { } hash) Entry("eventHash", hash);
        if (check.InstructionsAtMost is { } most) Entry("instructionsAtMost", Number(most));
        if (check.GuestTimeAtMost is { } longest) Entry("guestTimeAtMost", Time(longest));
        if (check.Script is { } script) Entry("script", script);
    }
}
