using System.Globalization;
using System.Text;
using LguestPS.Boot;
using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Memory;

namespace LguestPS.Tests.Programs;

/// <summary>Boots a Linux whose first process runs a folder of programs and powers it down.</summary>
internal static class LinuxGuest
{
    private const int DirectoryMode = 0x41ED, ProgramMode = 0x81ED, CharacterMode = 0x21B6;
    private const long DiskSize = 512L << 20, Memory = 128L << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(60);

    /// <param name="kernel">The kernel's file.</param>
    /// <param name="runner">The program that is its first process.</param>
    /// <param name="programs">Files of the programs.</param>
    /// <param name="folder">For the files that it takes.</param>
    /// <param name="cpu">What runs it, where <paramref name="make"/> says nothing.</param>
    /// <param name="make">Makes the vCPU.</param>
    public static IReadOnlyList<ProgramRun> Run(
        string kernel, string runner, IEnumerable<string> programs, TempFolder folder, CpuChoice cpu, Func<GuestMemory, GuestClock, VirtualCpu>? make = null)
    {
        string disk = folder.Path("records"), initrd = folder.Write("initrd", InitialFiles(runner, programs));
        using (FileStream file = File.Create(disk)) file.SetLength(DiskSize);
        GuestDefinition definition = new()
        {
            Name = "programs",
            Kernel = kernel,
            Initrd = initrd,
            Memory = Memory,
            CommandLine = "console=hvc0 quiet",
            Cpu = cpu,
            Devices = [new BlockDefinition(disk, BlockMode.ReadWrite), new ConsoleDefinition()],
        };
        string ending = RunToEnd(definition, make);
        try
        {
            return ProgramRun.Read(ReadRecords(disk));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{e.Message}; {ending}", e);
        }
    }

    /// <returns>How it ended, and what its console says.</returns>
    private static string RunToEnd(GuestDefinition definition, Func<GuestMemory, GuestClock, VirtualCpu>? make)
    {
        using Guest guest = GuestBuilder.Build(definition, make);
        RunOptions options = new() { Driver = "the test", TimeLimit = Patience, Filter = EventFilter.Nothing };
        foreach (LguestEvent _ in guest.Run(options)) { }
        if (guest.State != GuestState.Ended) throw new InvalidOperationException($"the guest did not end, {guest.Standstill}: {guest.ConsoleText}");
        return $"the guest ended with '{guest.StateReason}', and its console says: {guest.ConsoleText}";
    }

    /// <summary>The disk without the zeros at its end.</summary>
    private static byte[] ReadRecords(string disk)
    {
        byte[] bytes = File.ReadAllBytes(disk);
        return bytes[..(bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1 + sizeof(int))];
    }

    /// <summary>A file system as the kernel unpacks it (cpio, "newc").</summary>
    private static byte[] InitialFiles(string runner, IEnumerable<string> programs)
    {
        using MemoryStream archive = new();
        int number = 0;
        foreach (string folder in (string[])["dev", "dev/shm", "proc", "sys", "tmp", "programs"]) Add(archive, ref number, folder, DirectoryMode, []);
        foreach ((string name, int major, int minor) in (ReadOnlySpan<(string, int, int)>)[("console", 5, 1), ("null", 1, 3), ("zero", 1, 5)])
            Add(archive, ref number, $"dev/{name}", CharacterMode, [], major, minor);
        Add(archive, ref number, "init", ProgramMode, File.ReadAllBytes(runner));
        foreach (string program in programs) Add(archive, ref number, $"programs/{Path.GetFileName(program)}", ProgramMode, File.ReadAllBytes(program));
        Add(archive, ref number, "TRAILER!!!", 0, []);
        return archive.ToArray();
    }

    private static void Add(MemoryStream archive, ref int number, string name, int mode, byte[] content, int major = 0, int minor = 0)
    {
        int[] fields = [++number, mode, 0, 0, 1, 0, content.Length, 0, 0, major, minor, name.Length + 1, 0];
        archive.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("x8", CultureInfo.InvariantCulture))) + name + "\0"));
        Align(archive);
        archive.Write(content);
        Align(archive);
    }

    private static void Align(MemoryStream archive)
    {
        while (archive.Length % 4 != 0) archive.WriteByte(0);
    }
}
