using Iced.Intel;
using LguestPS.Symbols;

namespace LguestPS.Inspection;

/// <summary>Decodes and writes the instructions of a guest, with the kernel's symbols.</summary>
internal sealed class Disassembler
{
    private const int LongestInstruction = 15;

    private readonly Guest guest;
    private readonly Formatter formatter;
    private readonly StringOutput text = new();

    public Disassembler(Guest guest, DisassemblySyntax syntax)
    {
        this.guest = guest;
        Names names = new(guest.Machine.Symbols);
        formatter = syntax switch
        {
            DisassemblySyntax.Intel => new IntelFormatter(names),
            DisassemblySyntax.Nasm => new NasmFormatter(names),
            _ => new GasFormatter(names),
        };
        formatter.Options.HexPrefix = "0x";
        formatter.Options.HexSuffix = "";
        formatter.Options.UppercaseHex = false;
        formatter.Options.FirstOperandCharIndex = 8;
        formatter.Options.SpaceAfterOperandSeparator = true;
        formatter.Options.BranchLeadingZeros = false;
    }

    /// <summary>The instruction at a linear address.</summary>
    /// <exception cref="LguestException">AddressNotMapped, about its first byte that is not there.</exception>
    public DisassembledInstruction At(uint address)
    {
        MemoryReader memory = new(guest, physical: false);
        byte[] bytes = memory.ReadAvailable(address, LongestInstruction);
        if (bytes.Length == 0) memory.Read(address, 1);
        Instruction instruction = Decode(bytes, address, out bool isCut);
        if (isCut && bytes.Length < LongestInstruction) memory.Read(address, bytes.Length + 1);

        formatter.Format(instruction, text);
        bool isNear = instruction.Op0Kind == OpKind.NearBranch32 && !instruction.IsInvalid;
        return new DisassembledInstruction
        {
            Guest = guest.Name, Address = address, Symbol = guest.Machine.Symbols?.Describe(address),
            Bytes = bytes[..Math.Max(instruction.Length, 1)], Text = text.ToStringAndReset(),
            Target = isNear ? instruction.NearBranch32 : null, IsCurrent = address == guest.Cpu.Registers.Eip,
        };
    }

    private static Instruction Decode(byte[] bytes, uint address, out bool isCut)
    {
        Decoder decoder = Decoder.Create(32, bytes, address);
        Instruction instruction = decoder.Decode();
        isCut = decoder.LastError == DecoderError.NoMoreBytes;
        return instruction;
    }

    /// <summary>Gives the formatter the kernel's names.</summary>
    private sealed class Names(GuestSymbols? symbols) : ISymbolResolver
    {
        public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
        {
            symbol = default;
            if (address > uint.MaxValue || symbols?.Describe((uint)address) is not { } name) return false;
            symbol = new SymbolResult(address, $"0x{address:x8} <{name}>");
            return true;
        }
    }
}
