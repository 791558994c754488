using System.Diagnostics;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>A network between processes: the staged launcher with the example guest, and what is left of one that is killed.</summary>
public class SharedNetProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [SkippableFact]
    public async Task Two_guests_in_two_processes_talk()
    {
        using TempFolder folder = OnLinux();
        using Process answering = Start(folder.Path("lan0"));
        string? first = await answering.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        using Process asking = Start(folder.Path("lan0"), "ask");
        Assert.Equal("""
            lan: slot 1 asks slot 0
            lan: slot 0 answers "ANYBODY THERE?"
            lan: slot 0 answers "HOW ARE YOU?"
            lan: slot 0 answers "WHAT IS THAT IN CAPITALS?"

            """, await asking.StandardOutput.ReadToEndAsync().WaitAsync(Patience));
        Assert.Equal("""
            lan: slot 0 answers
            lan: slot 1 says "anybody there?"
            lan: slot 1 says "how are you?"
            lan: slot 1 says "what is that in capitals?"
            lan: slot 1 says "good bye"

            """, $"{first}\n{await answering.StandardOutput.ReadToEndAsync().WaitAsync(Patience)}");
        await asking.WaitForExitAsync().WaitAsync(Patience);
        await answering.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal((0, 0), (answering.ExitCode, asking.ExitCode));
    }

    [SkippableFact]
    public async Task A_killed_process_leaves_its_slot_to_the_next()
    {
        OnLinux().Dispose();
        using Lan lan = new();
        using Process other = Start(lan.Path);
        Assert.Equal("lan: slot 0 answers", await other.StandardOutput.ReadLineAsync().WaitAsync(Patience));
        ScriptedGuest witness = lan.Join();
        Lan.Until(witness, () => Lan.Mac(witness, 0)[5] == 1);

        other.Kill();
        await other.WaitForExitAsync().WaitAsync(Patience);
        Lan.Until(witness, () => Lan.Mac(witness, 0)[5] == 0);
        Assert.Equal(["SEND_DMA", "net0 <-"], ScriptedGuest.Words(Lan.Send(witness, 0, "still there?")));

        ScriptedGuest next = lan.Join();
        Assert.Equal(0, Lan.NetworkOf(next).Slot);
        Lan.Listen(next, 0);
        Lan.Until(witness, () => Lan.NetworkOf(witness).IsBound(0));
        Lan.Send(witness, 0, "hello");
        Lan.Until(next, () => next.UsedLength(Lan.Buffers) != 0);
    }

    private static TempFolder OnLinux()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "networks between guests need Linux");
        return new TempFolder();
    }

    private static Process Start(string network, params string[] words) => Process.Start(new ProcessStartInfo(
        Repository.Path("out", "lguest", "lguest"),
        ["--limit-time=300s", $"--sharenet={network}", "4", Repository.Path("examples", "lan", "lan.elf"), .. words])
    {
        RedirectStandardOutput = true,
        RedirectStandardInput = true,
    })!;
}
