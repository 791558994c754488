using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LguestPS.Tests.Cpu;

/// <summary>The processor this test runs on, as a judge: runs pieces of i386 code through tests/oracle/oracle.c.</summary>
internal sealed class Oracle : IDisposable
{
    public const uint CodeBase = 0x10203000, CodeSize = 0x1000;
    public const uint DataBase = 0x30405000, DataSize = 0x3000, WritableSize = 0x2000;

    /// <summary>Addresses of the oracle's own program: code that goes there is not for it to judge.</summary>
    public const uint SelfBase = 0x58000000, SelfEnd = 0x58200000;

    public const int MaxBatch = 1024;

    /// <summary>Entries of the process's own descriptor table.</summary>
    public const int LocalSegments = 16;

    /// <summary>The selector of a program's 64-bit code, to which a far return can lead on a 64-bit Linux.</summary>
    public const ushort LongModeCode = 0x33;

    /// <summary>Bytes of the image that fxsave writes, and the offset at which its changes are reported.</summary>
    public const int ImageSize = 512, ImageOffset = 0x8000;

    /// <summary>The x87, MMX and SSE registers after finit and with mxcsr's initial value.</summary>
    public static byte[] InitialImage()
    {
        var image = new byte[ImageSize];
        BitConverter.TryWriteBytes(image, 0x37F);
        BitConverter.TryWriteBytes(image.AsSpan(24), 0x1F80);
        return image;
    }

    private const int LocalTable = 4;
    private const uint Magic = 0x6c636172;
    private readonly Process process;
    private readonly Stream toOracle, fromOracle;

    /// <param name="data">The 12 KiB of the data window.</param>
    /// <param name="image">The x87, MMX and SSE registers every case starts with, as fxsave writes them, with zeros in what is reserved.</param>
    /// <param name="segments">Three descriptors for user code, in the form of Linux's set_thread_area.</param>
    /// <param name="local">Up to <see cref="LocalSegments"/> descriptors for the process's own table, of selectors 7, 15, 23, …</param>
    public Oracle(string program, ReadOnlySpan<byte> data, ReadOnlySpan<byte> image, ReadOnlySpan<UserSegment> segments, ReadOnlySpan<UserSegment> local = default)
    {
        process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{program} did not start");
        toOracle = process.StandardInput.BaseStream;
        fromOracle = process.StandardOutput.BaseStream;

        toOracle.Write(data);
        toOracle.Write(image);
        toOracle.Write(MemoryMarshal.AsBytes(segments));
        var table = new UserSegment[LocalSegments];
        local.CopyTo(table);
        toOracle.Write(MemoryMarshal.AsBytes(table.AsSpan()));
        toOracle.Flush();
        Span<uint> hello = stackalloc uint[4];
        Receive(MemoryMarshal.AsBytes(hello));
        if (hello[0] != Magic) throw new InvalidDataException("the oracle greets with something else");
        Selectors = hello[1..].ToArray().Select(s => (ushort)s).ToArray();
    }

    /// <summary>The same for a system that may refuse a process descriptors of its own.</summary>
    public static Oracle? TryStart(
        string program, ReadOnlySpan<byte> data, ReadOnlySpan<byte> image, ReadOnlySpan<UserSegment> segments, ReadOnlySpan<UserSegment> local, out string? whyNot)
    {
        try
        {
            whyNot = null;
            return new Oracle(program, data, image, segments, local);
        }
        catch (InvalidOperationException refused) when (local.Length > 0)
        {
            whyNot = $"this Linux gives processes no descriptors of their own: {refused.Message}";
            return null;
        }
    }

    /// <summary>The selectors of the three descriptors.</summary>
    public ushort[] Selectors { get; }

    /// <summary>The selector of an entry of the process's own table.</summary>
    public static ushort LocalSelector(int entry) => (ushort)(entry << 3 | LocalTable | 3);

    /// <summary>Whether a selector is of that table.</summary>
    public static bool IsLocal(ushort selector) => (selector & LocalTable) != 0;

    public Outcome[] Run(ReadOnlySpan<OracleTest> tests)
    {
        uint count = (uint)tests.Length;
        toOracle.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in count)));
        toOracle.Write(MemoryMarshal.AsBytes(tests));
        toOracle.Flush();

        var outcomes = new Outcome[tests.Length];
        OutcomeHead head = default;
        for (int i = 0; i < outcomes.Length; i++)
        {
            Receive(MemoryMarshal.AsBytes(new Span<OutcomeHead>(ref head)));
            byte[] changed = head.Changed == 0 ? [] : new byte[head.Changed];
            Receive(changed);
            outcomes[i] = new Outcome(head, changed);
        }

        return outcomes;
    }

    public void Dispose()
    {
        toOracle.Dispose();
        if (!process.WaitForExit(2000)) process.Kill();
        process.Dispose();
    }

    /// <summary>Builds an oracle into a directory of its own.</summary>
    /// <returns>The program, or null and why there is none.</returns>
    public static (string? Program, string? WhyNot) Build(string source = "oracle.c")
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture is not (Architecture.X64 or Architecture.X86))
            return (null, $"the oracle needs an x86 Linux, this is {RuntimeInformation.RuntimeIdentifier}");

        string directory = Path.Combine(AppContext.BaseDirectory, "oracle");
        Directory.CreateDirectory(directory);
        string program = Path.Combine(directory, $"{Path.GetFileNameWithoutExtension(source)}-{Environment.ProcessId}");
        string[] arguments =
        [
            "-m32", "-O2", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none", "-nostdlib", "-static", "-fno-pie", "-no-pie",
            $"-Wl,-Ttext-segment=0x{SelfBase:x}", "-Wl,--build-id=none", "-o", program, Source(source),
        ];
        try
        {
            using Process gcc = Process.Start(new ProcessStartInfo("gcc", arguments) { RedirectStandardError = true })!;
            string messages = gcc.StandardError.ReadToEnd();
            gcc.WaitForExit();
            return gcc.ExitCode == 0 ? (program, null) : (null, $"gcc cannot build the oracle: {messages}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (null, $"the oracle needs gcc: {e.Message}");
        }
    }

    private static string Source(string name)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string source = Path.Combine(at.FullName, "tests", "oracle", name);
            if (File.Exists(source)) return source;
        }

        throw new FileNotFoundException($"tests/oracle/{name} is in no directory above the tests");
    }

    private void Receive(Span<byte> into)
    {
        try
        {
            fromOracle.ReadExactly(into);
        }
        catch (EndOfStreamException)
        {
            process.WaitForExit(2000);
            throw new InvalidOperationException($"the oracle died, exit code {(process.HasExited ? process.ExitCode : -1)}");
        }
    }
}

/// <summary>struct user_desc: one descriptor as Linux's set_thread_area takes it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct UserSegment(uint Number, uint Base, uint Limit, uint Flags)
{
    public const uint Is32Bit = 1, ExpandDown = 1 << 1, IsCode = 1 << 2, ReadOnly = 1 << 3, LimitInPages = 1 << 4, NotPresent = 1 << 5, Usable = 1 << 6;

    /// <summary>The same as the processor has it.</summary>
    public ulong Descriptor
    {
        get
        {
            ulong type = ((Flags & NotPresent) == 0 ? 0xF1u : 0x71) | ((Flags & ReadOnly) == 0 ? 2u : 0) | ((Flags & ExpandDown) != 0 ? 4u : 0) | ((Flags & IsCode) != 0 ? 8u : 0);
            ulong granularity = ((Flags & Is32Bit) != 0 ? 4u : 0) | ((Flags & LimitInPages) != 0 ? 8u : 0) | ((Flags & Usable) != 0 ? 1u : 0);
            return (Limit & 0xFFFF) | ((ulong)(Base & 0xFFFFFF) << 16) | (type << 40) | ((ulong)(Limit >> 16) << 48)
                | (granularity << 52) | ((ulong)(Base >> 24) << 56);
        }
    }
}

/// <summary>eax, ecx, edx, ebx, esp, ebp, esi, edi.</summary>
[InlineArray(8)]
internal struct EightRegisters
{
    private uint first;
}

/// <summary>struct test of oracle.c.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OracleTest
{
    public const int MaxCode = 36, MaxPatches = 4, MaxPatch = 12;

    public EightRegisters Gpr;
    public uint Eflags, Eip;
    public uint Extended;
    public ushort Es, Ds, Fs, Gs, Cs, Ss;
    public ushort CodeOffset;
    public byte CodeLength, PatchCount;
    public CodeBytes Code;
    public PatchBytes Patches;

    [InlineArray(MaxCode)]
    internal struct CodeBytes
    {
        private byte first;
    }

    [InlineArray(MaxPatches * (4 + MaxPatch))]
    internal struct PatchBytes
    {
        private byte first;
    }
}

/// <summary>struct outcome of oracle.c.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OutcomeHead
{
    public EightRegisters Gpr;
    public uint Eflags, Eip;
    public uint Trap, Error, Address;
    public ushort Es, Cs, Ss, Ds, Fs, Gs;
    public uint Changed;
}

/// <summary>What a piece of code did.</summary>
/// <param name="Head">The state in which it trapped.</param>
/// <param name="Changed">Runs of changed doublewords in the data window, and from <see cref="Oracle.ImageOffset"/> on in fxsave's image: {u16 offset, u16 length, bytes}.</param>
internal sealed record Outcome(OutcomeHead Head, byte[] Changed);
