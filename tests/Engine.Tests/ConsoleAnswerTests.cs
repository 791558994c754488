using Xunit;

namespace LguestPS.Tests;

public class ConsoleAnswerTests
{
    [Theory]
    [InlineData("uname -r\r\n3.11.10\r\n# ", "# ", "uname -r\n", "3.11.10")]
    [InlineData("uname -r\r\n3.11.10\r\nroot@guest:~# ", "# ", "uname -r\n", "3.11.10")]
    [InlineData("# uname -r\r\n3.11.10\r\n# ", "# ", "uname -r\n", "3.11.10", 2)]     // the first prompt was late
    [InlineData("3.11.10\n# ", "# ", "uname -r\n", "3.11.10")]                          // no echo
    [InlineData("ls\r\na\r\n\r\nb\r\n\r\n# ", "# ", "ls\n", "a||b")]
    [InlineData("true\r\n# ", "# ", "true\n", "")]
    [InlineData("# ", "# ", "true\n", "")]
    [InlineData("echo 1\r\r\n1\r\n$ ", "$ ", "echo 1", "1")]
    [InlineData("echo a long li\r\nne\r\na long line\r\n# ", "# ", "echo a long line\n", "a long line")]
    [InlineData("\u001b[6nls \u001b[J-l\r\ntotal 0\r\n# ", "# ", "ls -l\n", "total 0")]
    [InlineData("HELLO\nmore", "HELLO", "hello\n", "")]
    [InlineData("one\nlike ls\n# ", "# ", "ls\n", "one|like ls")]                       // not the first line
    [InlineData("lsx\n# ", "# ", "ls\n", "lsx")]
    [InlineData("cat <<E\r\na\r\nE\r\na\r\n# ", "# ", "cat <<E\na\nE\n", "a")]
    [InlineData("  indented\r\n# ", "# ", "\n", "  indented")]
    public void It_is_what_stands_between_the_echo_and_the_prompt(string text, string prompt, string typed, string lines, int promptsBefore = 0) =>
        Assert.Equal(lines, string.Join('|', ConsoleAnswer.Lines(text, text.IndexOf(prompt, promptsBefore, StringComparison.Ordinal), typed)));

    [Fact]
    public void Whatever_a_guest_writes_is_no_fault_of_ours()
    {
        Random random = new(1);
        const string Alphabet = "ls \r\n\u001b[J#";
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            IReadOnlyList<string> lines = ConsoleAnswer.Lines(text, random.Next(text.Length + 1), random.Next(2) == 0 ? "ls\n" : "l\ns");
            Assert.DoesNotContain(lines, line => line.Contains('\n'));
        }
    }
}
