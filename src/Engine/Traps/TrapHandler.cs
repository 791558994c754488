using LguestPS.Abi;
using LguestPS.Cpu;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Machines;

namespace LguestPS.Traps;

/// <summary>Decides what becomes of each exit of the vCPU. Nothing else ever makes a hypercall pending.</summary>
/// <param name="machine">The guest.</param>
/// <param name="registers">What its instructions reach besides memory; null if that is nothing.</param>
/// <param name="events">Where traps become events.</param>
/// <param name="progress">Told of each trap.</param>
internal sealed class TrapHandler(Machine machine, IDeviceRegisters? registers, EventRecorder events, ProgressWatch progress)
{
    private readonly DeviceInstructions devices = new(machine, registers, events);
    private readonly KernelInstructions instructions = new(machine);

    /// <exception cref="GuestKilledException">The guest cannot go on.</exception>
    public void Handle(in CpuExit exit)
    {
        if (exit.Kind == CpuExitKind.Dead) throw new GuestKilledException(exit.Reason!);
        if (!exit.IsTrap) return;

        ref GuestRegisters registers = ref machine.Cpu.Registers;
        uint eip = registers.Eip;
        int privilegeLevel = registers.PrivilegeLevel;
        switch (exit.Vector)
        {
            case Vector.Hypercall:
                machine.Pending.Call = machine.Abi.ReadHypercall(registers, machine.Symbols);
                return;
            case Vector.DeviceNotAvailable when !machine.WantsFpuTrap && machine.Cpu.HasFpu:
                machine.Cpu.TaskSwitched = false;
                events.Trapped(exit, eip, privilegeLevel, TrapOutcome.FpuGranted);
                return;
            case Vector.PageFault when exit.Kind == CpuExitKind.DeviceAccess && devices.TryAccessMemory(exit):
            case Vector.GeneralProtection when exit.ErrorCode == 0 && devices.TryAccessPort(exit):
                WentPast();
                return;
            case Vector.GeneralProtection when exit.ErrorCode == 0 && instructions.TryDo() is { } done:
                events.Trapped(exit, eip, privilegeLevel, done);
                WentPast();
                return;
            case Vector.PageFault:
                RefuseSwitcherPages(exit.FaultAddress);
                // The guest reads CR2 from here, never from the register.
                if (machine.Data.IsInitialised) machine.Data.Cr2 = exit.FaultAddress;
                break;
        }

        if (!machine.Gates.TryReflect(machine, exit.Vector, Vector.HasErrorCode(exit.Vector) ? exit.ErrorCode : null))
        {
            uint detail = exit.Vector == Vector.PageFault ? exit.FaultAddress : exit.ErrorCode;
            throw new GuestKilledException($"unhandled trap {exit.Vector} at 0x{eip:x8} (0x{detail:x})");
        }
        progress.Reflected(exit, eip, privilegeLevel);
        events.Trapped(exit, eip, privilegeLevel, TrapOutcome.Reflected);
    }

    /// <summary>What the guest's trap will be dealt with as, for whoever stands before it.</summary>
    public PendingTrap Pend(in CpuExit exit, uint eip) => new(exit, eip) { Access = devices.Preview(exit)?.Text };

    /// <summary>An instruction was done for the guest. If it traces itself, it is told of this one, too.</summary>
    private void WentPast()
    {
        progress.GoesOn();
        if ((machine.Cpu.Registers.Eflags & Eflags.Trap) == 0) return;
        machine.CountTrap();
        machine.Pending.Trap = new PendingTrap(CpuExit.Trap(Vector.Debug), machine.Cpu.Registers.Eip);
    }

    private void RefuseSwitcherPages(uint address)
    {
        if (machine.Abi.EndsForTouchingSwitcher && address >= machine.PageTables.Format.End && machine.PageTables.HasTable(machine.PageDirectory, address))
            throw new GuestKilledException($"attempt to access switcher pages: 0x{address:x8}");
    }
}
