namespace LguestPS.Reports;

/// <summary>What went over each device, and how its queues did.</summary>
internal sealed class DeviceSection(RunReport report, Html html)
{
    public void Write()
    {
        double seconds = Math.Max(report.Events.LastTime, 1) / 1e9;
        html.AddOwn("<p>Bytes are those that devices read from the guest and wrote into it; rates are by guest time.</p>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Device</th><th scope=\"col\" class=\"n\">Transfers</th><th scope=\"col\" class=\"n\">From the guest</th><th scope=\"col\" class=\"n\">To the guest</th><th scope=\"col\" class=\"n\">Per second</th><th scope=\"col\" class=\"n\">Kicks</th><th scope=\"col\" class=\"n\">In flight</th><th scope=\"col\" class=\"n\">Kept</th><th scope=\"col\" class=\"n\">Longest</th><th scope=\"col\">Over time</th></tr></thead>\n<tbody>\n");
        foreach (DeviceTraffic device in report.Events.Devices)
        {
            html.Add($"<tr><td class=\"name\">{device.Name}</td><td class=\"n\">{Quantity.Count(device.Transfers)}</td><td class=\"n\">{Quantity.Bytes(device.BytesFromGuest)}</td><td class=\"n\">{Quantity.Bytes(device.BytesToGuest)}</td><td class=\"n\">{Quantity.Bytes((device.BytesFromGuest + device.BytesToGuest) / seconds)}</td>");
            if (device.Kicks > 0 || device.Returned > 0)
                html.Add($"<td class=\"n\">{Quantity.Count(device.Kicks)}</td><td class=\"n\">{device.MostBuffers}</td><td class=\"n\">{(device.KeptCount == 0 ? "" : Quantity.Time((double)device.KeptTime / device.KeptCount))}</td><td class=\"n\">{(device.KeptCount == 0 ? "" : Quantity.Time(device.LongestKept))}</td><td>");
            else html.AddOwn("<td></td><td></td><td></td><td></td><td>");
            html.Spark(device.Bytes.Values(report.Events.Bins.Count));
            html.AddOwn("</td></tr>\n");
        }
        html.AddOwn("</tbody></table></div>\n<p class=\"note\">In flight is how many buffers of its virtqueues a device had at most; kept, how long it had one on average.</p>\n");
    }
}
