using LguestPS.Cpu;
using LguestPS.Machines;
using LguestPS.Recordings;

namespace LguestPS.Guests;

/// <summary>What a guest's CPU and clock show; once they are freed, what they showed last.</summary>
internal sealed class Readings(Guest guest, Func<string> cpuReason)
{
    private readonly Machine machine = guest.Machine;
    private readonly Lock gate = guest.Seat.Gate;
    private Values? last;

    /// <summary>Whether the CPU and the clock are still there.</summary>
    public bool AreLive => last is null;

    /// <summary>Why it is that CPU: put into words when somebody asks.</summary>
    public string CpuReason => cpuReason();

    public GuestRegisters Registers
    {
        get { lock (gate) return last is { } kept ? kept.Registers : machine.Cpu.Registers; }
    }

    public long? InstructionCount
    {
        get { lock (gate) return last is { } kept ? kept.InstructionCount : machine.Cpu.CountsInstructions ? machine.Cpu.InstructionCount : null; }
    }

    public TimeSpan GuestTime
    {
        get { lock (gate) return last is { } kept ? kept.GuestTime : machine.Clock.Elapsed; }
    }

    public long DirectTrapCount
    {
        get { lock (gate) return last is { } kept ? kept.DirectTrapCount : DirectTraps.CountOf(machine.Cpu); }
    }

    public long CompiledInstructionCount
    {
        get { lock (gate) return last is { } kept ? kept.CompiledInstructionCount : machine.Cpu.CompiledInstructionCount; }
    }

    public RunPosition RunPosition
    {
        get { lock (gate) return last is { } kept ? kept.RunPosition : GuestPosition.Of(guest); }
    }

    /// <summary>Keeps the values: the CPU and the clock are about to be freed.</summary>
    public void Keep() => last = new Values(Registers, InstructionCount, GuestTime, RunPosition, DirectTrapCount, CompiledInstructionCount);

    /// <summary>What is asked for, or null once the guest is freed; until then it is not freed meanwhile.</summary>
    public T? WhileLive<T>(Func<T?> ask) where T : class
    {
        lock (gate) return AreLive ? ask() : null;
    }

    private sealed record Values(GuestRegisters Registers, long? InstructionCount, TimeSpan GuestTime, RunPosition RunPosition, long DirectTrapCount, long CompiledInstructionCount);
}
