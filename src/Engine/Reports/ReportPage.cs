using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace LguestPS.Reports;

/// <summary>The page of a report: one file, whose only script and style are those whose hashes stand in its policy.</summary>
internal sealed class ReportPage(RunReport report)
{
    private static readonly string Style = Read("report.css"), Script = Read("report.js");

    public void Write(Stream output)
    {
        using StreamWriter writer = new(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        Html html = new(writer);
        ReportSections sections = new(report, html);
        html.AddOwn("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.Add($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{HashOf(Style)}'; script-src '{HashOf(Script)}'; base-uri 'none'; form-action 'none'\">\n");
        html.AddOwn("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        html.Add($"<title>{report.Events.Guest} \u2013 lguest run report</title>\n");
        html.AddOwn($"<style>{Style}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
        sections.Header();
        html.AddOwn("<main id=\"main\">\n");
        sections.All();
        html.AddOwn("</main>\n");
        html.Add($"<footer><p>{report.Facts.Origin} LguestPS {typeof(ReportPage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]}.</p></footer>\n");
        html.AddOwn($"<script type=\"application/json\" id=\"data\">{new TimelineData(report).Text}</script>\n<script>{Script}</script>\n</body>\n</html>\n");
    }

    private static string HashOf(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Read(string name)
    {
        using StreamReader reader = new(typeof(ReportPage).Assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
