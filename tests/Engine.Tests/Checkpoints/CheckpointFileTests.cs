using System.Buffers.Binary;
using LguestPS.Checkpoints;
using Xunit;

namespace LguestPS.Tests.Checkpoints;

/// <summary>Files of checkpoints: what is in them comes back, and what is no whole checkpoint is refused.</summary>
public class CheckpointFileTests : IDisposable
{
    private const int VersionPlace = 8;
    private const int KindPlace = 10;

    private readonly TempFolder folder = new();

    private string File => folder.Path("guest.lguest");

    [Fact]
    public void A_file_tells_where_the_guest_stood()
    {
        using Guest guest = Ring();
        _ = guest.Step(new StepOptions { Driver = "the test", Count = 3 }).ToList();
        Checkpoint taken = guest.TakeCheckpoint("before the console");
        taken.Save(File);
        Checkpoint loaded = Checkpoint.Load(File);
        Assert.Equal(
            (taken.Label, taken.Taken, taken.GuestTime, taken.InstructionCount, taken.EventCount, taken.Standstill, taken.Next, taken.MemoryBytes),
            (loaded.Label, loaded.Taken, loaded.GuestTime, loaded.InstructionCount, loaded.EventCount, loaded.Standstill, loaded.Next, loaded.MemoryBytes));
        Assert.Equal((Standstill.RingEntry, "before the console", File), (loaded.Standstill, loaded.Label, loaded.Path));
        Assert.Equal(guest.Definition.Devices, loaded.Definition.Devices);
        Assert.Equal((guest.Definition.Kernel, guest.Definition.Memory, guest.Definition.Clock), (loaded.Definition.Kernel, loaded.Definition.Memory, loaded.Definition.Clock));
    }

    [Fact]
    public void A_guest_from_a_file_needs_no_kernel_any_more()
    {
        string kernel = folder.Write("kernel.elf", System.IO.File.ReadAllBytes(Repository.Path("examples", "ring", "ring.elf")));
        using (Guest guest = Guest.Create(Definition with { Kernel = kernel }))
        {
            _ = guest.Step(new StepOptions { Driver = "the test", Count = 3 }).ToList();
            guest.TakeCheckpoint().Save(File);
        }
        System.IO.File.Delete(kernel);
        using Guest again = Guest.CreateFrom(Checkpoint.Load(File), "again");
        Assert.Equal(("again", Standstill.RingEntry), (again.Name, again.Standstill));
        _ = again.Run(new RunOptions { Driver = "the test" }).ToList();
        Assert.Equal("Power down", again.StateReason);
    }

    [Fact]
    public void Every_file_that_is_cut_off_is_refused()
    {
        byte[] whole = Saved();
        for (int length = 0; length < whole.Length; length += 1 + length / 16) Refused(whole[..length]);
        Refused(whole[..^1]);
    }

    [Fact]
    public void Every_file_with_a_wrong_bit_is_refused()
    {
        byte[] whole = Saved();
        for (int at = 0; at < whole.Length; at += 1 + at / 16)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << at % 8);
            Refused(damaged);
        }
    }

    [Fact]
    public void A_file_of_a_newer_version_is_refused_by_its_version()
    {
        byte[] newer = Saved();
        BinaryPrimitives.WriteUInt16LittleEndian(newer.AsSpan(VersionPlace), StateFile.Version + 1);
        Assert.Contains($"format {StateFile.Version + 1} of a newer LguestPS", Refused(newer));
    }

    [Fact]
    public void A_recording_is_no_checkpoint()
    {
        byte[] recording = Saved();
        recording.AsSpan(KindPlace, 16).Clear();
        "recording"u8.CopyTo(recording.AsSpan(KindPlace));
        Assert.Contains("is a recording, not a checkpoint", Refused(recording));
    }

    [Fact]
    public void A_foreign_file_is_refused() => Assert.Contains("is no file of LguestPS", Refused("name: hello\nkernel: hello.elf\n"u8.ToArray()));

    [Fact]
    public void A_file_that_is_not_there_is_said_to_be_unavailable() =>
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => Checkpoint.Load(folder.Path("nowhere"))).Error);

    [Fact]
    public void State_that_no_guest_can_be_in_is_refused_and_leaves_nothing_behind()
    {
        using Guest guest = Ring();
        Checkpoint good = guest.TakeCheckpoint();
        for (int at = 0; at < good.State.Length; at++)
        {
            byte[] state = [.. good.State];
            state[at] ^= 0xFF;
            Checkpoint bad = new(good.Definition, good.PageOffset, state, good.SharedParts, good.Boot)
            {
                Taken = good.Taken, GuestTime = good.GuestTime, InstructionCount = 0, EventCount = 0, Standstill = Standstill.Instruction, Next = null, OwnBytes = 0,
            };
            try
            {
                // What is not refused is another guest, which may do as it likes but to itself only.
                using Guest other = Guest.CreateFrom(bad);
                _ = other.Run(new RunOptions { Driver = "the test", StopAtInstruction = 1_000_000 }).Take(100).ToList();
            }
            catch (LguestException e)
            {
                Assert.Equal(LguestError.InvalidCheckpoint, e.Error);
            }
        }
    }

    public void Dispose() => folder.Dispose();

    private static GuestDefinition Definition => GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual);

    private static Guest Ring() => Guest.Create(Definition);

    private byte[] Saved()
    {
        using Guest guest = Ring();
        guest.TakeCheckpoint().Save(File);
        return System.IO.File.ReadAllBytes(File);
    }

    private string Refused(byte[] bytes)
    {
        string path = folder.Write("bad.lguest", bytes);
        LguestException refused = Assert.Throws<LguestException>(() => Checkpoint.Load(path));
        Assert.Equal((LguestError.InvalidCheckpoint, path), (refused.Error, refused.Path));
        return refused.Message;
    }
}
