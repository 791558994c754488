using System.Globalization;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes a length of time as a definition writes it (30s, 500ms, 2m, 00:00:30), as a TimeSpan, or as a number of seconds (5, 0.5).</summary>
internal sealed class TimeArgumentAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        TimeSpan time = given switch
        {
            TimeSpan span => span,
            string text => Parse(text),
            byte or sbyte or short or ushort or int or uint or long or ulong or float or double or decimal => Seconds(Convert.ToDouble(given, CultureInfo.InvariantCulture)),
            _ => throw Invalid($"{given}"),
        };
        return time > TimeSpan.Zero && time <= GuestLimits.LongestTime
            ? time
            : throw new ArgumentTransformationMetadataException($"a length of time lies between 0 and {GuestLimits.LongestTime.TotalDays:0} days, both excluded; '{given}' does not");
    }

    private static TimeSpan Parse(string text) =>
        DefinitionText.TryParseTime(text, out TimeSpan time) ? time
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) ? Seconds(seconds)
        : text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out time) ? time
        : throw Invalid(text);

    private static TimeSpan Seconds(double seconds) => double.IsFinite(seconds) && Math.Abs(seconds) < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;

    private static ArgumentTransformationMetadataException Invalid(string text) => new($"{DefinitionText.TimeProblem(text)}, or give a number of seconds");
}
