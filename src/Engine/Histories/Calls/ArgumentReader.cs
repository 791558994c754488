using System.Text;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Paging;

namespace LguestPS.Histories;

/// <summary>Reads the arguments of a function that is about to begin.</summary>
internal sealed class ArgumentReader(Guest guest, SymbolTable symbols)
{
    private const int InRegisters = 3;
    private const uint LowestPointer = 0x1000;
    private const int LongestText = 256;
    private const int ShortestText = 2;

    private readonly EmulatedCpu cpu = (EmulatedCpu)guest.Cpu;
    private readonly byte[] buffer = new byte[LongestText];

    public IReadOnlyList<CallArgument> Read(CallTarget target, ref GuestRegisters registers)
    {
        var read = new CallArgument[target.ArgumentCount];
        for (int i = 0; i < read.Length; i++)
        {
            int onStack = target.OnStack ? i : i - InRegisters;
            uint value = onStack < 0 ? i switch { 0 => registers.Eax, 1 => registers.Edx, _ => registers.Ecx } : OnStack(ref registers, onStack);
            string? text = TextAt(value);
            read[i] = new CallArgument(i < target.Parameters?.Length ? target.Parameters[i] : null, value, text, text is null && value >= guest.Machine.PageOffset ? symbols.Find(value)?.ToString() : null);
        }
        return read;
    }

    /// <summary>The arguments follow the return address.</summary>
    private uint OnStack(ref GuestRegisters registers, int index) => cpu.TryPeek(registers.Esp + 4 + 4 * (uint)index, out uint value) ? value : 0;

    /// <summary>The text that begins at an address and ends with a zero; null if there is none.</summary>
    private string? TextAt(uint address)
    {
        if (address < LowestPointer || !cpu.TryPeek(address, out uint first) || !IsText((byte)first) || !IsText((byte)(first >> 8))) return null;
        int length = LinearMemory.ReadAvailable(guest.Machine.PageTables, guest.Machine.PageDirectory, address, buffer);
        ReadOnlySpan<byte> bytes = buffer.AsSpan(0, length);
        int end = bytes.IndexOf((byte)0);
        if (end < ShortestText) return null;
        bytes = bytes[..end];
        foreach (byte letter in bytes)
            if (!IsText(letter)) return null;
        return Encoding.ASCII.GetString(bytes).Replace("\\", "\\\\").Replace("\n", "\\n").Replace("\t", "\\t").Replace("\"", "\\\"");
    }

    private static bool IsText(byte letter) => letter is >= 0x20 and < 0x7F or (byte)'\n' or (byte)'\t';
}
