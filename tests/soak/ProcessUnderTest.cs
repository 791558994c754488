using System.Diagnostics;
using System.IO.Pipes;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Tests.Soak;

/// <summary>A process with a loaded guest in it: its console is read into a ledger, what it complains of is kept.</summary>
internal sealed class ProcessUnderTest : IDisposable
{
    private const int NearlyFull = 60_000;      // of 64 KiB: a page is not shared by two writes

    private readonly Process process;
    private readonly Thread reader, complaints;
    private readonly ManualResetEventSlim reads = new(initialState: true);
    private readonly Action<string> line;
    private readonly List<string> errors = [];
    private readonly Lock typing = new();
    private readonly AutoResetEvent word = new(initialState: false);
    private bool isGone;

    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">What its environment has besides ours.</param>
    /// <param name="line">Receives each complete line of its output, on a thread of its own.</param>
    public ProcessUnderTest(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, Action<string> line)
    {
        this.line = line;
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.Latin1 };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        process = Process.Start(start)!;
        Id = process.Id;
        reader = new Thread(ReadOutput) { IsBackground = true, Name = "console" };
        complaints = new Thread(ReadErrors) { IsBackground = true, Name = "complaints" };
        reader.Start();
        complaints.Start();
    }

    public int Id { get; }

    public bool HasExited => process.HasExited;

    /// <summary>How it ended, as a shell says it.</summary>
    public int Status => process.ExitCode;

    /// <summary>What it said on standard error, a line each.</summary>
    public IReadOnlyList<string> Errors
    {
        get { lock (errors) return [.. errors]; }
    }

    public void Signal(int signal) => HostSystem.Signal(Id, signal);

    /// <summary>Types into it; nothing happens if it has gone.</summary>
    public void Type(string text)
    {
        lock (typing)
        {
            try
            {
                process.StandardInput.Write(text);
                process.StandardInput.Flush();
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }
    }

    /// <summary>Waits until it has said another line, for so long at most: it may as well end, or write a file.</summary>
    public void WaitForWord(TimeSpan longest) => word.WaitOne(longest);

    /// <summary>Leaves what it writes in its pipe, which fills up.</summary>
    public void StopReading() => reads.Reset();

    public void ReadOn() => reads.Set();

    /// <summary>Waits until hardly anything more goes into the pipe of its output.</summary>
    public void WaitUntilPipeIsFull(TimeSpan patience)
    {
        using SafePipeHandle pipe = new(((AnonymousPipeClientStream)process.StandardOutput.BaseStream).SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        DateTime limit = DateTime.UtcNow + patience;
        while (HostSystem.BytesIn(pipe) < NearlyFull)
        {
            if (process.HasExited || DateTime.UtcNow > limit) throw new SoakException($"the pipe of its output was never full; it holds {HostSystem.BytesIn(pipe)} bytes");
            Thread.Yield();
        }
    }

    /// <summary>Closes the reading end of its output.</summary>
    public void CloseOutput()
    {
        process.StandardOutput.BaseStream.Close();
        reads.Set();
    }

    /// <returns>False if it is still there after so long.</returns>
    public bool WaitForExit(TimeSpan patience)
    {
        reads.Set();
        if (!process.WaitForExit(patience)) return false;
        reader.Join(patience);
        complaints.Join(patience);
        return true;
    }

    public void Dispose()
    {
        if (isGone) return;
        isGone = true;
        reads.Set();
        if (!process.HasExited)
        {
            Signal(HostSystem.SigKill);
            process.WaitForExit();
        }
        process.Dispose();
    }

    private void ReadOutput()
    {
        byte[] bytes = new byte[16384];
        List<byte> waiting = [];
        try
        {
            for (;;)
            {
                reads.Wait();
                int count = process.StandardOutput.BaseStream.Read(bytes);
                if (count == 0) return;         // what has no end was not said
                foreach (byte one in bytes.AsSpan(0, count))
                {
                    if (one != '\n')
                    {
                        waiting.Add(one);
                        continue;
                    }
                    line(Encoding.Latin1.GetString([.. waiting]).TrimEnd('\r'));
                    waiting.Clear();
                    word.Set();
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Closed on purpose.
        }
    }

    private void ReadErrors()
    {
        try
        {
            while (process.StandardError.ReadLine() is { } text)
                lock (errors) errors.Add(text);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It was disposed of.
        }
    }
}
