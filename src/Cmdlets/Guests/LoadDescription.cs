using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>Says what would be loaded where, for -WhatIf and -Confirm.</summary>
internal static class LoadDescription
{
    /// <summary>One line.</summary>
    public static string Short(GuestDefinition definition) => $"Load guest '{definition.Name}' from {definition.Source ?? definition.Kernel}";

    /// <summary>Every part with its address, the entry point, the devices and the processor. Reads the images, makes nothing.</summary>
    /// <exception cref="LguestException">As <see cref="Guest.Create"/>.</exception>
    public static string Full(GuestDefinition definition)
    {
        LoadPlan plan = Guest.Plan(definition);
        StringBuilder text = new(Short(definition));
        text.Append($" into {Views.Bytes(definition.Memory)} of memory:");
        foreach (LoadedPart part in plan.Parts) text.Append($"\n  0x{part.Address:x8}  {part.Size,9:N0} bytes  {part.What}{(part.Source is { } file ? $" ({file})" : "")}");
        text.Append($"\n  entry 0x{plan.Entry:x8}, ABI {plan.Abi}, clock {definition.Clock}, CPU: {plan.CpuReason}");
        if (definition.CommandLine.Length > 0) text.Append($"\n  command line: {definition.CommandLine}");
        foreach (DeviceDefinition device in definition.Devices) text.Append($"\n  device: {Views.DeviceText(device)}");
        return text.ToString();
    }
}
