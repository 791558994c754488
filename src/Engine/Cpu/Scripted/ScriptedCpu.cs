using LguestPS.Paging;

namespace LguestPS.Cpu.Scripted;

/// <summary>A vCPU without instructions: it plays a list of exits, so that the host can be tested alone.</summary>
internal sealed class ScriptedCpu : VirtualCpu
{
    private readonly Queue<Func<ScriptedCpu, CpuExit>> script = new();
    private readonly int[] gatePrivileges = new int[256];
    private GuestRegisters registers;
    private long instructionCount;
    private volatile bool kicked;

    public override string Name => "scripted";

    public override bool HasFpu => HasFpuSetting;

    public bool HasFpuSetting { get; init; }

    public override ref GuestRegisters Registers => ref registers;

    public override long InstructionCount => instructionCount;

    public override bool TaskSwitched { get; set; }

    /// <summary>Exits not yet played.</summary>
    public int Left => script.Count;

    /// <summary>What the host told the vCPU to forget, in order: "all", "user", "page 1234", …</summary>
    public List<string> Flushes { get; } = [];

    /// <summary>The instructions of each budget <see cref="Run"/> was given.</summary>
    public List<long> Budgets { get; } = [];

    public uint PageDirectory { get; private set; }

    /// <summary>How the guest's page tables are laid out, as the host has said last.</summary>
    public PagingMode Paging { get; private set; } = PagingMode.TwoLevel;

    public ulong[] Descriptors { get; private set; } = [];

    public int GatePrivilege(byte vector) => gatePrivileges[vector];

    /// <summary>Adds an exit to play; the action may change registers and memory as guest code would.</summary>
    public ScriptedCpu Then(Func<ScriptedCpu, CpuExit> exit)
    {
        script.Enqueue(exit);
        return this;
    }

    /// <inheritdoc cref="Then(Func{ScriptedCpu, CpuExit})"/>
    public ScriptedCpu Then(CpuExit exit) => Then(_ => exit);

    public override CpuExit Run(CpuBudget budget)
    {
        Budgets.Add(budget.Instructions);
        if (kicked)
        {
            kicked = false;
            return CpuExit.KickedAtOnce;
        }
        if (!script.TryDequeue(out Func<ScriptedCpu, CpuExit>? exit)) return CpuExit.Dead("the script is at its end");
        CpuExit result = exit(this);
        instructionCount += result.Kind == CpuExitKind.Budget ? budget.Instructions : 1;
        return result;
    }

    public override void Kick() => kicked = true;

    public override void SetAddressSpace(uint pageDirectory) => PageDirectory = pageDirectory;

    public override void SetPageTableFormat(PageTableFormat format) => Paging = format.Mode;

    public override void FlushAll() => Flushes.Add("all");

    public override void FlushUser(uint kernelBase) => Flushes.Add("user");

    public override void FlushPage(uint? directory, uint linear) =>
        Flushes.Add(directory is { } one ? $"page {linear:x8} of {one:x8}" : $"page {linear:x8}");

    public override void FlushRange(uint directory, uint first, uint last) => Flushes.Add($"{first:x8}-{last:x8} of {directory:x8}");

    public override void LoadDescriptors(ReadOnlySpan<ulong> descriptors) => Descriptors = descriptors.ToArray();

    public override void SetGatePrivilege(byte vector, int level) => gatePrivileges[vector] = level;

    public override void Dispose()
    {
    }
}
