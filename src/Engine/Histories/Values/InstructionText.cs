using Iced.Intel;

namespace LguestPS.Histories;

/// <summary>Writes instructions as the disassembler does, with the kernel's names.</summary>
internal static class InstructionText
{
    public static string Of(in Instruction instruction, SymbolTable? symbols)
    {
        GasFormatter formatter = new(symbols is null ? null : new Names(symbols));
        formatter.Options.HexPrefix = "0x";
        formatter.Options.HexSuffix = "";
        formatter.Options.UppercaseHex = false;
        formatter.Options.SpaceAfterOperandSeparator = true;
        formatter.Options.BranchLeadingZeros = false;
        StringOutput text = new();
        formatter.Format(instruction, text);
        return text.ToString();
    }

    private sealed class Names(SymbolTable symbols) : ISymbolResolver
    {
        public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
        {
            symbol = default;
            if (address > uint.MaxValue || symbols.Find((uint)address) is not { } name) return false;
            symbol = new SymbolResult(address, $"0x{address:x8} <{name}>");
            return true;
        }
    }
}
