using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Xunit;

namespace LguestPS.Tests;

/// <summary>
/// The largest test guest (tests/guests/minikernel): when its processes change at system calls only, every run makes
/// the hypercalls and transfers of its golden lists; when the clock changes them, it must end as well as ever.
/// </summary>
public class MinikernelTests
{
    private const int ContextLines = 6;
    private const int LongestLine = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly JsonSerializerOptions PlainText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [SkippableTheory]
    [InlineData("minikernel-cooperative", "golden-fpu.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative", "golden-fpu.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative", "golden-fpu.txt", ClockKind.Host)]
    [InlineData("minikernel-cooperative-integer", "golden-integer.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative-integer", "golden-integer.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-integer", "golden-integer.txt", ClockKind.Host)]
    [InlineData("minikernel-cooperative-2.6.30", "golden-2.6.30.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative-2.6.30", "golden-2.6.30.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-2.6.30", "golden-2.6.30.txt", ClockKind.Host)]
    [InlineData("minikernel-cooperative-3.1", "golden-3.1.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative-3.1", "golden-3.1.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-3.1", "golden-3.1.txt", ClockKind.Host)]
    [InlineData("minikernel-cooperative-3.1-pae", "golden-3.1-pae.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative-3.1-pae", "golden-3.1-pae.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-3.1-pae", "golden-3.1-pae.txt", ClockKind.Host)]
    [InlineData("minikernel-cooperative-4.0", "golden-4.0.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative-4.0", "golden-4.0.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-4.0", "golden-4.0.txt", ClockKind.Host)]
    [InlineData("minikernel-cooperative-4.1", "golden-4.1.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative-4.1", "golden-4.1.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-4.1", "golden-4.1.txt", ClockKind.Host)]
    [InlineData("minikernel-cooperative-4.1-pae", "golden-4.1-pae.txt", ClockKind.Events)]
    [InlineData("minikernel-cooperative-4.1-pae", "golden-4.1-pae.txt", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-4.1-pae", "golden-4.1-pae.txt", ClockKind.Host)]
    public void A_cooperative_run_makes_the_golden_hypercalls_and_transfers(string name, string list, ClockKind clock)
    {
        string[] golden = File.ReadAllLines(Repository.Path("tests", "guests", "minikernel", list));
        string[] lines = [.. Run(name, clock, EventKinds.Hypercall | EventKinds.Dma | EventKinds.Kick | EventKinds.Virtqueue, out Guest guest).Select(GoldenLine)];
        guest.Dispose();

        int same = golden.Zip(lines).TakeWhile(pair => pair.First == pair.Second).Count();
        if (same == golden.Length && same == lines.Length) return;
        Assert.Fail(
            $"{list}, line {same + 1}, under the clock '{clock}':\n" +
            Show("  ", golden[Math.Max(0, same - ContextLines)..same]) +
            Show("- ", golden.Skip(same).Take(ContextLines)) +
            Show("+ ", lines.Skip(same).Take(ContextLines)) +
            $"{golden.Length} lines, now {lines.Length}; - is the golden list, + is this run");
    }

    [SkippableTheory]
    [InlineData("minikernel", ClockKind.Host)]
    [InlineData("minikernel", ClockKind.Virtual)]
    [InlineData("minikernel-integer", ClockKind.Host)]
    [InlineData("minikernel-integer", ClockKind.Virtual)]
    [InlineData("minikernel-2.6.30", ClockKind.Host)]
    [InlineData("minikernel-2.6.30", ClockKind.Virtual)]
    [InlineData("minikernel-3.1", ClockKind.Host)]
    [InlineData("minikernel-3.1", ClockKind.Virtual)]
    [InlineData("minikernel-3.1-pae", ClockKind.Host)]
    [InlineData("minikernel-3.1-pae", ClockKind.Virtual)]
    [InlineData("minikernel-4.0", ClockKind.Host)]
    [InlineData("minikernel-4.0", ClockKind.Virtual)]
    [InlineData("minikernel-4.1", ClockKind.Host)]
    [InlineData("minikernel-4.1", ClockKind.Virtual)]
    [InlineData("minikernel-4.1-pae", ClockKind.Host)]
    [InlineData("minikernel-4.1-pae", ClockKind.Virtual)]
    public void A_preemptive_run_ends_well_though_the_clock_interrupts_programs(string name, ClockKind clock)
    {
        List<LguestEvent> events = Run(name, clock, EventKinds.Interrupt, out Guest guest);
        using (guest)
        {
            Assert.Equal(Entry(name).Console, guest.ConsoleText.TrimEnd('\n').Split('\n'));
            Assert.Equal((GuestState.Ended, "Power down"), (guest.State, guest.StateReason));
        }
        Assert.True(events.OfType<InterruptEvent>().Count(interrupt => interrupt.Irq == 0 && interrupt.Eip < 0xC0000000) >= 3, "the clock interrupted no program");
    }

    [SkippableTheory]
    [InlineData("minikernel")]
    [InlineData("minikernel-integer")]
    [InlineData("minikernel-2.6.30")]
    [InlineData("minikernel-3.1")]
    [InlineData("minikernel-3.1-pae")]
    [InlineData("minikernel-4.0")]
    [InlineData("minikernel-4.1")]
    [InlineData("minikernel-4.1-pae")]
    public void Under_the_virtual_clock_a_preemptive_run_is_repeatable_to_the_last_event(string name) =>
        Assert.Equal(RunHash(name), RunHash(name));

    private static string RunHash(string name)
    {
        StringBuilder everything = new();
        List<LguestEvent> events = Run(name, ClockKind.Virtual, EventKinds.All, out Guest guest);
        foreach (LguestEvent happened in events)
        {
            everything.Append(CultureInfo.InvariantCulture, $"{happened.Sequence} {happened.GuestTime.Ticks} {happened.Kind} ").Append(happened switch
            {
                HypercallEvent or DmaEvent or KickEvent or VirtqueueEvent => GoldenLine(happened),
                TrapEvent trap => $"{trap.Vector} {trap.ErrorCode} {trap.Address} {trap.Eip} {trap.Outcome}",
                InterruptEvent interrupt => $"{interrupt.Irq} {interrupt.Eip}",
                GuestEndedEvent ended => $"{ended.Reason} {ended.Eip}",
                _ => throw new NotSupportedException($"{happened.Kind} has no line"),
            }).Append('\n');
        }
        everything.Append(CultureInfo.InvariantCulture, $"{guest.InstructionCount} instructions");
        guest.Dispose();
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(everything.ToString())));
    }

    /// <summary>One line of a golden list, as tests/guests/minikernel/golden.jq writes it.</summary>
    private static string GoldenLine(LguestEvent happened) => happened switch
    {
        HypercallEvent call =>
            $"{call.Name}{(call.Slot is { } slot ? $"[{slot}]" : "")}({string.Join(", ", call.Arguments.Select(argument => $"{argument:x}"))})" +
            $"{(call.Result is { } result ? $" = {result:x}" : "")} at {call.Eip:x}",
        DmaEvent dma =>
            $"{dma.Direction} {dma.Device}{string.Concat(dma.Sections.Select(section => $" {section.Address:x}+{section.Length:x}:{Convert.ToBase64String(section.Data)}"))}" +
            $"{(dma.UsedLength is { } used ? $" used {used:x}" : "")}{(dma.Device == "console" ? $" {JsonSerializer.Serialize(dma.Text, PlainText)}" : "")}",
        KickEvent kick =>
            $"Kick {kick.Device} {kick.Purpose}{(kick.Queue is { } queue ? $" {queue}" : "")}{(kick.Status is { } status ? $" {status:x}" : "")} at {kick.Address:x}" +
            $"{(kick.Text is { } text ? $" {JsonSerializer.Serialize(text, PlainText)}" : "")}",
        VirtqueueEvent buffer =>
            $"{buffer.Operation} {buffer.Device} {buffer.Queue} head {buffer.Head}" +
            string.Concat(buffer.Descriptors.Select(descriptor => DescriptorText(buffer.Device, descriptor))) +
            $"{(buffer.UsedLength is { } used ? $" used {used:x}" : "")}{(buffer.Device == "console" ? $" {JsonSerializer.Serialize(buffer.Text, PlainText)}" : "")}",
        _ => throw new NotSupportedException($"{happened.Kind} is in no golden list"),
    };

    /// <summary>Random numbers are in no golden list: under the host's clock they are random.</summary>
    private static string DescriptorText(string device, VirtqueueDescriptor descriptor) =>
        $" {descriptor.Address:x}+{descriptor.Length:x}{(descriptor.IsWritable ? "w" : "")}{(device == "rng" ? "" : $":{Convert.ToBase64String(descriptor.Data)}")}";

    private static string Show(string mark, IEnumerable<string> lines) =>
        string.Concat(lines.Select(line => $"{mark}{(line.Length > LongestLine ? line[..LongestLine] + "…" : line)}\n"));

    private static GuestRun Entry(string name) => GuestRun.All.Single(run => run.Name == name);

    private static List<LguestEvent> Run(string name, ClockKind clock, EventKinds kinds, out Guest guest)
    {
        GuestRun entry = Entry(name);
        guest = Guest.Create(entry.Definition(clock));
        if (entry.RequiresFpu && !guest.Cpu.HasFpu)
        {
            guest.Dispose();
            throw new SkipException("the CPU has no FPU");
        }
        guest.SendConsole(entry.Input!);
        return [.. guest.Run(new RunOptions { Driver = "the test", Filter = new EventFilter { Kinds = kinds }, TimeLimit = Patience })];
    }
}
