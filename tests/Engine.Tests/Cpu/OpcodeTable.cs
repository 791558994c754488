using Iced.Intel;

namespace LguestPS.Tests.Cpu;

/// <summary>The opcodes of an i686 that a user program can try, and how often the generator tries each.</summary>
internal static class OpcodeTable
{
    /// <summary>Opcodes, each as often as its weight.</summary>
    public static readonly byte[][] Weighted = [.. Build()];

    private static readonly HashSet<CpuidFeature> i686 =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486,
        CpuidFeature.CX8, CpuidFeature.CMOV, CpuidFeature.MULTIBYTENOP,
    ];

    // Not the same on every processor, or answered by Linux rather than by the processor (UMIP, system calls).
    private static readonly HashSet<Mnemonic> leftOut =
    [
        Mnemonic.Cpuid, Mnemonic.Rdtsc, Mnemonic.Rdpmc, Mnemonic.Sgdt, Mnemonic.Sidt, Mnemonic.Sldt, Mnemonic.Str, Mnemonic.Smsw,
        Mnemonic.Sysenter, Mnemonic.Syscall, Mnemonic.Salc, Mnemonic.Rsm, Mnemonic.Ud0, Mnemonic.Ud1,
    ];

    /// <summary>True for an instruction whose result the manuals and every i686 agree on.</summary>
    public static bool Accepts(in Instruction instruction)
    {
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
            if (!i686.Contains(feature)) return false;
        if (leftOut.Contains(instruction.Mnemonic)) return false;
        return instruction.Mnemonic switch
        {
            Mnemonic.Bswap => instruction.Op0Register.IsGPR32(),
            // Bits shifted in from beyond 16 are anybody's guess.
            Mnemonic.Shld or Mnemonic.Shrd when instruction.MemorySize is MemorySize.UInt16 || instruction.Op0Register.IsGPR16() =>
                instruction.Op2Kind != OpKind.Immediate8 || (instruction.Immediate8 & 31) <= 16,
            Mnemonic.Int => instruction.Immediate8 != 0x80,
            // Whether it writes what it does not change, and whether it reads before it dislikes a lock, differs.
            Mnemonic.Arpl => instruction.Op0Kind == OpKind.Register,
            Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Lldt or Mnemonic.Ltr or Mnemonic.Lmsw or Mnemonic.Lar or Mnemonic.Lsl => !instruction.HasLockPrefix,
            // Far code segments other than the process's own would be 64-bit code on a 64-bit host.
            Mnemonic.Mov when instruction.Op0Register.IsCR() || instruction.Op1Register.IsCR() => !instruction.HasLockPrefix,
            _ => true,
        };
    }

    private static IEnumerable<byte[]> Build()
    {
        IEnumerable<byte[]> one = [], two = [];
        void One(int weight, params int[] opcodes) { for (; weight > 0; weight--) one = one.Concat(opcodes.Select(o => new[] { (byte)o })); }
        void Two(int weight, params int[] opcodes) { for (; weight > 0; weight--) two = two.Concat(opcodes.Select(o => new byte[] { 0x0F, (byte)o })); }
        int[] Range(int from, int to) => [.. Enumerable.Range(from, to - from + 1)];

        foreach (int alu in Enumerable.Range(0, 8)) One(4, Range(alu * 8, alu * 8 + 5));
        One(8, 0x80, 0x81, 0x83, 0xC0, 0xC1, 0xD0, 0xD1, 0xD2, 0xD3, 0xF6, 0xF7, 0xF6, 0xF7);
        One(6, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8D, 0xC6, 0xC7, 0xFE, 0xFF);
        One(4, 0x69, 0x6B, 0x68, 0x6A, 0x8F, 0x98, 0x99, 0xA8, 0xA9, 0x60, 0x61, 0x9C, 0x9D, 0xC8, 0xC9, 0xD7, 0x62);
        One(4, 0x27, 0x2F, 0x37, 0x3F, 0xD4, 0xD5, 0x9E, 0x9F, 0xF5, 0xF8, 0xF9, 0xFC, 0xFD);
        One(5, 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF);
        One(2, 0xA0, 0xA1, 0xA2, 0xA3, 0xC2, 0xC3, 0xE8, 0xE9, 0xEB, 0xE0, 0xE1, 0xE2, 0xE3, 0x9A, 0xCA, 0xCB, 0xCF, 0xEA);
        One(2, 0x06, 0x0E, 0x16, 0x1E, 0x07, 0x17, 0x1F, 0x8C, 0x8E, 0xC4, 0xC5, 0x63);
        One(1, 0xCC, 0xCD, 0xCE, 0xCE, 0xF4, 0xFA, 0xFB, 0x82);
        One(1, 0xE4, 0xE5, 0xE6, 0xE7, 0xEC, 0xED, 0xEE, 0xEF, 0x6C, 0x6D, 0x6E, 0x6F);
        One(1, Range(0x40, 0x5F));
        One(2, Range(0x70, 0x7F));
        One(1, Range(0x90, 0x97));
        One(1, Range(0xB0, 0xBF));

        Two(1, Range(0x40, 0x4F));
        Two(1, Range(0x80, 0x8F));
        Two(2, Range(0x90, 0x9F));
        Two(8, 0xA3, 0xAB, 0xB3, 0xBB, 0xBA, 0xBA, 0xA4, 0xA5, 0xAC, 0xAD, 0xAF, 0xB0, 0xB1, 0xC0, 0xC1, 0xC7);
        Two(6, 0xB6, 0xB7, 0xBE, 0xBF, 0xBC, 0xBD);
        Two(1, Range(0xC8, 0xCF));
        Two(2, 0x00, 0x02, 0x03, 0xA0, 0xA1, 0xA8, 0xA9, 0xB2, 0xB4, 0xB5, 0x1F);
        Two(1, 0x01, 0x06, 0x08, 0x09, 0x0B, 0x20, 0x21, 0x22, 0x23, 0x30, 0x32);
        return one.Concat(two);
    }
}
