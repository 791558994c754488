using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>Writes what <see cref="MooFile"/> reads, for recordings of our own.</summary>
internal static class MooWriter
{
    private static readonly RecordedRegister[] wordOrder =
    [
        RecordedRegister.Eax, RecordedRegister.Ebx, RecordedRegister.Ecx, RecordedRegister.Edx, RecordedRegister.Cs, RecordedRegister.Ss,
        RecordedRegister.Ds, RecordedRegister.Es, RecordedRegister.Esp, RecordedRegister.Ebp, RecordedRegister.Esi, RecordedRegister.Edi,
        RecordedRegister.Eip, RecordedRegister.Eflags,
    ];

    /// <summary>From bit 2 on: cr0 and cr3, which come first, are left out.</summary>
    private static readonly RecordedRegister[] longOrder =
    [
        RecordedRegister.Eax, RecordedRegister.Ebx, RecordedRegister.Ecx, RecordedRegister.Edx, RecordedRegister.Esi, RecordedRegister.Edi,
        RecordedRegister.Ebp, RecordedRegister.Esp, RecordedRegister.Cs, RecordedRegister.Ds, RecordedRegister.Es, RecordedRegister.Fs,
        RecordedRegister.Gs, RecordedRegister.Ss, RecordedRegister.Eip, RecordedRegister.Eflags,
    ];

    /// <param name="processor">386E for registers of 32 bits, else of 16.</param>
    public static byte[] Write(string processor, IReadOnlyList<RecordedTest> tests) =>
    [
        .. Chunk("MOO ", [1, 1, 0, 0, .. Long((uint)tests.Count), .. Encoding.ASCII.GetBytes(processor.PadRight(4))]),
        .. Chunk("META", new byte[31]),
        .. tests.SelectMany(test => Test(test, isLong: processor == "386E")),
    ];

    public static byte[] Pack(byte[] file)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress)) gzip.Write(file);
        return packed.ToArray();
    }

    private static byte[] Test(RecordedTest test, bool isLong) => Chunk("TEST",
    [
        .. Long(test.Index),
        .. Chunk("NAME", [.. Long((uint)test.Name.Length), .. Encoding.ASCII.GetBytes(test.Name)]),
        .. Chunk("BYTS", [.. Long((uint)test.Code.Length), .. test.Code]),
        .. Chunk("INIT", State(test.Before, isLong)),
        .. Chunk("FINA", [.. State(test.After, isLong), .. FlagMask(test.DefinedFlags, isLong)]),
        .. test.Exception is { } exception ? Chunk("EXCP", [exception.Vector, .. Long(exception.FlagAddress)]) : [],
        .. test.Hash is { } hash ? Chunk("HASH", Convert.FromHexString(hash)) : [],
    ]);

    private static byte[] State(RecordedState state, bool isLong)
    {
        RecordedRegister[] order = isLong ? longOrder : wordOrder;
        uint present = 0;
        var values = new List<byte>();
        for (int i = 0; i < order.Length; i++)
        {
            if (state.Registers[(int)order[i]] is not { } value) continue;
            present |= 1u << i;
            values.AddRange(isLong ? Long(value) : Word(value));
        }

        byte[] registers = isLong ? Chunk("RG32", [.. Long(present << 2), .. values]) : Chunk("REGS", [.. Word(present), .. values]);
        byte[] memory = [.. state.Memory.SelectMany(entry => (byte[])[.. Long(entry.Address), entry.Value])];
        return [.. registers, .. Chunk("RAM ", [.. Long((uint)state.Memory.Length), .. memory])];
    }

    private static byte[] FlagMask(uint defined, bool isLong)
    {
        if (defined == uint.MaxValue) return [];
        return isLong ? Chunk("RM32", [.. Long(1 << 17), .. Long(defined)]) : Chunk("RMSK", [.. Word(1 << 13), .. Word(defined)]);
    }

    private static byte[] Chunk(string name, byte[] content) => [.. Encoding.ASCII.GetBytes(name), .. Long((uint)content.Length), .. content];

    private static byte[] Long(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Word(uint value) => [(byte)value, (byte)(value >> 8)];
}
