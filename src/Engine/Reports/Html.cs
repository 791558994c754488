using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using LguestPS.Texts;

namespace LguestPS.Reports;

/// <summary>Writes HTML in which every value is text: what is put into a template is encoded, whoever chose it.</summary>
internal sealed class Html(TextWriter output)
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Markup with values in it.</summary>
    /// <param name="template">The markup is ours; the values are encoded.</param>
    public void Add(FormattableString template) => output.Write(template.ToString(Encoded.Values));

    /// <summary>Text that this program made, or a file of its own: not encoded.</summary>
    public void AddOwn(string markup) => output.Write(markup);

    /// <summary>A bar for a share from 0 to 1.</summary>
    public void Bar(double share) =>
        Add($"<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"ground\" width=\"100\" height=\"6\"/><rect class=\"value\" width=\"{Math.Clamp(100 * share, 0, 100):0.##}\" height=\"6\"/></svg>");

    /// <summary>A small picture of how numbers go.</summary>
    public void Spark(ReadOnlySpan<long> values)
    {
        const int Points = 60, Height = 20;
        long[] shown = new long[Math.Min(Points, Math.Max(values.Length, 1))];
        for (int i = 0; i < values.Length; i++) shown[i * shown.Length / values.Length] += values[i];
        long most = Math.Max(1, shown.Max());
        StringBuilder path = new($"M0 {Height}");
        for (int i = 0; i < shown.Length; i++)
            if (shown[i] > 0) path.Append(CultureInfo.InvariantCulture, $"M{i} {Height}V{Height - Math.Max(1, shown[i] * Height / most)}h1V{Height}z");
        Add($"<svg class=\"spark\" viewBox=\"0 0 {shown.Length} {Height}\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>");
    }

    /// <summary>Writes values as text of the page, in the format that the template asks for.</summary>
    private sealed class Encoded : IFormatProvider, ICustomFormatter
    {
        public static readonly Encoded Values = new();

        public object? GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : null;

        public string Format(string? format, object? arg, IFormatProvider? formatProvider) =>
            Encoder.Encode(PlainText.Of(arg is IFormattable value ? value.ToString(format, CultureInfo.InvariantCulture) : arg?.ToString() ?? ""));
    }
}
