namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>The registers that are compared, in the order of the instruction set, then eip, eflags and the selectors.</summary>
internal enum RecordedRegister
{
    Eax, Ecx, Edx, Ebx, Esp, Ebp, Esi, Edi, Eip, Eflags, Es, Cs, Ss, Ds, Fs, Gs,
}

/// <summary>A byte of physical memory.</summary>
internal readonly record struct RecordedByte(uint Address, byte Value);

/// <summary>A processor's state before or after an instruction.</summary>
/// <param name="Registers">By <see cref="RecordedRegister"/>; null for one that is not in the recording.</param>
internal sealed record RecordedState(uint?[] Registers, RecordedByte[] Memory);

/// <summary>An exception or interrupt that the instruction ended with, in real mode.</summary>
/// <param name="FlagAddress">Where the flags were pushed.</param>
internal sealed record RecordedException(byte Vector, uint FlagAddress);

/// <summary>One instruction as a processor did it in real mode, and the hlt after it.</summary>
/// <param name="Index">Its number in the file.</param>
/// <param name="Name">The instruction as the recording calls it.</param>
/// <param name="Code">Its bytes, and perhaps the hlt's.</param>
/// <param name="Before">Everything that the instruction can read.</param>
/// <param name="After">What has changed when the processor has halted; ip is after the hlt.</param>
/// <param name="DefinedFlags">The flags that the recording takes for defined, if it says so.</param>
/// <param name="Exception">The exception or interrupt; null if there was none.</param>
/// <param name="Hash">By which lists of revoked recordings name it; null if it has none.</param>
internal sealed record RecordedTest(
    uint Index, string Name, byte[] Code, RecordedState Before, RecordedState After, uint DefinedFlags, RecordedException? Exception, string? Hash)
{
    private const uint Low = 0xFFFF;

    public uint Initial(RecordedRegister register) => Before.Registers[(int)register] ?? 0;

    public uint Final(RecordedRegister register) => After.Registers[(int)register] ?? Initial(register);

    /// <summary>Where a real-mode address lies.</summary>
    public static uint Linear(uint selector, uint offset) => ((selector & Low) << 4) + (offset & Low);

    /// <summary>Where ip, cs and the flags lie that an exception has pushed.</summary>
    public IEnumerable<uint> FrameAddresses()
    {
        if (Exception is null) return [];
        uint top = Final(RecordedRegister.Esp);
        return Enumerable.Range(0, 6).Select(i => Linear(Final(RecordedRegister.Ss), top + (uint)i));
    }

    /// <summary>A word of the frame that an exception has pushed: 0 ip, 1 cs, 2 flags. Null if memory held it before.</summary>
    public uint? Pushed(int word)
    {
        uint value = 0;
        uint[] addresses = [.. FrameAddresses()];
        for (int i = 1; i >= 0; i--)
        {
            uint address = addresses[2 * word + i];
            int at = Array.FindIndex(After.Memory, change => change.Address == address);
            if (at < 0) return null;
            value = value << 8 | After.Memory[at].Value;
        }

        return value;
    }
}
