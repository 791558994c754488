using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes a place in a run as it is written (500M, 1.5s, #1234, 50%, Start, Now), or anything that has a <c>Position</c>: an event, a call, an access, a checkpoint.</summary>
internal sealed class PositionArgumentAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object? inputData) => (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
    {
        PositionExpression expression => expression,
        RunPosition position => PositionExpression.Of(position),
        Guest guest => PositionExpression.Of(guest.RunPosition),
        TimeSpan time => Of(() => new RunPosition(0, 0, time), time),
        // As it was written: PowerShell takes 20s for a short number.
        string or short or int or long or float or double or decimal or byte or sbyte or ushort or uint or ulong => Parse(LanguagePrimitives.ConvertTo<string>(inputData), inputData!),
        not null when PSObject.AsPSObject(inputData).Properties["Position"]?.Value is RunPosition position => PositionExpression.Of(position),
        null => throw new ArgumentTransformationMetadataException("nothing is no place in a run"),
        object other => throw new ArgumentTransformationMetadataException($"a {other.GetType().Name} has no place in a run"),
    };

    private static PositionExpression Parse(string text, object written)
    {
        if (PositionExpression.TryParse(text) is { } expression) return expression;
        // 1e6 and what was computed
        if (written is not string && PSObject.AsPSObject(written).BaseObject is double and >= 0 and <= 1e15 and var number && number % 1 == 0) return PositionExpression.Of(new RunPosition(0, (long)number, TimeSpan.Zero));
        try
        {
            return PositionExpression.Parse(text);
        }
        catch (LguestException e)
        {
            throw new ArgumentTransformationMetadataException(e.Message);
        }
    }

    private static PositionExpression Of(Func<RunPosition> make, object written)
    {
        try
        {
            return PositionExpression.Of(make());
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new ArgumentTransformationMetadataException($"'{written}' is not a time of a run");
        }
    }
}
