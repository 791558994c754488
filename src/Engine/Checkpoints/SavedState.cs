using LguestPS.Cpu;
using LguestPS.Events;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Run;
using LguestPS.Segments;
using LguestPS.State;

namespace LguestPS.Checkpoints;

/// <summary>Writes down everything a guest is, and makes a guest that again.</summary>
internal sealed class SavedState(Guest guest, Runner runner, RunLoop loop)
{
    private readonly Machine machine = guest.Machine;

    /// <param name="guest">The guest.</param>
    /// <param name="obstacle">What one of its devices has against it, or null.</param>
    /// <param name="what">What the guest then cannot.</param>
    /// <exception cref="LguestException">CheckpointRefused.</exception>
    public static void CheckCanGoBack(Guest guest, string? obstacle, string what)
    {
        if (!guest.Cpu.CanBeSaved) obstacle = $"the '{guest.CpuName}' CPU cannot tell all of its state";
        if (obstacle is not null) throw new LguestException(LguestError.CheckpointRefused, $"Guest '{guest.Name}' cannot {what}: {obstacle}.");
    }

    /// <param name="label">A name for the checkpoint, or null.</param>
    public Checkpoint Keep(string? label)
    {
        MemoryImage? before = machine.Memory.LastImage;
        if (before == machine.Boot!.Memory) before = null;      // of no checkpoint
        MemoryImage memory = MemoryImage.Of(machine.Memory, allChanged: !machine.Cpu.MarksWrites);
        // The vCPU marks the pages it writes anew; and it goes on with no more than a restored one would have.
        machine.Cpu.FlushAll();

        StateWriter state = new();
        state.Share(memory);
        Save(state);
        return new Checkpoint(guest.Definition, machine.PageOffset, state.ToArray(), state.SharedParts, machine.Boot!)
        {
            Source = guest, Label = label ?? "", Taken = DateTime.UtcNow, GuestTime = machine.Clock.Elapsed, InstructionCount = guest.InstructionCount,
            EventCount = guest.Events.Count, Standstill = runner.Place, Next = Pending.First(guest)?.Words(guest),
            OwnBytes = memory.BytesNotIn(before),
        };
    }

    /// <exception cref="InvalidStateException">No guest can be in this state; this one is then no longer of use.</exception>
    public void Load(Checkpoint checkpoint)
    {
        StateReader state = new(checkpoint.State, checkpoint.SharedParts);
        state.ReadShared<MemoryImage>().CopyTo(machine.Memory, allChanged: !machine.Cpu.MarksWrites);
        Load(state);
    }

    /// <summary>Takes everything but memory.</summary>
    /// <exception cref="InvalidStateException">No guest can be in this state.</exception>
    public void Load(StateReader state)
    {
        state.Part("guest");
        machine.Id = state.ReadUInt16();
        machine.PageOffset = state.ReadUInt32();
        runner.Standstill = state.ReadEnum<Standstill>("the standstill");
        machine.Revive();
        loop.StopWanted = false;
        loop.HasOffered = state.ReadBool();
        machine.IsHalted = state.ReadBool();
        machine.WantsFpuTrap = state.ReadBool();
        PageTableFormat format = machine.Abi.PageTables(state.ReadEnum<PagingMode>("the paging mode"));
        uint directory = state.ReadUInt32();
        if (directory != format.DirectoryOf(directory) || !machine.Memory.Contains(directory, format.DirectorySize)) throw new InvalidStateException($"the page directory is at 0x{directory:x8}");
        machine.SetPageTableFormat(format);
        machine.SetPageDirectory(directory);
        machine.Cpu.FlushAll();
        machine.Stack = new KernelStack(state.ReadUInt16(), state.ReadUInt32(), state.ReadUInt32());
        if (machine.Stack.Pages > KernelStack.MostPages) throw new InvalidStateException($"the kernel's stack has {machine.Stack.Pages} pages");
        LoadPending(state);
        machine.BareTraps = state.ReadCount("the count of traps without an instruction");
        machine.InstructionsAtTrap = state.ReadCount("the instruction count at the last trap");
        guest.Rebooter.Count = state.ReadCount("the count of reboots");
        guest.Interceptor.Forget();
        machine.Data.Load(state);
        machine.Descriptors.Load(state);
        machine.Gates.Load(state);
        guest.Transport.Load(state);
        guest.Ring.Load(state);
        machine.Interrupts.Load(state);
        machine.Cpu.Load(state);
        machine.Clock.Load(state);
        guest.Events.Load(state);
        guest.Devices.Load(state);
        if (state.Left != 0) throw new InvalidStateException("it goes on after its end");
    }

    /// <summary>Writes down everything but memory.</summary>
    public void Save(StateWriter state)
    {
        state.Part("guest");
        state.Write(machine.Id);
        state.Write(machine.PageOffset);
        state.Write((int)runner.Place);
        state.Write(loop.HasOffered);
        state.Write(machine.IsHalted);
        state.Write(machine.WantsFpuTrap);
        state.Write((int)machine.PageTables.Format.Mode);
        state.Write(machine.PageDirectory);
        state.Write(machine.Stack.Ss);
        state.Write(machine.Stack.Esp);
        state.Write(machine.Stack.Pages);
        SavePending(state);
        state.Write(machine.BareTraps);
        state.Write(machine.InstructionsAtTrap);
        state.Write(guest.Rebooter.Count);
        machine.Data.Save(state);
        machine.Descriptors.Save(state);
        machine.Gates.Save(state);
        guest.Transport.Save(state);
        guest.Ring.Save(state);
        machine.Interrupts.Save(state);
        machine.Cpu.Save(state);
        machine.Clock.Save(state);
        guest.Events.Save(state);
        guest.Devices.Save(state);
    }

    private void SavePending(StateWriter state)
    {
        PendingWork pending = machine.Pending;
        state.Write(pending.Call is not null);
        if (pending.Call is { } call) EventCodec.WriteCall(state, call);
        state.Write(pending.Transfer is not null);
        if (pending.Transfer is { } transfer) guest.Transport.SavePending(state, transfer);
        state.Write(pending.Trap is not null);
        if (pending.Trap is { } trap)
        {
            state.Write(trap.Exit.Kind == CpuExitKind.DeviceAccess);
            state.Write(trap.Vector);
            state.Write(trap.Exit.ErrorCode);
            state.Write(trap.Exit.FaultAddress);
            state.Write(trap.Eip);
            state.Write(trap.Access is not null);
            if (trap.Access is { } access) state.Write(access);
        }
        state.Write(pending.Interrupt ?? -1);
    }

    private void LoadPending(StateReader state)
    {
        PendingWork pending = machine.Pending;
        pending.Call = state.ReadBool() ? EventCodec.ReadCall(state, EventOrigin.Of(machine)) : null;
        pending.Transfer = state.ReadBool() ? guest.Transport.LoadPending(state) : null;
        pending.Trap = state.ReadBool() ? LoadTrap(state) : null;
        pending.Interrupt = state.ReadInt32(-1, InterruptController.Irqs - 1, "an interrupt") is var irq and >= 0 ? irq : null;
    }

    private static PendingTrap LoadTrap(StateReader state)
    {
        CpuExitKind kind = state.ReadBool() ? CpuExitKind.DeviceAccess : CpuExitKind.Trap;
        CpuExit exit = new(kind, state.ReadByte(), state.ReadUInt32(), state.ReadUInt32());
        if (kind == CpuExitKind.DeviceAccess && exit.Vector != Vector.PageFault) throw new InvalidStateException($"an access to devices is trap {exit.Vector}");
        return new PendingTrap(exit, state.ReadUInt32()) { Access = state.ReadBool() ? state.ReadString() : null };
    }
}
