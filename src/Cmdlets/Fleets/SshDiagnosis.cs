using System.Collections;
using System.Diagnostics;

namespace LguestPS.Cmdlets;

/// <summary>Asks ssh why a machine cannot be reached: PowerShell's remoting only knows that it cannot.</summary>
internal static class SshDiagnosis
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>What ssh says last when it is to start the same subsystem; null if it says nothing, or is not there.</summary>
    /// <param name="connection">The parameters of New-PSSession.</param>
    /// <param name="stop">Gives up.</param>
    public static string? Reason(IReadOnlyDictionary<string, object> connection, CancellationToken stop)
    {
        ProcessStartInfo start = new("ssh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in Arguments(connection)) start.ArgumentList.Add(argument);
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
                output.GetAwaiter().GetResult();
                return said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
            }
            finally
            {
                if (!ssh.HasExited) ssh.Kill();
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return $"ssh has no answer after {Patience.TotalSeconds:0} s";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "there is no ssh on this machine";
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
}
