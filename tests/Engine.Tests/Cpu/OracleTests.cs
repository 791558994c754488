using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>The judge itself, against results worked out by hand.</summary>
public class OracleTests(OracleFixture fixture) : IClassFixture<OracleFixture>
{
    private const uint Writable = Oracle.DataBase, ReadOnly = Oracle.DataBase + Oracle.WritableSize, Absent = Oracle.DataBase + Oracle.DataSize;

    [SkippableFact]
    public void It_reports_registers_flags_and_the_place_where_the_code_ended()
    {
        // add eax, ecx; inc edx
        Outcome outcome = Run([0x01, 0xC8, 0x42], eax: 0x7FFFFFFF, ecx: 1);
        Assert.Equal(3u, outcome.Head.Trap);
        Assert.Equal(Oracle.CodeBase + 4, outcome.Head.Eip);
        Assert.Equal(0x80000000u, outcome.Head.Gpr[0]);
        Assert.Equal(1u, outcome.Head.Gpr[2]);
        Assert.Equal(0u, outcome.Head.Eflags & SnippetGenerator.Arithmetic);
    }

    [SkippableFact]
    public void It_reports_what_changed_in_memory_and_puts_it_back()
    {
        // mov [eax], ecx
        byte[] code = [0x89, 0x08];
        Outcome outcome = Run(code, eax: Writable + 0x204, ecx: 0x12345678);
        Assert.Equal([0x04, 0x02, 0x04, 0x00, 0x78, 0x56, 0x34, 0x12], outcome.Changed);
        Assert.Equal(outcome.Changed, Run(code, eax: Writable + 0x204, ecx: 0x12345678).Changed);
    }

    [SkippableTheory]
    [InlineData(ReadOnly, 7u, ReadOnly)]
    [InlineData(Absent, 6u, Absent)]
    [InlineData(ReadOnly - 2, 7u, ReadOnly)]
    [InlineData(0u, 6u, 0u)]
    [InlineData(0xFFFFFFF0u, 6u, 0xFFFFFFF0u)]
    public void It_reports_page_faults(uint address, uint error, uint faultAddress)
    {
        Outcome outcome = Run([0x90, 0x89, 0x08], eax: address, ecx: 1);
        Assert.Equal((14u, error, faultAddress), (outcome.Head.Trap, outcome.Head.Error, outcome.Head.Address));
        Assert.Equal(Oracle.CodeBase + 1, outcome.Head.Eip);
        Assert.Empty(outcome.Changed);
    }

    [SkippableTheory]
    [InlineData(new byte[] { 0xF7, 0xF1 }, 0u, 0u)]             // div ecx, by zero
    [InlineData(new byte[] { 0xCE }, 4u, 1u)]                   // into, with OF: after the instruction
    [InlineData(new byte[] { 0x0F, 0x0B }, 6u, 0u)]             // ud2
    [InlineData(new byte[] { 0xF4 }, 13u, 0u)]                  // hlt
    [InlineData(new byte[] { 0xF0, 0x90 }, 6u, 0u)]             // lock nop
    public void It_reports_other_traps(byte[] code, uint trap, uint eip)
    {
        Outcome outcome = Run(code, eflags: 0xA02);
        Assert.Equal((trap, Oracle.CodeBase + eip), (outcome.Head.Trap, outcome.Head.Eip));
    }

    [SkippableFact]
    public void It_survives_a_stack_that_is_not_there()
    {
        Outcome outcome = Run([0x50], esp: 0x1000);     // push eax
        Assert.Equal((14u, 6u, 0xFFCu), (outcome.Head.Trap, outcome.Head.Error, outcome.Head.Address));
    }

    private Outcome Run(byte[] code, uint eax = 0, uint ecx = 0, uint esp = Writable + 0x800, uint eflags = 0x202)
    {
        Oracle oracle = fixture.Require();
        var test = new TestCase(
            [new Piece(code, default)], [eax, ecx, 0, 0, esp, 0, 0, 0], eflags, SnippetGenerator.UserData, SnippetGenerator.UserData, 0, 0, 0, [], false);
        return oracle.Run([test.ForOracle()])[0];
    }
}
