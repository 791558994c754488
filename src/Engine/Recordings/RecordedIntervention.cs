using LguestPS.Checkpoints;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Recordings;

/// <summary>Somebody changed the standing guest: what it was afterwards. So any kind of change can be done again.</summary>
/// <param name="At">Where the guest stood.</param>
/// <param name="Pages">The pages that were changed, as they were afterwards; null for all zero.</param>
/// <param name="State">Everything else, as a checkpoint has it.</param>
/// <param name="Disks">What its snapshots held.</param>
internal sealed record RecordedIntervention(RunPosition At, IReadOnlyList<(uint Frame, byte[]? Page)> Pages, byte[] State, IReadOnlyList<SharedState> Disks)
{
    /// <summary>What was done to a guest since it was made what a checkpoint says.</summary>
    public static RecordedIntervention Of(Guest guest, Checkpoint checkpoint)
    {
        StateWriter state = new();
        guest.Save(state);
        return new RecordedIntervention(GuestPosition.Of(guest), checkpoint.Memory.PagesChangedIn(guest.Memory), state.ToArray(), state.SharedParts);
    }

    /// <summary>Changes the guest again.</summary>
    public void DoAgain(Guest guest)
    {
        foreach ((uint frame, byte[]? page) in Pages)
        {
            Span<byte> now = guest.Memory.Write(frame << GuestMemory.PageShift, GuestMemory.PageSize);
            if (page is null) now.Clear();
            else page.CopyTo(now);
        }
        long before = guest.Events.Count;
        guest.Load(new StateReader(State, Disks));
        guest.Events.SiftBehind(before);
    }

    /// <summary>Whether it can be done to a guest like this one, which is then no longer of use.</summary>
    /// <exception cref="InvalidStateException">It cannot.</exception>
    public void TryOn(Guest guest)
    {
        foreach ((uint frame, _) in Pages)
            if (frame >= guest.Memory.FrameLimit) throw new InvalidStateException($"page {frame} was changed, beyond the end of memory");
        guest.Load(new StateReader(State, Disks));
    }

    public void WriteTo(BinaryWriter file)
    {
        file.Write(Pages.Count);
        foreach ((uint frame, byte[]? page) in Pages)
        {
            file.Write(frame);
            file.Write(page ?? new byte[GuestMemory.PageSize]);
        }
        file.Write(State.Length);
        file.Write(State);
        CheckpointFile.WriteParts(file, Disks);
    }

    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    public static RecordedIntervention ReadFrom(BoundedReader file, RunPosition at)
    {
        List<(uint, byte[]?)> pages = [];
        for (int left = file.ReadCount("changed pages"); left > 0; left--)
        {
            uint frame = file.ReadUInt32();
            pages.Add((frame, file.Read(GuestMemory.PageSize, GuestMemory.PageSize, "a page")));
        }
        return new RecordedIntervention(at, pages, CheckpointFile.ReadState(file), CheckpointFile.ReadParts(file));
    }
}
