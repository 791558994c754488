using System.Security.Cryptography;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>Sends this module to a machine that has none, into a folder that is named after its contents, so that it is sent once.</summary>
internal static class ModuleSender
{
    private const int PieceLength = 1 << 20;

    private const string Begin = """
        $ErrorActionPreference = 'Stop'
        $cache = if ($env:XDG_CACHE_HOME) { $env:XDG_CACHE_HOME } elseif ($IsWindows) { $env:LOCALAPPDATA } else { Join-Path $HOME .cache }
        $folder = [IO.Path]::Combine($cache, 'LguestPS', 'modules', $args[0], 'LguestPS')
        $folder
        Test-Path (Join-Path $folder complete)
        """;

    private const string Put = """
        $ErrorActionPreference = 'Stop'
        $path = [IO.Path]::Combine([string[]] $args[0])
        $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($path))
        $file = [IO.FileStream]::new($path, $(if ($args[1] -eq 0) { 'Create' } else { 'Append' }))
        try { $file.Write($args[2], 0, $args[2].Length) } finally { $file.Dispose() }
        """;

    /// <returns>The path of the manifest there.</returns>
    /// <exception cref="MachineUnavailableException">It cannot be written there.</exception>
    public static string Send(RemoteMachine machine, string manifest, CancellationToken stop)
    {
        string here = Path.GetDirectoryName(manifest)!;
        string[] files = [.. Directory.EnumerateFiles(here, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        try
        {
            System.Collections.ObjectModel.Collection<System.Management.Automation.PSObject> answer = machine.Call(Begin, stop, Fingerprint(here, files));
            string there = $"{answer[0]}";
            if (answer[1].BaseObject is not true)
            {
                foreach (string file in files) SendFile(machine, file, [there, .. Path.GetRelativePath(here, file).Split(Path.DirectorySeparatorChar)], stop);
                machine.Call(Put, stop, new[] { there, "complete" }, 0, Array.Empty<byte>());
                machine.Say($"{machine.Name}: the module was sent, to {there}.");
            }
            return $"{there}/{Path.GetFileName(manifest)}";
        }
        catch (System.Management.Automation.RemoteException e)
        {
            throw new MachineUnavailableException($"{machine.Name}: the module cannot be put there: {e.Message}", "Make room in the cache folder of its user there, or put the module into a folder of $env:PSModulePath yourself.", e);
        }
    }

    private static void SendFile(RemoteMachine machine, string file, string[] there, CancellationToken stop)
    {
        byte[] bytes = File.ReadAllBytes(file);
        for (int offset = 0; offset == 0 || offset < bytes.Length; offset += PieceLength)
            machine.Call(Put, stop, there, offset, bytes.AsSpan(offset, Math.Min(PieceLength, bytes.Length - offset)).ToArray());
    }

    private static string Fingerprint(string folder, string[] files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, file)));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
