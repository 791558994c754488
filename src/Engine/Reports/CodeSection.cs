namespace LguestPS.Reports;

/// <summary>Where a run's time went: between guest and host, and in which functions.</summary>
internal sealed class CodeSection(RunReport report, Html html)
{
    private const int MostFunctions = 30;
    private const int UserRing = 3;

    public void Time()
    {
        if (report.Facts.Summary is { } summary) Split(summary);
        if (report.Code is { Instructions: > 0 } code)
        {
            IReadOnlyList<CodeFunction> functions = code.Functions;
            html.Add($"<p>Every one of {Quantity.Count(code.Instructions)} instructions was counted, {Quantity.Share((double)functions.Where(function => function.Level == UserRing).Sum(function => function.Instructions) / code.Instructions)} of them in programs.</p>\n");
            Begin("Instructions");
            foreach (CodeFunction function in functions.Take(MostFunctions))
                Row(function.Name, function.Level, function.Instructions, (double)function.Instructions / code.Instructions, (double)function.Instructions / functions[0].Instructions);
            End(functions.Count);
        }
        else if (report.Samples.Count > 0)
        {
            html.AddOwn("<p>As far as samples of where the guest was tell.</p>\n");
            Begin("Samples");
            foreach (HotCode sample in report.Samples.Take(MostFunctions)) Row(sample.Symbol ?? $"0x{sample.Address:x8}", sample.PrivilegeLevel, sample.Samples, sample.Share, sample.Share / report.Samples[0].Share);
            End(report.Samples.Count);
        }
        else
        {
            html.AddOwn("<p>In which functions is not known of this run: instructions are counted where a recording is run again, or sampled if the definition of the guest says <code>sampleEvery: 1000</code>.</p>\n");
        }
    }

    public void Listings()
    {
        html.AddOwn("<p>The hottest blocks of the hottest functions, with how often each instruction ran.</p>\n");
        bool isFirst = true;
        foreach ((CodeFunction function, IReadOnlyList<CodeLine> lines) in report.Listings)
        {
            html.AddOwn(isFirst ? "<details open>" : "<details>");
            isFirst = false;
            html.Add($"<summary>{function.Name}<span class=\"share\">{Quantity.Share((double)function.Instructions / report.Code!.Instructions)}</span></summary>\n<div class=\"wide\"><table class=\"code\">\n<thead><tr><th scope=\"col\" class=\"n\">Runs</th><th scope=\"col\">Address</th><th scope=\"col\">Instruction</th></tr></thead>\n<tbody>\n");
            long most = lines.Max(line => line.Runs ?? 0);
            foreach (CodeLine line in lines)
            {
                html.AddOwn(line.Runs > most / 2 ? "<tr class=\"hot\">" : "<tr>");
                html.Add($"<td class=\"n\">{(line.Runs is { } runs ? Quantity.Count(runs) : "")}</td><td>0x{line.Address:x8}</td><td>{line.Text}</td></tr>\n");
            }
            html.AddOwn("</tbody></table></div></details>\n");
        }
    }

    private void Split(RunSummary summary)
    {
        double all = Math.Max(1, summary.RunTime.Ticks), cpu = 100 * summary.CpuTime.Ticks / all, host = 100 * summary.HostTime.Ticks / all, idle = 100 * summary.IdleTime.Ticks / all;
        html.Add($"<svg class=\"split\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"s1\" width=\"{cpu:0.##}\" height=\"6\"/><rect class=\"s2\" x=\"{cpu:0.##}\" width=\"{host:0.##}\" height=\"6\"/><rect class=\"s3\" x=\"{cpu + host:0.##}\" width=\"{idle:0.##}\" height=\"6\"/></svg>\n");
        html.Add($"<ul class=\"keys\"><li><i class=\"s1\"></i>vCPU {Quantity.Time(summary.CpuTime.Ticks * 100.0)}</li><li><i class=\"s2\"></i>host {Quantity.Time(summary.HostTime.Ticks * 100.0)}</li><li><i class=\"s3\"></i>asleep {Quantity.Time(summary.IdleTime.Ticks * 100.0)}</li><li>{Quantity.Time(summary.RunTime.Ticks * 100.0)} of host time in all</li></ul>\n");
    }

    private void Begin(string counted) =>
        html.Add($"<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Function</th><th scope=\"col\" class=\"n\">Ring</th><th scope=\"col\" class=\"n\">{counted}</th><th scope=\"col\" class=\"n\">Share</th><th scope=\"col\"><span class=\"skip\">Bar</span></th></tr></thead>\n<tbody>\n");

    private void Row(string name, int level, long count, double share, double length)
    {
        html.Add($"<tr><td class=\"name\">{name}</td><td class=\"n\">{level}</td><td class=\"n\">{Quantity.Count(count)}</td><td class=\"n\">{Quantity.Share(share)}</td><td>");
        html.Bar(length);
        html.AddOwn("</td></tr>\n");
    }

    private void End(int functions)
    {
        html.AddOwn("</tbody></table></div>\n");
        if (functions > MostFunctions) html.Add($"<p class=\"note\">And {Quantity.Count(functions - MostFunctions)} more.</p>\n");
    }
}
