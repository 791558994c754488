using System.Diagnostics;
using System.Text;
using Xunit;

namespace LguestPS.Tests;

/// <summary>A command in a terminal of its own, which script(1) makes; the test is the user before it.</summary>
internal sealed class TerminalSession : IDisposable
{
    private const string ScriptProgram = "/usr/bin/script";

    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Process script;
    private readonly StringBuilder seen = new();
    private readonly object gate = new();
    private int read;
    private bool isOver;

    public TerminalSession(string command, string folder)
    {
        Skip.IfNot(File.Exists(ScriptProgram), "script, which makes terminals, is not here");
        string whole = $"stty -g > before; {command}; echo \"status=$?\"; stty -g > after; cmp before after && echo terminal is sane";
        script = Process.Start(new ProcessStartInfo(ScriptProgram, ["-qfc", whole, "/dev/null"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = folder,
        })!;
        new Thread(Read) { IsBackground = true }.Start();
    }

    public void Type(string keys)
    {
        script.StandardInput.Write(keys);
        script.StandardInput.Flush();
    }

    /// <summary>Waits until the screen has shown this, after what was waited for before.</summary>
    /// <returns>All up to its end.</returns>
    public string See(string text)
    {
        long deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        lock (gate)
        {
            while (true)
            {
                string fresh = seen.ToString(read, seen.Length - read);
                int at = fresh.IndexOf(text, StringComparison.Ordinal);
                if (at >= 0)
                {
                    read += at + text.Length;
                    return fresh[..(at + text.Length)];
                }
                int left = (int)(deadline - Environment.TickCount64);
                Assert.True(left > 0 && !isOver, $"'{text}' was not seen in:\n{fresh}");
                Monitor.Wait(gate, left);
            }
        }
    }

    /// <summary>Waits for the command's end, after which the terminal must be as it was.</summary>
    public void SeeTheEnd(int status)
    {
        See($"status={status}");
        See("terminal is sane");
        Assert.True(script.WaitForExit(Patience));
    }

    public void Dispose()
    {
        if (!script.HasExited) script.Kill(entireProcessTree: true);
        script.Dispose();
    }

    private void Read()
    {
        char[] piece = new char[4096];
        while (script.StandardOutput.Read(piece) is var count and > 0)
        {
            lock (gate)
            {
                seen.Append(piece, 0, count);
                Monitor.PulseAll(gate);
            }
        }
        lock (gate)
        {
            isOver = true;
            Monitor.PulseAll(gate);
        }
    }
}
