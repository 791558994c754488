using LguestPS.Cpu;

namespace LguestPS.Tests.Cpu.PageAccesses;

/// <summary>All cases: entries × ways to touch a page × ring × where the page is × what the CPU knew before and how it was told.</summary>
internal sealed class AccessMatrix
{
    private const uint Arithmetic = 0x8D5;

    private static readonly int[] rings = [1, 3];
    private static readonly uint[] pages = [AccessMachine.UserPage, AccessMachine.KernelPage];
    private static readonly (PriorEntry Prior, Announcement How)[] histories =
    [
        (PriorEntry.Unknown, Announcement.FlushAll),
        .. from prior in (PriorEntry[])[PriorEntry.ReadOnly, PriorEntry.Supervisor, PriorEntry.Full]
           from how in (Announcement[])[Announcement.FlushPage, Announcement.FlushPageHere, Announcement.FlushTable, Announcement.FlushUser, Announcement.OtherAddressSpace]
           select (prior, how),
        .. from prior in (PriorEntry[])[PriorEntry.Absent, PriorEntry.ReadOnly, PriorEntry.Supervisor, PriorEntry.Full] select (prior, Announcement.None),
    ];

    private readonly TableKind tables;
    private readonly EntrySpace space;
    private readonly AccessKind[] kinds;

    public AccessMatrix(TableKind tables, IEnumerable<AccessKind>? kinds = null)
    {
        this.tables = tables;
        space = new EntrySpace(tables);
        this.kinds = [.. kinds ?? AccessKind.All];
    }

    public long Count => (long)kinds.Length * rings.Length * pages.Length * histories.Length * space.Count;

    public AccessCase this[long number]
    {
        get
        {
            ulong[] entries = space[Digit(space.Count)];
            (PriorEntry prior, Announcement how) = histories[Digit(histories.Length)];
            uint page = pages[Digit(pages.Length)];
            int ring = rings[Digit(rings.Length)];
            return new AccessCase(kinds[(int)number], ring, page, prior, how, entries);

            int Digit(int radix)
            {
                (number, long digit) = Math.DivRem(number, radix);
                return (int)digit;
            }
        }
    }

    /// <summary>A step through all cases that tries about so many of them, and each value of each dimension with many of the others.</summary>
    public long Stride(long wanted)
    {
        long stride = Math.Max(1, Count / wanted) | 1;
        while (!IsPrime(stride) || Count % stride == 0) stride += 2;
        return stride == 3 && wanted >= Count ? 1 : stride;
    }

    /// <summary>Has a machine do a case, and adds what is wrong with it.</summary>
    /// <returns>Whether what was known before was used on.</returns>
    public bool Try(in AccessCase test, AccessMachine machine, string name, List<string> wrong)
    {
        AccessResult result = machine.Run(test, out AccessResult? before);
        if (before is not null && JudgeBefore(test, before) is { } early) wrong.Add($"{test}, {name}, before the change: {early}");
        if (Judge(test, result, out bool isStale) is { } difference) wrong.Add($"{test}, {name}: {difference}");
        return isStale;
    }

    /// <summary>What is wrong with a result, or null.</summary>
    /// <param name="test">The case.</param>
    /// <param name="result">What was seen.</param>
    /// <param name="isStale">Whether what was known before was used on.</param>
    private string? Judge(in AccessCase test, AccessResult result, out bool isStale)
    {
        isStale = false;
        bool write = test.Kind.Writes, user = test.Ring == 3;
        AccessTruth truth = AccessTruth.Of(tables, test.Entries, write, user);
        string? difference = Difference(test, truth, isOld: false, result);
        if (difference is null || test.Announcement != Announcement.None && !IsUnannounced(test)) return difference;

        // A present translation may be used until a hypercall names it; an absent one, or one that forbids the access, is never kept.
        AccessTruth old = AccessTruth.Of(tables, Prior(test.Prior), write, user);
        if (old.End != AccessEnd.Done) return difference;
        isStale = true;
        return Difference(test, old with { Entries = test.Entries }, isOld: true, result) is null ? null : $"{difference}, and it is not as before";
    }

    /// <summary>What is wrong with the access before.</summary>
    private string? JudgeBefore(in AccessCase test, AccessResult result) =>
        Difference(test, AccessTruth.Of(tables, Prior(test.Prior), test.Kind.Writes, test.Ring == 3), isOld: true, result);

    /// <summary>The user part does not have the kernel's pages.</summary>
    private static bool IsUnannounced(in AccessCase test) => test.Announcement == Announcement.FlushUser && test.Page >= AccessMachine.KernelPage;

    private ulong[] Prior(PriorEntry prior) => AccessMachine.Prior(tables, prior);

    private static string? Difference(in AccessCase test, in AccessTruth truth, bool isOld, AccessResult result)
    {
        GuestRegisters expected = AccessMachine.Start(test), seen = result.Registers;
        byte[] page = AccessMachine.Contents(isOld), other = AccessMachine.Contents(!isOld), before = AccessMachine.Before;
        uint address = test.Page + test.Kind.Touched;
        CpuExit exit = truth.End switch
        {
            AccessEnd.Done => CpuExit.Trap(0x80),
            AccessEnd.Fault => CpuExit.Trap(Vector.PageFault, truth.Error, address),
            AccessEnd.Device => CpuExit.DeviceAccess(truth.Error, address),
            _ => result.Exit.Kind == CpuExitKind.Dead ? result.Exit : CpuExit.Dead(""),
        };
        if (result.Exit != exit) return $"{result.Exit} instead of {exit}";

        if (truth.End == AccessEnd.Done)
        {
            expected.Eip += (uint)test.Kind.Code.Length + 2;
            test.Kind.Effect(ref expected, page, before);
            expected.Eflags = expected.Eflags & ~Arithmetic | seen.Eflags & Arithmetic;
        }
        else if (test.Kind.Fetches)
        {
            expected.Eip = expected.Ecx;
        }
        if (!seen.Equals(expected)) return $"registers {seen} instead of {expected}";
        if (!result.Entries.SequenceEqual(truth.Entries)) return $"entries {Hex(result.Entries)} instead of {Hex(truth.Entries)}";
        byte[] bytes = isOld ? [.. other, .. page, .. before] : [.. page, .. other, .. before];
        return result.Bytes.SequenceEqual(bytes) ? null : $"memory {Convert.ToHexString(result.Bytes)} instead of {Convert.ToHexString(bytes)}";
    }

    private static string Hex(ulong[] entries) => string.Join(' ', entries.Select(e => $"{e:x}"));

    private static bool IsPrime(long number)
    {
        for (long i = 3; i * i <= number; i += 2)
            if (number % i == 0) return false;
        return true;
    }
}
