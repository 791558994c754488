using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Xunit;

namespace LguestPS.Tests.Fleets;

/// <summary>A cluster of Slurm's that is this machine: munged, slurmctld and slurmd of Debian's slurm-wlm, with everything they write in a folder of their own.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
internal sealed class SlurmCluster : IDisposable
{
    private static readonly string[] programs = ["munged", "slurmctld", "slurmd", "sbatch", "sinfo"];

    private readonly TempFolder folder = new();

    private SlurmCluster()
    {
        Directory.CreateDirectory(Path("munge"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllBytes(Path("munge/key"), RandomNumberGenerator.GetBytes(1024));
        File.SetUnixFileMode(Path("munge/key"), UnixFileMode.UserRead);
        Directory.CreateDirectory(Path("state"));
        Directory.CreateDirectory(Path("spool"));
        string host = Shell.Run("hostname -s").Trim();
        File.WriteAllText(Configuration, $"""
            ClusterName=lguest-test
            SlurmctldHost={host}(127.0.0.1)
            SlurmUser={Environment.UserName}
            SlurmdUser={Environment.UserName}
            AuthType=auth/munge
            AuthInfo=socket={Path("munge/socket")}
            SlurmctldPort={FreePort()}
            SlurmdPort={FreePort()}
            StateSaveLocation={Path("state")}
            SlurmdSpoolDir={Path("spool")}
            SlurmctldPidFile={Path("slurmctld.pid")}
            SlurmdPidFile={Path("slurmd.pid")}
            SlurmctldLogFile={Path("slurmctld.log")}
            SlurmdLogFile={Path("slurmd.log")}
            ProctrackType=proctrack/pgid
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            AccountingStorageType=accounting_storage/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_Core
            ReturnToService=2
            MpiDefault=none
            SchedulerParameters=sched_interval=1,batch_sched_delay=0
            NodeName={host} NodeAddr=127.0.0.1 CPUs={Environment.ProcessorCount} State=UNKNOWN
            PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP

            """);
        Shell.Run($"PATH=$PATH:/usr/sbin munged --force --socket={Path("munge/socket")} --key-file={Path("munge/key")} --log-file={Path("munge/log")} --pid-file={Path("munge/pid")} --seed-file={Path("munge/seed")}");
        Shell.Run($"PATH=$PATH:/usr/sbin slurmctld -f {Configuration} && PATH=$PATH:/usr/sbin slurmd -f {Configuration}");
    }

    private string Configuration => Path("slurm.conf");

    /// <summary>Starts one.</summary>
    /// <exception cref="SkipException">Slurm is not on this machine.</exception>
    public static SlurmCluster Start()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Slurm is for Linux");
        foreach (string program in programs)
            Skip.If(Shell.TryRun($"PATH=$PATH:/usr/sbin command -v {program}").Status != 0, $"{program} is not on this machine; Debian's packages slurm-wlm and munge have what this test needs");
        Skip.IfNot(Environment.UserName == "root", "slurmd runs jobs only as root");
        return new SlurmCluster();
    }

    /// <summary>Submits a script and waits until all of its tasks have ended.</summary>
    /// <param name="script">Its text.</param>
    /// <param name="path">Folders in which its tasks find programs, too.</param>
    /// <returns>sbatch's status: the highest of its tasks'.</returns>
    public int Run(string script, string path)
    {
        File.WriteAllText(Path("job.sbatch"), script);
        (int status, string output) = Shell.TryRun($"cd {Path("")} && SLURM_CONF={Configuration} PATH={path}:$PATH sbatch --wait {Path("job.sbatch")}");
        Assert.True(output.StartsWith("Submitted batch job", StringComparison.Ordinal) && status < 128, $"""
            sbatch ended with status {status}: {output}
            {Shell.TryRun($"export SLURM_CONF={Configuration}; timeout 10 squeue -o '%i %t %r'; timeout 10 sinfo -N -o '%N %t %E'; tail -n 20 {Path("slurmctld.log")} {Path("slurmd.log")}").Output}
            """);
        return status;
    }

    public void Dispose()
    {
        foreach (string pid in (string[])["slurmd.pid", "slurmctld.pid", "munge/pid"]) Shell.TryRun($"p=$(cat {Path(pid)}) && kill $p && while kill -0 $p; do sleep 0.1; done");
        folder.Dispose();
    }

    private string Path(string name) => folder.Path(name);

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
