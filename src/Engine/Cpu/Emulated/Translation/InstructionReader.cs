using System.Runtime.InteropServices;
using Iced.Intel;
using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

/// <summary>Reads instructions from host memory, no further than it may.</summary>
internal sealed unsafe class InstructionReader : CodeReader, IDisposable
{
    public const int MaxInstructionBytes = 15;

    private readonly Decoder longDecoder, shortDecoder;
    private readonly byte* joined = (byte*)NativeMemory.AllocZeroed(MaxInstructionBytes + 1);
    private Decoder decoder;
    private byte* first;
    private byte* next;
    private byte* end;

    public InstructionReader()
    {
        decoder = longDecoder = Decoder.Create(32, this, InstructionSet.Decoding);
        shortDecoder = Decoder.Create(16, this, InstructionSet.Decoding);
    }

    /// <summary>Whether operands and addresses have 16 bits where no prefix says otherwise. Takes effect with the next start.</summary>
    public bool IsShortCode
    {
        get => decoder == shortDecoder;
        set => decoder = value ? shortDecoder : longDecoder;
    }

    /// <summary>Starts at an address; the decoder sees at most the given number of bytes.</summary>
    public void Start(byte* code, uint eip, uint bytes)
    {
        first = next = code;
        end = code + bytes;
        decoder.IP = eip;
    }

    /// <summary>Starts with an instruction that begins at the end of one page and goes on in another.</summary>
    public void StartAcross(byte* first, uint firstBytes, byte* second, uint eip)
    {
        for (uint i = 0; i < MaxInstructionBytes; i++) joined[i] = i < firstBytes ? first[i] : second[i - firstBytes];
        Start(joined, eip, MaxInstructionBytes);
    }

    public override int ReadByte() => next < end ? *next++ : -1;

    /// <param name="instruction">The next instruction.</param>
    /// <param name="floatingPoint">For an x87 opcode, known or not, but not locked, its two bytes, the second in the upper half; else 0.</param>
    /// <returns>False if the instruction does not end before the bytes do.</returns>
    public bool Read(out Instruction instruction, out ushort floatingPoint)
    {
        byte* opcode = next;
        decoder.Decode(out instruction);
        bool locked = false;
        while (opcode < next - 1 && InstructionLength.IsPrefix(*opcode)) locked |= *opcode++ == 0xF0;
        floatingPoint = (*opcode & 0xF8) == 0xD8 && opcode + 1 < next && !locked ? (ushort)(opcode[0] | opcode[1] << 8) : (ushort)0;
        return decoder.LastError != DecoderError.NoMoreBytes;
    }

    /// <summary>Whether an instruction that does not exist is also longer than one may be.</summary>
    /// <param name="offset">Of the instruction from where the reader started.</param>
    public bool IsTooLong(uint offset) => InstructionLength.IsTooLong(new ReadOnlySpan<byte>(first + offset, (int)(end - first - offset)), IsShortCode);

    public void Dispose() => NativeMemory.Free(joined);

    /// <summary>Bytes from an address to the end of its page.</summary>
    public static uint BytesInPage(uint linear) => GuestMemory.PageSize - (linear & GuestMemory.PageSize - 1);
}
