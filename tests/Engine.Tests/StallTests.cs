using LguestPS.Cpu;
using LguestPS.Cpu.Scripted;
using LguestPS.Traps;
using Xunit;

namespace LguestPS.Tests;

/// <summary>A guest that gets the same fault for ever says so, once, and one that goes on says nothing.</summary>
public class StallTests
{
    private const uint Code = ScriptedGuest.PageOffset + 0x2100, Handler = ScriptedGuest.PageOffset + 0x3000;
    private const uint StackTop = ScriptedGuest.PageOffset + ScriptedGuest.StackTop;
    private const int Many = ProgressWatch.Threshold;

    private static readonly CpuExit invalidOpcode = CpuExit.Trap(Vector.InvalidOpcode);

    [Fact]
    public void A_fault_that_comes_back_for_ever_is_said_once_with_its_instruction()
    {
        using ScriptedGuest guest = Guest();
        guest.Memory.Write(Code - ScriptedGuest.PageOffset, [0x0F, 0x38, 0xF0, 0x01]);
        Faults(guest, Many + 500, (_, _) => invalidOpcode);
        string place = $"#UD at 0x{Code:x8} in ring 1, and nothing else trapped between. The instruction there: 0f 38 f0 01 (movbe eax, [ecx]).";
        Assert.Equal([$"makes no progress: 10,000 times in a row {place}"], guest.Warnings);
        Assert.Equal($"makes no progress: 10,500 times in a row {place}", guest.Guest.NoProgress);
    }

    [Fact]
    public void A_page_fault_is_said_with_its_address_even_where_no_code_is_mapped()
    {
        using ScriptedGuest guest = Guest();
        Faults(guest, Many, (cpu, _) =>
        {
            cpu.Registers.Eip = 0x70000000;
            return CpuExit.Trap(Vector.PageFault, 4, 0x70000000);
        });
        Assert.Equal(
            ["makes no progress: 10,000 times in a row #PF for 0x70000000 (error code 4) at 0x70000000 in ring 1, and nothing else trapped between. No instruction is mapped there."],
            guest.Warnings);
    }

    [Theory]
    [InlineData("a program that faults page after page in one loop")]
    [InlineData("system calls, all from one place")]
    [InlineData("a debugger's steps")]
    [InlineData("a fault that a program mends, with a system call")]
    public void A_guest_that_goes_on_says_nothing(string what)
    {
        using ScriptedGuest guest = Guest();
        Faults(guest, 2 * Many + 10, (_, i) => what[..8] switch
        {
            "a progra" => CpuExit.Trap(Vector.PageFault, 6, (uint)i << 12),
            "system c" => CpuExit.Trap(0x80),
            "a debugg" => CpuExit.Trap(Vector.Debug),
            _ => i % 5000 == 4999 ? CpuExit.Trap(0x80) : invalidOpcode,
        });
        Assert.Empty(guest.Warnings);
        Assert.Null(guest.Guest.NoProgress);
    }

    [Fact]
    public void A_second_place_is_said_too_but_none_twice()
    {
        using ScriptedGuest guest = Guest();
        Faults(guest, Many + 5, (_, _) => invalidOpcode);
        Faults(guest, 1, (_, _) => CpuExit.Trap(0x80));
        Faults(guest, Many + 5, (_, _) => invalidOpcode);
        Assert.Single(guest.Warnings);
        Faults(guest, Many + 5, (cpu, _) =>
        {
            cpu.Registers.Eip = Code + 16;
            return invalidOpcode;
        });
        Assert.Equal(2, guest.Warnings.Count);
        Assert.Contains($"0x{Code + 16:x8}", guest.Warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_summary_tells_how_often()
    {
        using ScriptedGuest guest = Guest();
        Faults(guest, Many + 500, (_, _) => invalidOpcode, summary: true);
        Assert.Contains("it makes no progress: 10,500 times in a row #UD at", guest.Guest.Summary!.Text, StringComparison.Ordinal);
    }

    private static ScriptedGuest Guest()
    {
        ScriptedGuest guest = ScriptedGuest.Initialised();
        foreach (int vector in (int[])[Vector.Debug, Vector.InvalidOpcode, Vector.PageFault]) guest.Gate(vector, Handler);
        guest.Gate(0x80, Handler, privilege: 3);
        return guest;
    }

    /// <summary>The guest traps so often; its handler takes it back to where it was.</summary>
    private static void Faults(ScriptedGuest guest, int count, Func<ScriptedCpu, int, CpuExit> trap, bool summary = false)
    {
        for (int i = 0; i < count; i++)
        {
            int number = i;
            guest.Cpu.Then(cpu =>
            {
                (cpu.Registers.Eip, cpu.Registers.Esp) = (Code, StackTop);
                return trap(cpu, number);
            });
        }

        guest.Play(EventFilter.Nothing, summary: summary);
    }
}
