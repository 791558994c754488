using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace LguestPS.Cmdlets;

/// <summary>Asks ssh why a machine cannot be reached: PowerShell's remoting only knows that it cannot, and ends PowerShell itself where ssh ends sooner than it is written to.</summary>
internal static class SshDiagnosis
{
    private const int NoAnswer = 255;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Why ssh would end at once: its configuration is wrong, or nobody listens there; null if nothing is known to be in the way.</summary>
    /// <remarks>A machine behind a proxy is not looked at.</remarks>
    /// <param name="connection">The parameters of New-PSSession.</param>
    /// <param name="stop">Gives up.</param>
    public static string? Obstacle(IReadOnlyDictionary<string, object> connection, CancellationToken stop)
    {
        SshAnswer configuration = Ask(["-G", .. Arguments(connection)], stop);
        if (configuration.Status != 0) return configuration.LastError ?? $"ssh ends with status {configuration.Status}";
        Dictionary<string, string> settings = [];
        foreach (string line in configuration.Output.Split('\n'))
            if (line.Split(' ', 2, StringSplitOptions.TrimEntries) is [string key, string value]) settings.TryAdd(key, value);
        if (settings.Any(setting => setting.Key is "proxycommand" or "proxyjump" && setting.Value != "none")) return null;
        if (!settings.TryGetValue("hostname", out string? host) || !int.TryParse(settings.GetValueOrDefault("port"), CultureInfo.InvariantCulture, out int port)) return null;
        return Listens(host, port, stop) ? null : Reason(connection, stop);
    }

    /// <summary>What ssh says last when it is to start the same subsystem; null if it says nothing.</summary>
    /// <param name="connection">The parameters of New-PSSession.</param>
    /// <param name="stop">Gives up.</param>
    public static string? Reason(IReadOnlyDictionary<string, object> connection, CancellationToken stop) => Ask(Arguments(connection), stop).LastError;

    /// <summary>False if a connection is refused, or its machine not known; true also where there is no answer in time.</summary>
    private static bool Listens(string host, int port, CancellationToken stop)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        try
        {
            using TcpClient client = new();
            client.ConnectAsync(host, port, patience.Token).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static SshAnswer Ask(IEnumerable<string> arguments, CancellationToken stop)
    {
        ProcessStartInfo start = new("ssh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            using Process ssh = Process.Start(start)!;
            try
            {
                using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
                patience.CancelAfter(Patience);
                ssh.StandardInput.Close();
                Task<string> output = ssh.StandardOutput.ReadToEndAsync(patience.Token);
                string said = ssh.StandardError.ReadToEndAsync(patience.Token).GetAwaiter().GetResult();
                string answer = output.GetAwaiter().GetResult();
                ssh.WaitForExitAsync(patience.Token).GetAwaiter().GetResult();
                return new SshAnswer(ssh.ExitCode, answer, said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault());
            }
            finally
            {
                if (!ssh.HasExited) ssh.Kill();
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new SshAnswer(NoAnswer, "", $"ssh has no answer after {Patience.TotalSeconds:0} s");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new SshAnswer(NoAnswer, "", "there is no ssh on this machine");
        }
    }

    private static IEnumerable<string> Arguments(IReadOnlyDictionary<string, object> connection)
    {
        List<string> arguments = ["-T"];
        if (connection.TryGetValue("Port", out object? port)) arguments.AddRange(["-p", $"{port}"]);
        if (connection.TryGetValue("UserName", out object? user)) arguments.AddRange(["-l", $"{user}"]);
        if (connection.TryGetValue("KeyFilePath", out object? key)) arguments.AddRange(["-i", $"{key}"]);
        foreach (DictionaryEntry option in (Hashtable)connection["Options"]) arguments.AddRange(["-o", $"{option.Key}={option.Value}"]);
        // New-PSSession takes node1:2222, and ssh a URI.
        string host = $"{connection["HostName"]}";
        int colon = host.LastIndexOf(':');
        if (colon > 0 && ushort.TryParse(host.AsSpan(colon + 1), out ushort written)) (arguments, host) = ([.. arguments, "-p", $"{written}"], host[..colon]);
        arguments.AddRange(["-s", "--", host, connection.TryGetValue("Subsystem", out object? subsystem) ? $"{subsystem}" : "powershell"]);
        return arguments;
    }

    /// <param name="Status">Of ssh's end; 255 also if it has none.</param>
    /// <param name="Output">What it wrote.</param>
    /// <param name="LastError">The last line of its errors, if there is one.</param>
    private sealed record SshAnswer(int Status, string Output, string? LastError);
}
