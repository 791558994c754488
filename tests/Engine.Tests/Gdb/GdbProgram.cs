using System.Diagnostics;
using System.Text;
using Xunit;

namespace LguestPS.Tests.Gdb;

/// <summary>gdb, if this machine has it, with a script of commands.</summary>
internal static class GdbProgram
{
    /// <summary>Lets gdb debug a guest until its commands are done.</summary>
    /// <returns>All it wrote.</returns>
    public static string Session(Guest guest, List<LguestEvent> events, params string[] commands)
    {
        using GdbServer server = new(guest) { Happened = events.Add };
        using CancellationTokenSource stop = new();
        Task serving = Task.Factory.StartNew(() => server.Serve(stop.Token), TaskCreationOptions.LongRunning);
        string said;
        try
        {
            said = Gdb(guest.Definition.Kernel, [$"target remote {server.EndPoint}", .. commands]);
        }
        finally
        {
            stop.Cancel();
        }
        Assert.True(serving.Wait(TimeSpan.FromMinutes(5)));
        return said;
    }

    private static string Gdb(string kernel, params string[] commands)
    {
        ProcessStartInfo start = new("gdb") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in (string[])["-nx", "-q", "-batch", kernel]) start.ArgumentList.Add(argument);
        foreach (string command in (string[])["set confirm off", "set pagination off", "set width 0", "set debuginfod enabled off", .. commands])
        {
            start.ArgumentList.Add("-ex");
            start.ArgumentList.Add(command);
        }
        Process gdb;
        try
        {
            gdb = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new SkipException("gdb is not on this machine; on Debian: apt-get install gdb");
        }
        using (gdb)
        {
            StringBuilder said = new();
            gdb.OutputDataReceived += (_, line) => Add(line.Data);
            gdb.ErrorDataReceived += (_, line) => Add(line.Data);
            gdb.BeginOutputReadLine();
            gdb.BeginErrorReadLine();
            gdb.StandardInput.Close();
            bool ended = gdb.WaitForExit(TimeSpan.FromMinutes(5));
            if (!ended) gdb.Kill();
            else gdb.WaitForExit();
            lock (said)
            {
                Assert.True(ended, said.ToString());
                return said.ToString();
            }

            void Add(string? line)
            {
                if (line is null) return;
                lock (said) said.Append(line).Append('\n');
            }
        }
    }
}
