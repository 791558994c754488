using System.Text;
using LguestPS.Abi;
using LguestPS.Boot;
using LguestPS.Memory;

namespace LguestPS.Tests.Fuzz;

/// <summary>Whole guests of every era, changed at random where they stand: in their code, page tables, rings, queues, registers and calls.</summary>
internal sealed unsafe class GuestTarget : FuzzTarget
{
    private const int Places = 6, MostEvents = 400, MostChanges = 10, LongestChange = 24;
    private const byte FenceMark = 0;
    private const int FullLooks = 16;

    private static readonly string[] commonRegisters = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags", "cs", "ds", "es", "fs", "gs", "ss"];

    private readonly Lazy<Base[]> bases = new(() => [.. GuestRun.All.Where(run => run.Name.Contains("minikernel") || run.Name.StartsWith("example", StringComparison.Ordinal) || run.Name is "tasks" or "fpu").Select(Base.Of).OfType<Base>()]);

    public override string Name => "guests";

    public override string Promise => "whatever a guest of any era is and does, it ends at worst itself, and does the same compiled and in pieces as in one go";

    public override int CasesInSuite => 250;

    public override string? Try(TapeRandom random)
    {
        Base chosen = random.Pick(bases.Value);
        int place = random.Next(chosen.Places);
        Action<Guest>[] changes = [.. Enumerable.Range(0, 1 + random.Next(MostChanges)).Select(_ => AnyChange(random, chosen))];
        long instructions = 1 + random.Next(20_000);
        bool inPieces = random.Chance(30);
        Guest first = chosen.Chains.At(place), second = (inPieces ? chosen.Pieces : chosen.Compiled).At(place);
        string one = Run(first, changes, instructions, pieces: null), other = Run(second, changes, instructions, inPieces ? new Random((int)instructions) : null);
        string at = chosen.Name + " at " + place, how = inPieces ? "in pieces" : "compiled";
        Observation?.Add(one);
        Parts += 2;
        if (FenceOf(first) is { } broken) return $"{at}: {broken}";
        if (one != other)
        {
            (string A, string B) lines = one.Split('\n').Zip(other.Split('\n')).FirstOrDefault(pair => pair.First != pair.Second);
            return $"{at}: differs {how}\n{lines.A}\n{lines.B}";
        }
        // Pages that neither says it has written are the same unless one has lied, for which one case in some looks.
        return (instructions % FullLooks == 0 ? FirstDifference(Memory(first), Memory(second)) : FirstDifferenceInChanged(first, second)) is { } address ? $"{at}: memory differs {how}, at 0x{address:x}" : null;
    }

    public override void Dispose()
    {
        if (!bases.IsValueCreated) return;
        foreach (Base one in bases.Value) one.Dispose();
    }

    private static int? FirstDifference(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) => one.SequenceEqual(other) ? null : one.CommonPrefixLength(other);

    private static int? FirstDifferenceInChanged(Guest first, Guest second)
    {
        foreach (Guest guest in (Guest[])[first, second])
        {
            foreach (uint frame in guest.Memory.ChangedPages)
            {
                int at = (int)frame << GuestMemory.PageShift;
                if (FirstDifference(Memory(first).Slice(at, GuestMemory.PageSize), Memory(second).Slice(at, GuestMemory.PageSize)) is { } offset) return at + offset;
            }
        }
        return null;
    }

    private static Span<byte> Memory(Guest guest) => new(guest.Memory.Base, (int)guest.Memory.Size);

    /// <summary>What is wrong with the pages around a guest's memory, which are none of its own.</summary>
    private static string? FenceOf(Guest guest) =>
        new ReadOnlySpan<byte>(guest.Memory.Base - GuestMemory.Margin, GuestMemory.Margin).IndexOfAnyExcept(FenceMark) >= 0
        || new ReadOnlySpan<byte>(guest.Memory.Base + guest.Memory.Size, GuestMemory.Margin).IndexOfAnyExcept(FenceMark) >= 0 ? "host memory beside the guest's was written" : null;

    private static string Run(Guest guest, Action<Guest>[] changes, long instructions, Random? pieces)
    {
        StringBuilder story = new();
        foreach (Action<Guest> change in changes)
        {
            try
            {
                if (!guest.HasEnded) change(guest);
            }
            catch (LguestException refused)
            {
                story.Append(refused.Error).Append('\n');
            }
        }
        long end = (guest.InstructionCount ?? 0) + instructions;
        int events = 0;
        while (!guest.HasEnded && events < MostEvents)
        {
            RunOptions options = new() { Driver = "the fuzzer", StopAtInstruction = pieces is null ? end : Math.Min(end, (guest.InstructionCount ?? 0) + pieces.Next(1, 800)) };
            int most = pieces is null ? MostEvents : Math.Min(MostEvents - events, pieces.Next(1, 30)), before = events;
            long from = guest.InstructionCount ?? 0;
            foreach (LguestEvent happened in guest.Run(options).Take(most))
            {
                events++;
                // Who takes no more events has not taken the last one of a guest that ends with the one before.
                if (happened is not GuestEndedEvent) story.Append(EventText.Of(happened)).Append('\n');
            }
            bool moved = events > before || guest.InstructionCount > from;
            if (guest.InstructionCount >= end || !moved && guest.Standstill != Standstill.Instruction) break;
        }
        // Where exactly a run that was cut off by its events stands depends on who took them.
        if (guest.HasEnded || events < MostEvents) story.Append($"{guest.Ending} {guest.InstructionCount} {guest.EventCount} {guest.GuestTime.Ticks} {guest.ConsoleText.Length} {Text(guest.Registers)}");
        return story.ToString();
    }

    private static string Text(GuestRegisters registers) => Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<GuestRegisters>(in registers)));

    private static Action<Guest> AnyChange(TapeRandom random, Base chosen)
    {
        switch (random.Next(10))
        {
            case 0:
                string register = random.Pick(commonRegisters);
                uint value = Value(random, chosen);
                return guest => guest.Inspector.SetRegister(register, register is "cs" or "ds" or "es" or "fs" or "gs" or "ss" ? value & 0xFFFF : value, "the fuzzer");
            case 1:
                byte[] typed = Noise(random);
                return guest => guest.SendConsole(typed);
            case 2 or 3:
                // A call, right where the guest is.
                byte[] call = [0xB8, .. Word(random.Chance(95) ? (uint)random.Next(24) : Value(random, chosen)), 0xBA, .. Word(Value(random, chosen)), 0xBB, .. Word(Value(random, chosen)), 0xB9, .. Word(Value(random, chosen)), .. chosen.Trap];
                return guest => guest.Inspector.WriteMemory(guest.Registers.Eip, call, "the fuzzer");
            case 4:
                int ahead = random.Next(64);
                byte[] code = Noise(random);
                return guest => guest.Inspector.WriteMemory(guest.Registers.Eip + (uint)ahead, code, "the fuzzer");
            case 5:
                uint offset = (uint)random.Next(4096);
                byte[] tables = random.Chance(50) ? Word(Entry(random, chosen)) : Noise(random);
                return guest => guest.Inspector.WriteMemory(guest.Machine.PageDirectory + (offset & ~3u), tables, "the fuzzer", physical: true);
            case 6:
                uint number = (uint)random.Next(24), a = Value(random, chosen), b = Value(random, chosen), c = Value(random, chosen);
                return guest => guest.Hypercalls.Invoke("the fuzzer", number, a, b, c);
            case 7:
                // The pages above memory: descriptors and virtqueues.
                uint above = (uint)random.Next(0x8000);
                byte[] device = Noise(random);
                return guest => guest.Inspector.WriteMemory(guest.Memory.RamSize + above % Math.Max(guest.Memory.Size - guest.Memory.RamSize - LongestChange, 1), device, "the fuzzer", physical: true);
            default:
                uint at = random.Chance(60) ? Value(random, chosen) % (uint)chosen.MemorySize : (uint)random.Next((int)chosen.MemorySize);
                byte[] bytes = Noise(random);
                return guest => guest.Inspector.WriteMemory(at, bytes, "the fuzzer", physical: true);
        }
    }

    private static byte[] Noise(TapeRandom random)
    {
        byte[] noise = new byte[1 + random.Next(LongestChange)];
        random.NextBytes(noise);
        return noise;
    }

    private static byte[] Word(uint value) => BitConverter.GetBytes(value);

    private static uint Entry(TapeRandom random, Base chosen) => ((uint)random.Next((int)(chosen.MemorySize >> 12) + 8) << 12) | (uint)random.Pick([0, 1, 3, 5, 7, 0x67, 0x63, 0x87, 0xE7, 0x107]);

    /// <summary>Numbers around every border that a guest could aim at.</summary>
    private static uint Value(TapeRandom random, Base chosen) => random.Next(8) switch
    {
        0 => (uint)random.Next(256),
        1 => (uint)(chosen.MemorySize - 8 + random.Next(0x4000)),
        2 => KernelFiles.PageOffset + (uint)random.Next((int)chosen.MemorySize + 0x4000),
        3 => (uint)random.Next((int)chosen.MemorySize),
        4 => uint.MaxValue - (uint)random.Next(0x1000),
        5 => 0xFFC00000 - 0x1000 + (uint)random.Next(0x2000),
        6 => 1u << random.Next(32),
        _ => (uint)random.NextInt64(1L << 32),
    };

    /// <summary>A guest that has been brought to several places: for chains, for compiled code, and for a run in pieces.</summary>
    private sealed class Base : IDisposable
    {
        private Base(GuestDefinition definition)
        {
            Name = definition.Name;
            MemorySize = definition.Memory;
            GuestDefinition inChains = definition with { Compile = CompileChoice.Off };
            long length = Length(inChains);
            (Chains, Pieces) = (new Placed(inChains, length), new Placed(inChains, length));
            int usual = CpuSelection.Heat;
            CpuSelection.Heat = 0;
            try
            {
                Compiled = new Placed(definition, length);
            }
            finally
            {
                CpuSelection.Heat = usual;
            }
            Trap = Chains.Guest.Abi.Instruction == TrapInstruction.Vmcall ? [0x0F, 0x01, 0xC1] : [0xCD, 0x1F];
        }

        public string Name { get; }

        public long MemorySize { get; }

        public Placed Chains { get; }

        public Placed Pieces { get; }

        public Placed Compiled { get; }

        public byte[] Trap { get; }

        public int Places => Math.Min(Chains.Places, Compiled.Places);

        /// <returns>Null if the run cannot be repeated, because of what it has on this machine.</returns>
        public static Base? Of(GuestRun run)
        {
            if (!run.Clocks.Contains(ClockKind.Virtual)) return null;
            GuestDefinition definition = run.Definition(ClockKind.Virtual);
            definition = definition with { Devices = [.. definition.Devices.Select(device => device is BlockDefinition block ? block with { Mode = BlockMode.Snapshot } : device)] };
            try
            {
                return new Base(definition);
            }
            catch (LguestException)
            {
                return null;
            }
        }

        public void Dispose()
        {
            Chains.Dispose();
            Pieces.Dispose();
            Compiled.Dispose();
        }

        private static long Length(GuestDefinition definition)
        {
            using Guest guest = Guest.Create(definition);
            _ = guest.Run(new RunOptions { Driver = "the fuzzer", StopAtInstruction = 5_000_000 }).Count();
            return guest.InstructionCount ?? 0;
        }
    }

    /// <summary>A guest and places of its run to which it returns.</summary>
    private sealed class Placed : IDisposable
    {
        private readonly List<Checkpoint> places = [];

        public Placed(GuestDefinition definition, long length)
        {
            Guest = Guest.Create(definition);
            places.Add(Guest.TakeCheckpoint());
            for (int i = 1; i < GuestTarget.Places; i++)
            {
                _ = Guest.Run(new RunOptions { Driver = "the fuzzer", StopAtInstruction = length * i / GuestTarget.Places }).Count();
                if (Guest.HasEnded) break;
                places.Add(Guest.TakeCheckpoint());
            }
        }

        public Guest Guest { get; }

        public int Places => places.Count;

        public Guest At(int place)
        {
            Guest.Restore(places[place]);
            return Guest;
        }

        public void Dispose() => Guest.Dispose();
    }
}
