namespace LguestPS.Cpu.Kvm;

/// <summary>What <c>rdtsc</c> and <c>cpuid</c> give a guest; both fault, because the answer is the engine's.</summary>
internal static class HostAnswers
{
    /// <summary>Does the instruction if it is one of the two.</summary>
    /// <param name="code">The instruction the guest stands at.</param>
    /// <param name="registers">The guest's, before and after.</param>
    /// <param name="timeStamp">What <c>rdtsc</c> reads.</param>
    public static bool TryGive(in GuestCode code, ref GuestRegisters registers, Func<ulong> timeStamp)
    {
        if (code.IsReadTimeStamp)
        {
            ulong now = timeStamp();
            (registers.Eax, registers.Edx) = ((uint)now, (uint)(now >> 32));
        }
        else if (code.IsIdentify)
        {
            (registers.Eax, registers.Ebx, registers.Ecx, registers.Edx) = CpuIdentity.Leaf(registers.Eax);
        }
        else
        {
            return false;
        }

        registers.Eip += (uint)code.Length;
        return true;
    }
}
