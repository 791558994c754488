using LguestPS.Texts;

namespace LguestPS.Reports;

/// <summary>The parts of the page, in their order.</summary>
internal sealed class ReportSections(RunReport report, Html html)
{
    private const int MostRows = 40;

    private readonly RunProfile events = report.Events;
    private readonly ReportFacts facts = report.Facts;

    public void Header()
    {
        html.Add($"<header>\n<h1>{events.Guest}</h1>\n");
        string[] words =
        [
            .. facts.Kernel is { } kernel ? [$"kernel {kernel}"] : Array.Empty<string>(),
            .. facts.Abi is { } abi ? [$"ABI {abi}"] : Array.Empty<string>(),
            .. facts.Memory is { } memory ? [Quantity.Bytes(memory) + " of memory"] : Array.Empty<string>(),
            .. facts.Cpu is { } cpu ? [$"{cpu} CPU"] : Array.Empty<string>(),
            .. facts.Clock is { } clock ? [$"{clock} clock"] : Array.Empty<string>(),
        ];
        html.Add($"<p>{string.Join(" \u00b7 ", words)}</p>\n");
        html.AddOwn("<dl class=\"facts\">\n");
        Fact("Guest time", Quantity.Time(events.LastTime), events.Halted.Total > events.LastTime / 1000 ? $"halted for {Quantity.Share((double)events.Halted.Total / Math.Max(1, events.LastTime))}" : null);
        if (facts.Instructions is { } instructions) Fact("Instructions", Quantity.Large(instructions), null);
        Fact("Events", Quantity.Count(events.Count), null);
        Fact("Hypercalls", Quantity.Count(events.Hypercalls.Sorted.Sum(call => call.Count)), null);
        if (events.PageFaults.Count > 0) Fact("Page faults", Quantity.Count(events.PageFaults.Count), null);
        Fact("Ended", events.Ending ?? "not yet", null);
        html.AddOwn("</dl>\n</header>\n<nav aria-label=\"Sections\"><ul>\n");
        foreach ((string id, string title) in Parts()) html.Add($"<li><a href=\"#{id}\">{title}</a></li>\n");
        html.AddOwn("</ul></nav>\n");
    }

    public void All()
    {
        foreach ((string id, string title) in Parts())
        {
            html.Add($"<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n");
            switch (id)
            {
                case "timeline": Timeline(); break;
                case "time": new CodeSection(report, html).Time(); break;
                case "code": new CodeSection(report, html).Listings(); break;
                case "hypercalls": Hypercalls(); break;
                case "traps": Traps(); break;
                case "interrupts": Tallies(events.Interrupts, "Interrupt"); break;
                case "devices": new DeviceSection(report, html).Write(); break;
                case "console": Console(); break;
                default: Notable(); break;
            }
            html.AddOwn("</section>\n");
        }
    }

    private IEnumerable<(string Id, string Title)> Parts()
    {
        yield return ("timeline", "Timeline");
        yield return ("time", "Where the time went");
        if (report.Listings.Count > 0) yield return ("code", "Hottest code");
        if (events.Hypercalls.Any) yield return ("hypercalls", "Hypercalls");
        if (events.Traps.Any) yield return ("traps", "Traps and page faults");
        if (events.Interrupts.Any) yield return ("interrupts", "Interrupts");
        if (events.Devices.Count > 0) yield return ("devices", "Devices");
        if (events.Console.Lines.Count > 0) yield return ("console", "Console");
        if (events.Notable.Count > 0) yield return ("notable", "Turning points");
    }

    private void Fact(string name, string value, string? more)
    {
        html.Add($"<div><dt>{name}</dt><dd>{value}");
        if (more is not null) html.Add($"<small>{more}</small>");
        html.AddOwn("</dd></div>\n");
    }

    private void Timeline()
    {
        html.Add($"""
            <p>The whole run by guest time, in stretches of {Quantity.Time(events.Bins.Width)} at the finest. Drag to move, double-click or use the buttons to zoom.</p>
            <div class="tools" role="group" aria-label="Timeline">
            <button type="button" id="earlier">Earlier</button><button type="button" id="later">Later</button>
            <button type="button" id="in">Zoom in</button><button type="button" id="out">Zoom out</button><button type="button" id="all">All</button>
            <output id="range"></output>
            </div>
            <canvas id="lanes" tabindex="0" role="slider" aria-label="Time" aria-valuemin="0" aria-valuemax="{events.LastTime}" aria-valuenow="0" aria-describedby="readout"></canvas>
            <div id="readout"></div>
            <div id="legend" class="legend"></div>
            <noscript><p>The timeline needs the page's own script, which is switched off here; everything below is there without it.</p></noscript>

            """);
    }

    private void Hypercalls()
    {
        html.AddOwn("<p>What the guest asked its host for. The cost is the host\u2019s time from the exit of the vCPU until the call was done.</p>\n");
        Tallies(events.Hypercalls, "Hypercall");
        if (events.Dearest.Count == 0) return;
        html.AddOwn("<h3>The dearest</h3>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\" class=\"n\">Event</th><th scope=\"col\" class=\"n\">At</th><th scope=\"col\" class=\"n\">Cost</th><th scope=\"col\">What</th></tr></thead>\n<tbody>\n");
        foreach ((long time, long sequence, string what, TimeSpan cost) in events.Dearest)
            html.Add($"<tr><td class=\"n\">{sequence}</td><td class=\"n\">{Quantity.Time(time)}</td><td class=\"n\">{Quantity.Time(cost.Ticks * 100.0)}</td><td class=\"name\"><code>{Short(what)}</code></td></tr>\n");
        html.AddOwn("</tbody></table></div>\n");
    }

    private void Traps()
    {
        Tallies(events.Traps, "Trap");
        PageFaults faults = events.PageFaults;
        if (faults.Count == 0) return;
        html.Add($"<h3>Page faults</h3>\n<p class=\"note\">{Quantity.Count(faults.Count)} in all: {Quantity.Count(faults.OfPrograms)} of programs and {Quantity.Count(faults.Count - faults.OfPrograms)} of the kernel; {Quantity.Count(faults.Writes)} writes; {Quantity.Count(faults.Protected)} of pages that are there, such as copies on write.</p>\n");
        html.AddOwn("<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">In</th><th scope=\"col\" class=\"n\">Count</th><th scope=\"col\">Over time</th></tr></thead>\n<tbody>\n");
        foreach (Tally place in faults.Places)
        {
            html.Add($"<tr><td class=\"name\">{place.Name}</td><td class=\"n\">{Quantity.Count(place.Count)}</td><td>");
            html.Spark(place.Series.Values(events.Bins.Count));
            html.AddOwn("</td></tr>\n");
        }
        html.AddOwn("</tbody></table></div>\n");
    }

    private void Tallies(TallySet tallies, string what)
    {
        double seconds = Math.Max(events.LastTime, 1) / 1e9;
        bool isKnown = tallies.Sorted.Any(tally => tally.Cost > 0);
        html.Add($"<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">{what}</th><th scope=\"col\" class=\"n\">Count</th><th scope=\"col\" class=\"n\">Per second</th>");
        if (isKnown) html.AddOwn("<th scope=\"col\" class=\"n\">Cost</th><th scope=\"col\" class=\"n\">Each</th><th scope=\"col\" class=\"n\">Most</th>");
        html.AddOwn("<th scope=\"col\">Over time</th></tr></thead>\n<tbody>\n");
        foreach (Tally tally in tallies.Sorted.Take(MostRows))
        {
            html.Add($"<tr><td class=\"name\">{tally.Name}</td><td class=\"n\">{Quantity.Count(tally.Count)}</td><td class=\"n\">{Quantity.Count((long)Math.Round(tally.Count / seconds))}</td>");
            if (isKnown) html.Add($"<td class=\"n\">{Quantity.Time(tally.Cost * 100.0)}</td><td class=\"n\">{Quantity.Time(tally.Cost * 100.0 / tally.Count)}</td><td class=\"n\">{Quantity.Time(tally.MostCost * 100.0)}</td>");
            html.AddOwn("<td>");
            html.Spark(tally.Series.Values(events.Bins.Count));
            html.AddOwn("</td></tr>\n");
        }
        html.AddOwn("</tbody></table></div>\n");
    }

    private void Console()
    {
        html.AddOwn("<p>What the guest wrote, and when each line began. A time leads to its place on the timeline.</p>\n<ol class=\"console\" id=\"lines\" tabindex=\"0\" aria-label=\"Console output\">\n");
        foreach ((long time, string text) in events.Console.Lines) html.Add($"<li data-t=\"{time}\"><button type=\"button\">{time / 1e9:0.000000}</button><span>{text}</span></li>\n");
        html.AddOwn("</ol>\n");
        if (events.Console.LeftOut > 0) html.Add($"<p class=\"note\">{Quantity.Count(events.Console.LeftOut)} more lines are left out.</p>\n");
    }

    private void Notable()
    {
        html.AddOwn("<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\" class=\"n\">Event</th><th scope=\"col\" class=\"n\">At</th><th scope=\"col\">What</th></tr></thead>\n<tbody>\n");
        foreach ((long time, long sequence, string what) in events.Notable)
            html.Add($"<tr><td class=\"n\">{sequence}</td><td class=\"n\">{Quantity.Time(time)}</td><td class=\"name\">{Short(what)}</td></tr>\n");
        html.AddOwn("</tbody></table></div>\n");
    }

    private static string Short(string text) => PlainText.Of(text.Length <= 160 ? text : text[..160] + "\u2026");
}
