using LguestPS.Recordings;
using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>Which checkpoints of a run are kept, and which of them are worth looking after.</summary>
public sealed class CheckpointShelfTests : IDisposable
{
    private const long Step = CheckpointShelf.Spacing;

    private readonly Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual));

    [Fact]
    public void Only_stretches_with_the_hypercall_are_looked_at()
    {
        CheckpointShelf shelf = Filled(20, (2, 14), (7, 14), (7, 10), (11, 1000));
        Assert.Equal((At(7), At(8)), Last(shelf, At(20), 14));
        Assert.Equal((At(7), At(7.5)), Last(shelf, At(7.5), 14));
        Assert.Equal((At(2), At(3)), Last(shelf, At(7), 14));
        Assert.Equal((At(7), At(8)), Last(shelf, At(20), 10));
        Assert.Null(Last(shelf, At(20), 5));
        Assert.Equal((At(11), At(12)), Last(shelf, At(20), 1001));      // numbers that no era has look alike
        Assert.Equal((At(19), At(20)), Last(shelf, At(20), null));
        Assert.Null(shelf.LastStretch(At(0), null));
    }

    [Fact]
    public void A_stretch_that_grows_or_is_split_forgets_no_hypercall()
    {
        CheckpointShelf shelf = Filled(3000, (2, 14), (3, 10));
        Assert.InRange(shelf.Count, 64, 600);
        Assert.True(LooksAt(shelf, 2, 14) && LooksAt(shelf, 3, 10));
        Assert.False(LooksAt(shelf, 1000, 14));

        CheckpointShelf split = Filled(4, (1, 14));
        Add(split, 1.5);
        Assert.True(LooksAt(split, 1, 14) && LooksAt(split, 1.7, 14));
        Assert.False(LooksAt(split, 2, 14));
    }

    [Fact]
    public void Another_future_has_only_what_it_makes_itself()
    {
        CheckpointShelf shelf = Filled(10, (2, 14), (7, 10));
        shelf.ForgetBehind(At(5));
        Assert.Equal(6, shelf.Count);
        Assert.Null(Last(shelf, At(9), 10));
        shelf.NoteCall(10);
        Assert.Equal((At(5), At(9)), Last(shelf, At(9), 10));
    }

    [Fact]
    public void A_hypercall_is_found_however_long_ago_it_was()
    {
        using TempFolder folder = new();
        byte[] code =
        [
            0xB8, 0x01, 0x00, 0x00, 0x00, 0xBA, 0x00, 0x00, 0x01, 0x00, 0xCD, 0x1F,     // mov $LGUEST_INIT, %eax; mov $0x10000, %edx; int $0x1f
            0xB8, 0x08, 0x00, 0x00, 0x00, 0xCD, 0x1F,                                   // mov $TS, %eax; int $0x1f
            0xB9, 0x00, 0x12, 0x7A, 0x00, 0x49, 0x75, 0xFD,                             // mov $8000000, %ecx; dec %ecx; jnz to it
            0xB8, 0x00, 0x00, 0x00, 0x00, 0xCD, 0x1F,                                   // mov $FLUSH_ASYNC, %eax; int $0x1f
            0xEB, 0xFE,                                                                 // jmp to itself
        ];
        string kernel = folder.Write("kernel.elf", KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, [.. KernelFiles.Signature, .. code])));
        using Guest looping = Guest.Create(new GuestDefinition { Name = "looping", Kernel = kernel, Memory = 4 << 20, Clock = ClockKind.Virtual, Cpu = CpuChoice.Emulated });
        looping.Record();
        _ = looping.Run(new RunOptions { Driver = "the test", StopAtInstruction = 10 * Step }).ToList();
        Assert.Equal(10, looping.Recording!.Shelf.Count);

        Assert.True(Back(looping, Call.FlushAsync));
        Assert.Equal(("FLUSH_ASYNC", 16_000_008L), (looping.NextCall!.Name, looping.InstructionCount));
        Assert.True(Back(looping, Call.Ts));
        Assert.Equal(("TS", 5L), (looping.NextCall!.Name, looping.InstructionCount));
        Assert.False(Back(looping, Call.Halt));
        Assert.Equal((0L, 0L), (looping.InstructionCount, looping.EventCount));
    }

    public void Dispose() => guest.Dispose();

    private static bool Back(Guest guest, uint hypercall) =>
        guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = hypercall });

    private static RunPosition At(double steps) => new(0, (long)(steps * Step), (long)(steps * Step), 0);

    private static (RunPosition Begin, RunPosition End)? Last(CheckpointShelf shelf, RunPosition at, uint? hypercall) =>
        shelf.LastStretch(at, hypercall) is var (begin, _, end) ? (begin, end) : null;

    /// <summary>Whether a search for a hypercall comes by a place.</summary>
    private static bool LooksAt(CheckpointShelf shelf, double steps, uint number)
    {
        RunPosition limit = At(1_000_000);
        while (Last(shelf, limit, number) is var (begin, end))
        {
            if (!At(steps).IsBefore(begin) && At(steps).IsBefore(end)) return true;
            limit = begin;
        }
        return false;
    }

    private void Add(CheckpointShelf shelf, double steps) => shelf.Add(At(steps), guest.MakeCheckpoint(label: null));

    /// <summary>A shelf with so many checkpoints, and hypercalls made after some of them.</summary>
    private CheckpointShelf Filled(int count, params (int Step, uint Number)[] calls)
    {
        CheckpointShelf shelf = new(mostBytes: 1 << 30);
        for (int i = 0; i < count; i++)
        {
            Add(shelf, i);
            foreach ((int step, uint number) in calls)
                if (step == i) shelf.NoteCall(number);
        }
        return shelf;
    }
}
