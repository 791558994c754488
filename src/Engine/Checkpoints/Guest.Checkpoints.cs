using LguestPS.Boot;
using LguestPS.Checkpoints;
using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Segments;
using LguestPS.State;
using LguestPS.Traps;

namespace LguestPS;

/// <summary>Taking checkpoints and going back to them.</summary>
public sealed partial class Guest
{
    /// <summary>The last checkpoint that was taken of this guest on request; null if there was none.</summary>
    public Checkpoint? LastCheckpoint { get; private set; }

    /// <summary>Keeps the guest as it is now. Whoever drives it may do this between two events, others only while nobody does.</summary>
    /// <param name="label">A name to know it by, or null.</param>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; CheckpointRefused: something that belongs to the guest lies outside of it and would not go back.</exception>
    public Checkpoint TakeCheckpoint(string? label = null)
    {
        lock (gate)
        {
            if (Ending is { } ending) throw new LguestException(LguestError.GuestEnded, $"Guest '{Name}' has ended: {ending.Reason}. A guest that has ended has no next moment to keep.");
            CheckIsAtHand();
            CheckCanGoBack(Devices.CheckpointObstacle, "have checkpoints");
            return LastCheckpoint = MakeCheckpoint(label);
        }
    }

    /// <summary>Makes the guest what it was, even if it has ended since. What was typed into it and not yet read then waits again.</summary>
    /// <exception cref="LguestException">GuestBusy; GuestEnded if it was removed; CheckpointRefused if the checkpoint is not one of this guest, or one of its disk images was changed since; FileUnavailable: such an image cannot be read.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        lock (gate)
        {
            if (checkpoint.Source != this)
                throw new LguestException(LguestError.CheckpointRefused, $"{checkpoint} is not a checkpoint of the guest '{Name}' that is here now. Save it and make a new guest of the file.");
            CheckIsHere();
            if (driver is not null) throw Busy();
            CheckCanGoBack(Devices.RestoreObstacle, "go back");
            Load(checkpoint);
            Devices.Resume(this);
            if (Recording is { } recording) Recording = Recordings.Recording.Begin(this, recording.KeepsEvents);
        }
    }

    /// <summary>Makes a guest from a checkpoint, on whatever CPU its definition can have here. Needs its disk images, but not its kernel.</summary>
    /// <param name="checkpoint">Where it goes on.</param>
    /// <param name="name">Its name, or null for the one it had.</param>
    /// <param name="cpu">The CPU, or null for what its definition says.</param>
    /// <exception cref="LguestException">As for making one from a definition; InvalidCheckpoint: the state is none a guest can be in; CheckpointRefused: its disk images, or the frames it replays, are others than they were.</exception>
    public static Guest CreateFrom(Checkpoint checkpoint, string? name = null, CpuChoice? cpu = null)
    {
        GuestDefinition definition = checkpoint.Definition with { Name = name ?? checkpoint.Guest, Cpu = cpu ?? checkpoint.Definition.Cpu };
        return Revive(checkpoint, definition, isAlone: false);
    }

    /// <param name="checkpoint">Where it goes on.</param>
    /// <param name="definition">What it is now.</param>
    /// <param name="isAlone">Whether its networks lead nowhere.</param>
    private static Guest Revive(Checkpoint checkpoint, GuestDefinition definition, bool isAlone)
    {
        Guest guest = GuestBuilder.BuildEmpty(definition, checkpoint, isAlone);
        try
        {
            guest.Load(checkpoint);
            guest.Devices.Resume(guest);
            if (definition.Record) guest.Record();
            return guest;
        }
        catch (LguestException)
        {
            guest.Dispose();
            throw;
        }
        catch (InvalidStateException e)
        {
            guest.Dispose();
            throw new LguestException(LguestError.InvalidCheckpoint, $"the checkpoint {(checkpoint.Path is { } path ? $"'{path}'" : $"{checkpoint}")} makes no sense: {e.Message}", e) { Path = checkpoint.Path };
        }
    }

    /// <param name="obstacle">What one of its devices has against it, or null.</param>
    /// <param name="what">What the guest then cannot.</param>
    /// <exception cref="LguestException">CheckpointRefused.</exception>
    internal void CheckCanGoBack(string? obstacle, string what)
    {
        if (!Cpu.CanBeSaved) obstacle = $"the '{CpuName}' CPU cannot tell all of its state";
        if (obstacle is not null) throw new LguestException(LguestError.CheckpointRefused, $"Guest '{Name}' cannot {what}: {obstacle}.");
    }

    internal Checkpoint MakeCheckpoint(string? label)
    {
        MemoryImage? before = Memory.LastImage;
        MemoryImage memory = MemoryImage.Of(Memory, allChanged: !Cpu.MarksWrites);
        // The vCPU marks the pages it writes anew; and it goes on with no more than a restored one would have.
        Cpu.FlushAll();

        StateWriter state = new();
        state.Share(memory);
        Save(state);
        return new Checkpoint(Definition, PageOffset, state.ToArray(), state.SharedParts)
        {
            Source = this, Label = label ?? "", Taken = DateTime.UtcNow, GuestTime = Clock.Elapsed, InstructionCount = CountInstructions(),
            EventCount = Events.Count, Standstill = WhereItStands, Next = (PendingDma is null ? NextCall?.ToString() : $"DMA to {PendingDma.Device ?? "no device"}"),
            OwnBytes = memory.BytesNotIn(before),
        };
    }

    /// <exception cref="InvalidStateException">No guest can be in this state; this one is then of no use any more.</exception>
    internal void Load(Checkpoint checkpoint)
    {
        StateReader state = new(checkpoint.State, checkpoint.SharedParts);
        state.ReadShared<MemoryImage>().CopyTo(Memory, allChanged: !Cpu.MarksWrites);
        Load(state);
    }

    private Standstill WhereItStands => Standstill == Standstill.Event ? loop.WhereItStands() : Standstill;

    private void Save(StateWriter state)
    {
        state.Part("guest");
        state.Write(Id);
        state.Write((int)WhereItStands);
        state.Write(loop.HasOffered);
        state.Write(IsHalted);
        state.Write(WantsFpuTrap);
        state.Write(PageDirectory);
        state.Write(Stack.Ss);
        state.Write(Stack.Esp);
        state.Write(Stack.Pages);
        state.Write(PendingHypercall is not null);
        if (PendingHypercall is { } call) EventCodec.WriteCall(state, call);
        state.Write(PendingDma is not null);
        if (PendingDma is { } dma)
        {
            state.Write(dma.Key);
            state.Write(dma.Address);
        }
        state.Write(PendingTrap is not null);
        if (PendingTrap is { } trap)
        {
            state.Write(trap.Vector);
            state.Write(trap.Exit.ErrorCode);
            state.Write(trap.Exit.FaultAddress);
            state.Write(trap.Eip);
        }
        state.Write(PendingInterrupt ?? -1);
        Data.Save(state);
        Descriptors.Save(state);
        Gates.Save(state);
        Bindings.Save(state);
        Ring.Save(state);
        Interrupts.Save(state);
        Cpu.Save(state);
        Clock.Save(state);
        Events.Save(state);
        Devices.Save(state);
    }

    /// <summary>Takes everything but memory.</summary>
    /// <exception cref="InvalidStateException">No guest can be in this state.</exception>
    internal void Load(StateReader state)
    {
        state.Part("guest");
        Id = state.ReadUInt16();
        Standstill = state.ReadEnum<Standstill>("the standstill");
        Ending = null;
        loop.StopWanted = false;
        loop.HasOffered = state.ReadBool();
        IsHalted = state.ReadBool();
        WantsFpuTrap = state.ReadBool();
        uint directory = state.ReadUInt32();
        if (directory % GuestMemory.PageSize != 0 || !Memory.Contains(directory, GuestMemory.PageSize)) throw new InvalidStateException($"the page directory is at 0x{directory:x8}");
        SetPageDirectory(directory);
        Cpu.FlushAll();
        Stack = new KernelStack(state.ReadUInt16(), state.ReadUInt32(), state.ReadUInt32());
        if (Stack.Pages > KernelStack.MostPages) throw new InvalidStateException($"the kernel's stack has {Stack.Pages} pages");
        PendingHypercall = state.ReadBool() ? EventCodec.ReadCall(state, this) : null;
        PendingDma = state.ReadBool() ? ReadPendingDma(state) : null;
        PendingTrap = state.ReadBool() ? new PendingTrap(CpuExit.Trap(state.ReadByte(), state.ReadUInt32(), state.ReadUInt32()), state.ReadUInt32()) : null;
        PendingInterrupt = state.ReadInt32(-1, InterruptController.Irqs - 1, "an interrupt") is var irq and >= 0 ? irq : null;
        Interceptor.Forget();
        Data.Load(state);
        Descriptors.Load(state);
        Gates.Load(state);
        Bindings.Load(state);
        Ring.Load(state);
        Interrupts.Load(state);
        Cpu.Load(state);
        Clock.Load(state);
        Events.Load(state);
        Devices.Load(state);
        if (state.Left != 0) throw new InvalidStateException("it goes on behind its end");
    }

    private PendingDma ReadPendingDma(StateReader state)
    {
        uint key = state.ReadUInt32(), address = state.ReadUInt32();
        return new PendingDma(key, address, Devices.FindByKey(key)?.Name);
    }
}
