using System.Net;
using System.Net.Sockets;

namespace LguestPS.Bench;

/// <summary>Disk and network of the same Linux, over virtio in lguest and in qemu's software emulation, turn about: bench/workloads/devices.sh, between its marker lines.</summary>
internal static class DeviceComparison
{
    private const string Peer = "qemu-system-i386";
    private const int Megabytes = 64;
    private const int DiskBytes = 256 << 20;

    /// <param name="kernel">The kernel that lguest boots, of 2.6.25 or later.</param>
    /// <param name="bzImage">The same kernel, as qemu boots it, with drivers for virtio over PCI.</param>
    /// <param name="initrd">An initial RAM disk with the usual programs, such as busybox's.</param>
    /// <param name="rounds">How often each boots.</param>
    /// <param name="words">More for both kernels' command lines.</param>
    public static int Run(string kernel, string bzImage, string initrd, int rounds, string[] words)
    {
        Programs.Require(Workloads.Launcher);
        Programs.Require(Peer);
        string disk = Path.Combine(Path.GetTempPath(), $"lguest-devices-{Environment.ProcessId}.img"), ram = Path.ChangeExtension(disk, "cpio");
        using var sink = new TcpListener(IPAddress.Loopback, 0);
        try
        {
            byte[] noise = new byte[DiskBytes];
            new Random(2007).NextBytes(noise);
            File.WriteAllBytes(disk, noise);
            var added = new Initramfs();
            added.AddFolder("bench");
            added.AddProgram("bench/init", File.ReadAllBytes(Path.Combine(Workloads.Folder, "devices.sh")));
            added.AddProgram("bench/marks", File.ReadAllBytes(Path.Combine(Workloads.Folder, "marks.sh")));
            added.WriteBehind(initrd, ram);
            sink.Start();
            new Thread(() => Drain(sink)) { IsBackground = true }.Start();
            int port = ((IPEndPoint)sink.LocalEndpoint).Port;
            string line = $"rdinit=/bench/init sink={port} {string.Join(' ', words)}";
            string[] own = [$"--initrd={ram}", "--cpu=emulated", $"--block={disk}", "--usernet", $"--reach={port}=127.0.0.1:{port}", $"{Megabytes}", kernel, "console=hvc0", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            string[] peer =
            [
                "-accel", "tcg", "-m", $"{Megabytes}", "-kernel", bzImage, "-initrd", ram, "-append", $"console=ttyS0 {line}", "-nographic", "-no-reboot",
                "-drive", $"file={disk},format=raw,if=virtio,snapshot=on", "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net",
            ];
            MarkedRun.Compare(own, Peer, peer, rounds);
            return 0;
        }
        finally
        {
            File.Delete(disk);
            File.Delete(ram);
        }
    }

    /// <summary>Takes what guests send, and throws it away.</summary>
    private static void Drain(TcpListener sink)
    {
        byte[] buffer = new byte[1 << 20];
        try
        {
            while (true)
            {
                using Socket connection = sink.AcceptSocket();
                while (connection.Receive(buffer) > 0)
                {
                }
            }
        }
        catch (SocketException)
        {
            // The measurement is over.
        }
    }
}
